"""The checks that the entries of `tests` in a model's metadata mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from t4t_core.checks.accepted_values import AcceptedValues
from t4t_core.checks.check import LIMIT, Check, Rule
from t4t_core.checks.expression import Expression
from t4t_core.checks.freshness import Freshness
from t4t_core.checks.not_null import NotNull
from t4t_core.checks.relationships import Relationships
from t4t_core.checks.row_count import HasRows, RowCount
from t4t_core.checks.sql_reader import Kind, SqlReader
from t4t_core.checks.sql_test import OfSqlTest, SqlTest
from t4t_core.checks.unique import Unique, UniqueRows
from t4t_core.config import CheckConfig, nearest
from t4t_core.config.mistakes import MistakesError
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.models import Model
from t4t_core.seeds.seed import Seed
from t4t_core.sql.condition import Condition

_KINDS: Mapping[str, type[Kind]] = {
    "not_null": NotNull,
    "unique": Unique,
    "no_duplicates": UniqueRows,
    "accepted_values": AcceptedValues,
    "relationships": Relationships,
    "expression": Expression,
    "row_count_gt_0": HasRows,
    "row_count_eq": RowCount,
    "freshness": Freshness,
}
_BOTH = {"primary_key": ("not_null", "unique")}
BUILT_IN = frozenset({*_KINDS, *_BOTH})
_LONGEST_NAME = 60


def checks_of(
    node: Model | Seed, sql_tests: Mapping[str, SqlTest], sql: SqlReader, mistakes: list[T4tError]
) -> tuple[Check, ...]:
    """The checks of a model or seed, those of columns first; each once, under names of their own.

    Args:
        node: The model or seed.
        sql_tests: The project's, by their names.
        sql: Reads the SQL in it.
        mistakes: What is wrong is added to it.
    """
    found: list[Check] = []
    written = [(column.name, entry) for column in node.config.schema_ for entry in column.tests]
    for column, entry in [*written, *((None, entry) for entry in node.config.tests)]:
        try:
            found += _checks(entry, column, node.config_place, sql_tests, sql)
        except ProjectError as error:
            mistakes += [
                problem.located(place=node.config_place, model=str(node), noun=node.noun)
                for problem in error.problems
            ]
        except T4tError as error:
            mistakes.append(error.located(place=node.config_place, model=str(node), noun=node.noun))
    return with_own_names(found)


def with_own_names(checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks without repetitions; one whose name is taken gets a number behind it."""
    found: list[Check] = []
    seen: list[Check] = []
    taken: set[str] = set()
    for check in checks:
        if check in seen:
            continue
        seen.append(check)
        name, number = check.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{check.name} #{number}"
        taken.add(name.lower())
        found.append(check if name == check.name else replace(check, name=name))
    return tuple(found)


def _checks(
    entry: CheckConfig,
    column: str | None,
    place: Place,
    sql_tests: Mapping[str, SqlTest],
    sql: SqlReader,
) -> list[Check]:
    where = None if entry.where is None else sql.condition(entry.where, place)
    if entry.name in sql_tests:
        return [_of_sql_test(entry, column, where, place, sql_tests[entry.name])]
    names = _BOTH.get(entry.name, (entry.name,))
    unknown = [name for name in names if name not in _KINDS]
    if unknown:
        known = [*BUILT_IN, *sql_tests]
        raise UsageError(
            f"there is no test {entry.name!r}{nearest(entry.name, known)}",
            hint=f"known are {', '.join(sorted(known))}; "
            "another name is a file of that name in tests/",
        )
    return [
        _of_kind(name, _rule(name, entry, column, sql), entry, column, where, place)
        for name in names
    ]


def _of_kind(
    name: str,
    rule: Rule,
    entry: CheckConfig,
    column: str | None,
    where: Condition | None,
    place: Place,
) -> Check:
    return Check(
        name=_label(name, rule),
        rule=rule,
        severity=entry.severity or "error",
        place=place,
        column=column,
        where=where,
        limit=entry.limit or LIMIT,
        description=entry.description,
    )


def _rule(name: str, entry: CheckConfig, column: str | None, sql: SqlReader) -> Rule:
    kind = _KINDS[name]
    params = dict(entry.params)
    names_columns = {"columns", "column", "source_fields"} & set(params)
    if kind is Unique and column is None and not names_columns and entry.name == "unique":
        kind = UniqueRows
    if kind is Relationships:
        names_columns = names_columns - {"column"}
    if column is not None and "columns" in kind.__struct_fields__ and not names_columns:
        params["columns"] = [column]
    if column is not None and kind is Freshness and not {"column", "time_column"} & set(params):
        params["column"] = column
    try:
        return sql.rule(kind, params)
    except MistakesError as error:
        at = "" if column is None else f" of column {column!r}"
        raise ProjectError(
            tuple(UsageError(f"test {entry.name!r}{at}: {what}") for _, what in error.found)
        ) from error


def _label(name: str, rule: Rule) -> str:
    match rule:
        case NotNull() | Unique() | AcceptedValues() | Relationships():
            return f"{name}({', '.join(rule.columns)})"
        case Freshness():
            return f"{name}({rule.column})"
        case Expression():
            text = " ".join(rule.expression.text.split())
            short = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 3] + "..."
            return f"{name}({short})"
        case RowCount():
            return f"{name}({rule.value})"
        case _:
            return name


def _of_sql_test(
    entry: CheckConfig, column: str | None, where: Condition | None, place: Place, test: SqlTest
) -> Check:
    params = dict(entry.params)
    column = str(params.pop("column_name", column or "")) or None
    if where is not None:
        raise UsageError(
            f"test {entry.name!r} is a SQL test, which says itself what it is about",
            hint="write the condition of `where` into its file",
        )
    if test.needs_column and column is None:
        raise UsageError(
            f"test {entry.name!r} is about a column (@column_name)",
            hint="write it under `tests` of that column in `schema`",
        )
    for name in params:
        if name not in test.parameters:
            raise UsageError(
                f"test {entry.name!r} has no parameter {name!r}{nearest(name, test.parameters)}"
            )
    is_of_column = test.needs_column and column is not None
    return Check(
        name=f"{test.name}({column})" if is_of_column else test.name,
        rule=OfSqlTest(test, params, column),
        severity=entry.severity or test.config.severity,
        place=place,
        column=column,
        limit=entry.limit or test.config.limit,
        description=entry.description or test.config.description,
    )
