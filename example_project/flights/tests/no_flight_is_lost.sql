-- metadata: {"description": "Flights of the log that the current state does not have."}
SELECT carrier, flight_number, time_hour
FROM core.flight_log
EXCEPT
SELECT carrier, flight_number, time_hour
FROM core.flights
