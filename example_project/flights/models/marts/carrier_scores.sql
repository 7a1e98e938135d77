-- metadata: {
--   "description": "How punctual each carrier was, over all flights so far.",
--   "materialization": "table",
--   "schema": [
--     {"name": "carrier", "tests": ["unique"]},
--     {"name": "cancelled_percent", "tests": ["between"]},
--     {"name": "on_time_percent", "tests": ["between"]}
--   ],
--   "tests": ["row_count_gt_0"]
-- }
SELECT
    c.name AS carrier,
    count(*) AS flights,
    round(100.0 * count(*) FILTER (WHERE f.is_cancelled) / count(*), 2) AS cancelled_percent,
    round(avg(f.arrival_delay_min), 1) AS mean_arrival_delay_min,
    median(f.arrival_delay_min) AS median_arrival_delay_min,
    round(
        100.0 * count(*) FILTER (WHERE f.arrival_delay_min <= 15) / count(f.arrival_delay_min), 1
    ) AS on_time_percent
FROM core.flights AS f
JOIN reference.carriers AS c ON c.carrier = f.carrier
GROUP BY c.name
ORDER BY on_time_percent DESC, carrier
