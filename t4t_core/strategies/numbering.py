"""Numbers for rows: one that has a number keeps it, new ones follow, and none is given twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from t4t_core.names import TableName
from t4t_core.planning.facts import Column, Facts, Number, column_named
from t4t_core.planning.steps import Gate, Step, Tally, Write
from t4t_core.sql.exact import ascending
from t4t_core.sql.names import column, identifier
from t4t_core.sql.statements import (
    STAGE,
    create_table,
    create_temporary,
    duplicates,
    insert,
    is_null_in,
)
from t4t_core.sql.window import subquery
from t4t_core.strategies.greatest_number import (
    greatest_given,
    greatest_remembered,
    make_memory,
    note_greatest,
)
from t4t_core.strategies.held_values import held_values, order_of_equals
from t4t_core.strategies.matching import Matching, aliased
from t4t_core.strategies.work import Work

_NTH = "t4t_nth"


@dataclass(frozen=True, slots=True)
class Numbering:
    """What is numbered.

    Attributes:
        name: The model's table.
        table: The same, as SQL names it. Copy it before using it.
        number: The column.
        columns: The others.
        keys: What makes a row the one that it was. None where a row has no key; then all of its
            columns do, and of equal rows each has its number.
        order: The columns by which new rows are put in order.
        incomplete: Columns, in lower case, whose values rows of the table may lack, each with the
            narrower type that it had; only of rows without a key.
    """

    name: TableName
    table: exp.Table
    number: Number
    columns: tuple[Column, ...]
    keys: tuple[str, ...] | None
    order: tuple[Column, ...]
    incomplete: tuple[tuple[str, str], ...] = ()


def numbering_by_key(
    name: TableName, table: exp.Table, facts: Facts, keys: Sequence[str]
) -> Numbering:
    """The numbering of a table that every run makes anew."""
    assert facts.number is not None, "only asked for where there is a number"
    columns = facts.columns_but_number
    order = tuple(_named(columns, keys))
    return Numbering(name, table, facts.number, columns, tuple(keys), order)


def numbering_of(work: Work, keys: tuple[str, ...] | None) -> Numbering:
    """The numbering of an incremental model: by key, or by the time of rows without one."""
    assert work.number is not None, "only asked for where there is a number"
    first = _named(work.columns, keys or [work.time_column])
    rest = [] if keys else [c for c in work.columns if c not in first]
    order = (*first, *rest)
    return Numbering(work.name, work.table, work.number, work.columns, keys, order)


def create_numbered(
    numbering: Numbering, rows: exp.Expr, old: tuple[Column, ...]
) -> tuple[Step, ...]:
    """Makes the table anew; a row that it had keeps its number.

    Args:
        numbering: What is numbered.
        rows: A query, with the number's column where `is_given`.
        old: The columns of the table whose numbers are kept; none where there are none.
    """
    create = create_table(numbering.table.copy(), _numbered(numbering, rows, old))
    gate = Gate(
        duplicates(numbering.table.copy(), [numbering.number.name]),
        f"numbers in {numbering.number.name} that more than one row had before: {{count}}",
        "give each row of the table its own number, or drop the table to have it numbered anew",
    )
    return (
        make_memory(),
        Write(create, Tally.CREATED, f"Created table: {numbering.name}"),
        *((gate,) if old else ()),
        remember(numbering),
    )


def number_stage(matching: Matching) -> tuple[Step, ...]:
    """Gives staged rows the numbers that their keys have in the table, or new ones."""
    work = matching.work
    if work.number is None:
        return ()
    numbering = numbering_of(work, matching.keys)
    rows = (
        exp.select(_kept_or_new(numbering), *work.selected("t4t_new"), copy=False)
        .from_(aliased(work.stage, "t4t_new"), copy=False)
        .join(
            aliased(work.table, "t4t_old"),
            on=matching.is_one_key("t4t_old", "t4t_new"),
            join_type="left",
            copy=False,
        )
    )
    return (make_memory(), Write(create_temporary(STAGE, rows), Tally.STAGED))


def insert_numbered(work: Work, rows: exp.Expr, note: str) -> tuple[Step, ...]:
    """Adds rows that the table does not hold, with new numbers where it has numbers."""
    if work.number is None:
        return (Write(insert(work.table, work.column_names, rows), Tally.INSERTED, note),)
    numbering = numbering_of(work, None)
    new = _new_numbers(numbering, _greatest(numbering))
    added = _select(numbering, new).from_(subquery(rows, "t4t_new"), copy=False)
    return (
        make_memory(),
        Write(insert(work.table, work.written_names, added), Tally.INSERTED, note),
        remember(numbering),
    )


def remember(numbering: Numbering) -> Write:
    """What comes after numbers were given."""
    return note_greatest(numbering.name, numbering.table, numbering.number.name)


def _numbered(numbering: Numbering, rows: exp.Expr, old: tuple[Column, ...]) -> exp.Select:
    """The rows of a table that is made anew, with their numbers."""
    same = _columns_of_both(numbering, old)
    if not same:
        new = _new_numbers(
            numbering, _greatest(numbering) if old else greatest_remembered(numbering.name)
        )
        return _select(numbering, new).from_(subquery(rows, "t4t_new"), copy=False)
    is_keyed = numbering.keys is not None
    incomplete = dict(numbering.incomplete)

    def parts(alias: str | None = None) -> list[exp.Expr]:
        if is_keyed:
            return [column(c.name, alias) for c in same]
        return held_values(same, incomplete, alias)

    number = numbering.number
    first = order_of_equals(same, incomplete)
    given = [column(number.name)] if number.is_given else []
    new_rows = exp.select(
        *given,
        *(column(c.name) for c in numbering.columns),
        _nth(parts(), [*first, *_order(numbering, None)]),
        copy=False,
    ).from_(subquery(rows, "q"), copy=False)
    ascending_number = exp.Ordered(this=column(number.name))
    old_rows = (
        exp.select(
            column(number.name),
            *(column(c.name) for c in same),
            _nth(parts(), [*(each.copy() for each in first), ascending_number]),
            copy=False,
        )
        .from_(numbering.table.copy(), copy=False)
        .where(exp.Not(this=is_null_in([number.name])), copy=False)
    )
    pairs = zip(
        [*parts("t4t_old"), column(_NTH, "t4t_old")],
        [*parts("t4t_new"), column(_NTH, "t4t_new")],
        strict=True,
    )
    on = exp.and_(*(exp.NullSafeEQ(this=a, expression=b) for a, b in pairs), copy=False)
    return (
        _select(numbering, _kept_or_new(numbering))
        .from_(subquery(new_rows, "t4t_new"), copy=False)
        .join(subquery(old_rows, "t4t_old"), on=on, join_type="left", copy=False)
    )


def _columns_of_both(numbering: Numbering, old: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns by which a row is known again; none where it cannot be."""
    if numbering.keys is not None:
        keys = tuple(_named(numbering.columns, numbering.keys))
        return keys if all(column_named(old, key.name) for key in keys) else ()
    return tuple(
        c
        for c in numbering.columns
        if (held := column_named(old, c.name)) is not None and held.type == c.type
    )


