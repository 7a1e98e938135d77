"""The picture of what each tool took beside t4t."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from beside_peers import Result
from matplotlib import pyplot

# Seen on white and on black alike.
_INK = "#7d8590"
_COLORS = {"by hand": "#8c959f", "t4t": "#2f81f7", "dbt": "#e16f24", "SQLMesh": "#a371f7"}


def draw(results: Sequence[Result], file: Path) -> None:
    """Writes bars of the clock's medians, one group a case."""
    mpl.rcParams.update(
        {"svg.hashsalt": "t4t", "svg.fonttype": "none", "font.family": "sans-serif"}
    )
    labels = list(results[0].found)
    figure, axes = pyplot.subplots(figsize=(9, 0.9 + len(results) * 0.28 * (len(labels) + 0.7)))
    thickness = 1 / (len(labels) + 0.7)
    for nth, label in enumerate(labels):
        middles = [_median(result.found[label]) for result in results]
        heights = [row + nth * thickness for row in range(len(results))]
        bars = axes.barh(heights, middles, thickness * 0.9, label=label, color=_COLORS[label])
        axes.bar_label(bars, [f" {each:.2f}" for each in middles], color=_INK, fontsize=8)
    middle = (len(labels) - 1) * thickness / 2
    axes.set_yticks(
        [row + middle for row in range(len(results))], [result.case for result in results]
    )
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("seconds of a whole process, median; less is better", color=_INK)
    axes.tick_params(colors=_INK, which="both")
    axes.spines[:].set_color(_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.3, 1), ncols=4, frameon=False, labelcolor=_INK
    )
    figure.savefig(file, transparent=True, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)


def _median(values: Sequence[dict[str, float]]) -> float:
    return statistics.median(value["clock"] for value in values)
