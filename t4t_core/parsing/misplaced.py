"""Placeholders that stand where no value can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlglot import exp

from t4t_core.errors import Place, SqlError
from t4t_core.sql.reading import Placeholder

_HOLDS_NAMES = (exp.Table, exp.TableAlias, exp.Column, exp.Dot, exp.Identifier)


def refuse_misplaced(
    nodes: Iterable[exp.Expr], placeholders: tuple[Placeholder, ...], place: Place
) -> None:
    """A value can stand where an expression can, and never for a name."""
    if not placeholders:
        return
    in_place: Counter[str] = Counter()
    for node in nodes:
        is_for_name = isinstance(node.parent, _HOLDS_NAMES) or node.arg_key == "alias"
        if isinstance(node, exp.Placeholder) and not is_for_name:
            in_place[node.name] += 1
    for placeholder in placeholders:
        if not in_place[placeholder.name]:
            raise SqlError(
                f"@{placeholder.name} stands where SQL wants a name or an operator, not a value",
                place=Place(place.file, placeholder.line, placeholder.column),
                hint="a variable is a value; for a file write read_csv(@name) or "
                "read_parquet(@name)",
            )
        in_place[placeholder.name] -= 1
