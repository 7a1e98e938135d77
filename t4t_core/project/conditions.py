"""The conditions in a strategy's settings, parsed."""

from __future__ import annotations

from msgspec import Struct

from t4t_core.config import DeleteInsertConfig, HistoryConfig, MergeConfig, StrategyConfig
from t4t_core.errors import Place, UsageError
from t4t_core.names import TableName
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.sql.condition import Condition

_SIDES = ("target", "source")


class Conditions(Struct, frozen=True):
    """Those of one model; of another strategy than its own there are none."""

    where: Condition | None = None
    delete_when: Condition | None = None
    predicates: tuple[Condition, ...] = ()


def conditions_of(
    settings: StrategyConfig | HistoryConfig | None, name: TableName, place: Place, sql: SqlTexts
) -> Conditions:
    """The conditions in a strategy's settings.

    Args:
        settings: None for a model that is not incremental.
        name: The model's.
        place: The file that holds its metadata.
        sql: Reads them.

    Raises:
        T4tError: One of them is no condition, or speaks of what it cannot.
    """
    if isinstance(settings, DeleteInsertConfig) and settings.where_condition is not None:
        return Conditions(where=_where(settings.where_condition, name, place, sql))
    if not isinstance(settings, MergeConfig):
        return Conditions()
    delete_when = None
    if settings.delete_when is not None:
        delete_when = _over_rows(settings.delete_when, "delete_when", place, sql)
    return Conditions(
        delete_when=delete_when,
        predicates=tuple(_predicate(text, place, sql) for text in settings.incremental_predicates),
    )


def _where(text: str, name: TableName, place: Place, sql: SqlTexts) -> Condition:
    condition = sql.condition(text, place)
    bare = next((ref for ref in condition.tables if not ref.schema and not ref.is_file), None)
    if bare is not None:
        raise UsageError(
            f"where_condition reads {bare.name!r} without saying of which schema",
            place=place,
            hint=f"write it with its schema, as in {name.schema}.{bare.name}",
        )
    return condition


def _over_rows(text: str, key: str, place: Place, sql: SqlTexts) -> Condition:
    """A condition over rows alone: what another table holds may change between two runs."""
    condition = sql.condition(text, place)
    if condition.holds_query:
        raise UsageError(
            f"{key} holds a query; it can only look at the row itself",
            place=place,
            hint="let the model's query give a column that says so, and name that",
        )
    return condition


def _predicate(text: str, place: Place, sql: SqlTexts) -> Condition:
    condition = _over_rows(text, "incremental_predicates", place, sql)
    for parts in condition.columns:
        if len(parts) < 2 or parts[0].lower() not in _SIDES:
            name = parts[-1]
            raise UsageError(
                f"incremental_predicates names {'.'.join(parts)!r} without saying whose it is",
                place=place,
                hint=f"write target.{name} for the table's row, or source.{name} for the new one",
            )
    return condition
