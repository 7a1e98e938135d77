-- metadata: {
--   "description": "Each flight as the latest message has it.",
--   "materialization": "incremental",
--   "incremental": {
--     "strategy": "merge",
--     "merge": {
--       "unique_key": ["carrier", "flight_number", "time_hour"],
--       "time_column": "updated_at",
--       "lookback": "3 days"
--     }
--   }
-- }
SELECT *
FROM core.flight_log
