"""A plot of a model, by an asset that knows nothing of t4t."""

import base64
import io
from pathlib import Path

import dagster as dg
import pandas as pd

from example_project.names import FLIGHTS_IO_MANAGER


def delay_plot(folder: Path) -> dg.AssetsDefinition:
    """The asset that draws the trend of delays.

    Args:
        folder: Where `delay_trend.png` is written.
    """

    @dg.asset(
        name="delay_plot",
        group_name="plots",
        kinds={"python", "matplotlib"},
        description="The trend of delays at New York's airports, as a picture.",
        ins={
            "delay_trend": dg.AssetIn(
                key=["marts", "delay_trend"], input_manager_key=FLIGHTS_IO_MANAGER
            )
        },
    )
    def run(delay_trend: pd.DataFrame) -> dg.MaterializeResult:
        picture = drawn(delay_trend)
        file = folder / "delay_trend.png"
        file.write_bytes(picture)
        text = base64.b64encode(picture).decode()
        return dg.MaterializeResult(
            metadata={
                "plot": dg.MetadataValue.md(f"![delays](data:image/png;base64,{text})"),
                "file": dg.MetadataValue.path(file),
                "days": delay_trend["flight_date"].nunique(),
            }
        )

    return run


def drawn(trend: pd.DataFrame) -> bytes:
    """A PNG with one line for each airport.

    Args:
        trend: `origin`, `flight_date`, `smoothed_delay_min`.
    """
    # A figure of its own: pyplot would keep it in the process, and choose a backend.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), dpi=80, layout="constrained")
    axes = figure.subplots()
    for origin, days in trend.groupby("origin"):
        axes.plot(days["flight_date"], days["smoothed_delay_min"], label=str(origin), linewidth=1.2)
    axes.axhline(0, color="grey", linewidth=0.5)
    axes.set_title("Arrival delay, mean of seven days")
    axes.set_ylabel("minutes")
    axes.tick_params(axis="x", rotation=20)
    axes.legend(frameon=False, ncols=3)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
