"""The current state of each plane."""

from t4t_core.typing import ModelMetadata

metadata: ModelMetadata = {
    "description": "Each plane as it was last seen in New York.",
    "materialization": "incremental",
    "incremental": {
        "strategy": "merge",
        "merge": {
            "unique_key": ["tailnum"],
            "time_column": "seen_at",
            "lookback": "3 days",
        },
    },
    "schema": [
        {
            "name": "tailnum",
            "description": "Registration, painted on the tail.",
            "tests": ["primary_key"],
        },
        {"name": "seen_at", "description": "Scheduled departure of its latest flight."},
        {"name": "went_to", "description": "Where that flight went."},
        {"name": "built", "description": "Year of manufacture, where it is known."},
    ],
}
