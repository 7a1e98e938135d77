"""Tables in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def text_table(
    rows: Iterable[Sequence[object]],
    names: Sequence[str] = (),
    aligned: Sequence[str] | None = None,
) -> str:
    """The rows under the names of their columns; without those where none are given.

    Args:
        rows: Values as they are shown; None is left out, and no text is taken for a number.
        names: Of the columns.
        aligned: Each column to the left, the right or the center.
    """
    # Imported here because commands with nothing to tell print none.
    from tabulate import tabulate

    form = "simple" if names else "plain"
    return tabulate(rows, names, tablefmt=form, disable_numparse=True, colalign=aligned)
