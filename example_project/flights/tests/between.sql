SELECT @column_name, count(*) AS rows_outside
FROM @table_name
WHERE @column_name NOT BETWEEN @least:0 AND @greatest:100
GROUP BY ALL
