"""The trend of delays, in pandas."""

import pandas as pd

from t4t_core import model


@model(
    "marts.delay_trend",
    description="Arrival delays of each airport, smoothed over seven days.",
    inputs={"daily": "core.daily_delays"},
    materialization="table",
)
def delay_trend(daily: pd.DataFrame) -> pd.DataFrame:
    """The daily delays with their mean over the last seven days, in order of origin and day."""
    daily = daily.sort_values(["origin", "flight_date"], ignore_index=True)
    delays = daily.groupby("origin")["mean_arrival_delay_min"]
    smoothed = delays.transform(lambda days: days.rolling(7, min_periods=1).mean())
    return daily[["origin", "flight_date", "mean_arrival_delay_min"]].assign(
        smoothed_delay_min=smoothed.round(2)
    )