def _named(columns: tuple[Column, ...], names: Sequence[str]) -> list[Column]:
    found = [column_named(columns, name) for name in names]
    return [column for column in found if column is not None]


def _nth(partition: list[exp.Expr], order: Sequence[exp.Expr]) -> exp.Expr:
    """Which of several equal rows a row is."""
    window = exp.Window(
        this=exp.RowNumber(), partition_by=partition, order=exp.Order(expressions=list(order))
    )
    return exp.alias_(window, _NTH)


def _greatest(numbering: Numbering) -> exp.Expr:
    return greatest_given(numbering.name, numbering.table, numbering.number.name)


def _kept_or_new(numbering: Numbering) -> exp.Expr:
    """The number of the table's row `t`, or a new one where the row `s` has met none."""
    name = numbering.number.name
    is_new = exp.Is(this=column(name, "t4t_old"), expression=exp.Null())
    new = _new_numbers(numbering, _greatest(numbering), is_new)
    chosen = exp.Case(ifs=[exp.If(this=is_new.copy(), true=new)], default=column(name, "t4t_old"))
    return exp.Alias(this=chosen, alias=identifier(name))


def _new_numbers(
    numbering: Numbering, greatest: exp.Expr, is_new: exp.Expr | None = None
) -> exp.Expr:
    """The numbers after the greatest one, in the order of the rows `s`; new ones are apart."""
    counted = exp.Window(
        this=exp.RowNumber(),
        partition_by=[] if is_new is None else [is_new],
        order=exp.Order(expressions=_order(numbering, "t4t_new")),
    )
    return exp.Cast(
        this=exp.Add(this=greatest, expression=counted),
        to=exp.DataType.build(numbering.number.type, dialect="duckdb"),
    )


def _order(numbering: Numbering, alias: str | None) -> list[exp.Expr]:
    number = numbering.number
    is_asked = number.is_given and numbering.keys is not None
    first = ascending(number.name, number.type, alias) if is_asked else []
    return first + [each for c in numbering.order for each in ascending(c.name, c.type, alias)]


def _select(numbering: Numbering, number: exp.Expr) -> exp.Select:
    if not isinstance(number, exp.Alias):
        number = exp.Alias(this=number, alias=identifier(numbering.number.name))
    return exp.select(number, *(column(c.name, "t4t_new") for c in numbering.columns), copy=False)
