"""Values in the places of a query's placeholders, and what cannot be such a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlglot import exp

from t4t_core.errors import Place, SqlError, VariableError
from t4t_core.sql.literals import literal
from t4t_core.sql.placeholders import Placeholder

_HOLDS_NAMES = (exp.Table, exp.TableAlias, exp.Column, exp.Dot, exp.Identifier)


def with_values(
    tree: exp.Expr,
    placeholders: tuple[Placeholder, ...],
    values: Mapping[str, object],
    place: Place,
) -> exp.Expr:
    """A copy of the tree in which every placeholder is its variable's typed literal.

    Raises:
        VariableError: Nothing sets a placeholder, or its value has no literal.
    """
    for placeholder in placeholders:
        if placeholder.name not in values:
            raise unset_variable(
                placeholder.name, Place(place.file, placeholder.line, placeholder.column)
            )
    copied = tree.copy()
    if not placeholders:
        return copied
    return copied.transform(lambda node: _filled(node, values, place), copy=False)


def unset_variable(name: str, place: Place) -> VariableError:
    """The error for a placeholder that nothing sets."""
    return VariableError(
        f"nothing sets the placeholder @{name}",
        place=place,
        hint=f"pass --vars '{{\"{name}\": ...}}', or put `{name} = ...` under [vars] in "
        f"project.toml (in Dagster: config `vars` of t4t_io_manager); "
        f"for an absolute value write abs({name})",
    )


def _filled(node: exp.Expr, values: Mapping[str, object], place: Place) -> exp.Expr:
    if not isinstance(node, exp.Placeholder) or not node.name:
        return node
    try:
        return literal(values[node.name])
    except ValueError as error:
        raise VariableError(f"variable {node.name!r}: {error}", place=place) from error


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
