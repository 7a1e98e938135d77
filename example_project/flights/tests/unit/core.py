"""What the incremental models make of late and corrected messages."""

from t4t_core.typing import UnitTest


def message(number: int, day: int, delay: int | None, updated: str) -> dict[str, object]:
    """A message about a flight; one without a delay says that it was cancelled."""
    return {
        "carrier": "UA",
        "flight_number": number,
        "time_hour": f"2013-01-{day:02}T08:00:00",
        "flight_date": f"2013-01-{day:02}",
        "origin": "EWR",
        "departure_delay_min": 0 if delay is not None else None,
        "arrival_delay_min": delay,
        "is_cancelled": delay is None,
        "updated_at": updated,
    }


unit_tests: list[UnitTest] = [
    {
        "name": "a correction takes the place of the first message",
        "model": "core.flights",
        "runs": [
            {
                "given": {
                    "core.flight_log": [
                        message(1, 1, 5, "2013-01-01T09:00:00"),
                        message(2, 1, 0, "2013-01-01T09:00:00"),
                    ]
                },
                "mode": "full",
            },
            {
                "given": {"core.flight_log": [message(1, 1, 42, "2013-01-03T09:00:00")]},
                "expect": [
                    {"flight_number": 1, "arrival_delay_min": 42},
                    {"flight_number": 2, "arrival_delay_min": 0},
                ],
                "rows_inserted": 0,
                "rows_updated": 1,
            },
        ],
    },
    {
        "name": "a message that comes again is not added again",
        "model": "core.flight_log",
        "given": {"staging.flight_messages": [message(1, 1, 5, "2013-01-01T09:00:00")]},
        "table_before": [message(1, 1, 5, "2013-01-01T09:00:00")],
        "expect": [{"flight_number": 1}],
        "rows_inserted": 0,
    },
    {
        "name": "the last days are made anew, with the weather where there is some",
        "model": "core.daily_delays",
        "given": {
            "core.flights": [
                message(1, 1, 20, "2013-01-01T09:00:00"),
                message(2, 9, 10, "2013-01-09T09:00:00"),
                message(3, 9, None, "2013-01-09T09:00:00"),
            ],
            "raw.weather": """
                origin,year,month,day,wind_speed,precip,visib
                EWR,2013,1,9,10,0.5,9
                EWR,2013,1,9,20,0.25,3
            """,
        },
        "table_before": [
            {"flight_date": "2013-01-01", "origin": "EWR", "flights": 99},
            {"flight_date": "2013-01-09", "origin": "EWR", "flights": 1},
        ],
        "expect": [
            {
                "flight_date": "2013-01-01",
                "flights": 99,
                "cancelled": None,
                "mean_wind_mph": None,
                "rain_in": None,
            },
            {
                "flight_date": "2013-01-09",
                "flights": 2,
                "cancelled": 1,
                "mean_wind_mph": 15.0,
                "rain_in": 0.75,
            },
        ],
    },
]
