-- metadata: {
--   "description": "Every message about a flight: the first, and a correction where one came.",
--   "materialization": "view"
-- }
SELECT
    carrier,
    flight AS flight_number,
    time_hour,
    make_date(year, month, day) AS flight_date,
    tailnum,
    origin,
    dest,
    distance AS distance_miles,
    dep_delay AS departure_delay_min,
    arr_delay AS arrival_delay_min,
    dep_time IS NULL AS is_cancelled,
    updated_at
FROM raw.flights
