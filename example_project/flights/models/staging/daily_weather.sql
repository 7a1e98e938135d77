-- metadata: {
--   "description": "The weather of each airport and local day; part of its readers, no table.",
--   "materialization": "ephemeral"
-- }
SELECT
    origin,
    make_date(year, month, day) AS weather_date,
    avg(CAST(wind_speed AS DECIMAL(8, 3))) AS mean_wind_mph,
    sum(CAST(precip AS DECIMAL(8, 3))) AS rain_in,
    min(visib) AS least_visibility_miles
FROM raw.weather
GROUP BY origin, weather_date
