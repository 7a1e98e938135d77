-- metadata: {
--   "description": "Delays of each airport and local day, with the day's weather.",
--   "materialization": "incremental",
--   "incremental": {
--     "strategy": "delete_insert",
--     "delete_insert": {
--       "where_condition": "flight_date >= @start_date",
--       "time_column": "flight_date",
--       "start_date": "auto",
--       "lookback": "3 days"
--     }
--   }
-- }
-- A flight's last message comes up to two days after it, so the last days are made anew.
SELECT
    f.flight_date,
    f.origin,
    count(*) AS flights,
    count(*) FILTER (WHERE f.is_cancelled) AS cancelled,
    round(avg(f.departure_delay_min), 1) AS mean_departure_delay_min,
    round(avg(f.arrival_delay_min), 1) AS mean_arrival_delay_min,
    count(*) FILTER (WHERE f.arrival_delay_min > 15) AS late_arrivals,
    round(any_value(w.mean_wind_mph), 1) AS mean_wind_mph,
    any_value(w.rain_in) AS rain_in,
    any_value(w.least_visibility_miles) AS least_visibility_miles
FROM core.flights AS f
LEFT JOIN staging.daily_weather AS w
    ON w.origin = f.origin AND w.weather_date = f.flight_date
GROUP BY f.flight_date, f.origin
