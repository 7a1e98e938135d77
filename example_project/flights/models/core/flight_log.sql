-- metadata: {
--   "description": "Every message about a flight that ever came, once each.",
--   "materialization": "incremental",
--   "incremental": {
--     "strategy": "append",
--     "append": {"time_column": "updated_at", "start_date": "2013-01-01", "lookback": "3 days"}
--   }
-- }
-- Messages come up to two days late; the third day is to spare.
SELECT *
FROM staging.flight_messages
