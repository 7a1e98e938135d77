"""Numbers for rows: one that has a number keeps it, new ones follow, and none is given twice."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from t4t_core.names import TableName
from t4t_core.planning.facts import Column, Facts, Number, column_named
from t4t_core.planning.steps import Gate, Step, Tally, Write
from t4t_core.sql.exact import ascending
from t4t_core.sql.names import cast, column, columns, named
from t4t_core.sql.statements import (
    STAGE,
    create_table,
    create_temporary,
    duplicates,
    insert,
    is_null,
    select,
)
from t4t_core.sql.text import Sql, all_of, chosen, is_same, listed, negated, sql, subquery
from t4t_core.strategies.greatest_number import (
    greatest_given,
    greatest_remembered,
    make_memory,
    note_greatest,
)
from t4t_core.strategies.held_values import held_values, order_of_equals
from t4t_core.strategies.matching import Matching
from t4t_core.strategies.work import Work

_NTH = "t4t_nth"


class Numbering(Struct, frozen=True):
    """What is numbered.

    Attributes:
        name: The model's table.
        table: The same, as SQL names it.
        number: The column.
        columns: The others.
        keys: What makes a row the one that it was. None where a row has no key; then all of its
            columns do, and of equal rows each has its number.
        order: The columns by which new rows are put in order.
        incomplete: Columns, in lower case, whose values rows of the table may lack, each with the
            narrower type that it had; only of rows without a key.
    """

    name: TableName
    table: Sql
    number: Number
    columns: tuple[Column, ...]
    keys: tuple[str, ...] | None
    order: tuple[Column, ...]
    incomplete: tuple[tuple[str, str], ...] = ()


def numbering_by_key(name: TableName, table: Sql, facts: Facts, keys: Sequence[str]) -> Numbering:
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


def create_numbered(numbering: Numbering, rows: Sql, old: tuple[Column, ...]) -> tuple[Step, ...]:
    """Makes the table anew; a row that it had keeps its number.

    Args:
        numbering: What is numbered.
        rows: A query, with the number's column where `is_given`.
        old: The columns of the table whose numbers are kept; none where there are none.
    """
    create = create_table(numbering.table, _numbered(numbering, rows, old))
    gate = Gate(
        duplicates(numbering.table, [numbering.number.name]),
        f"numbers in {numbering.number.name} that more than one row had before: {{count}}",
        "give each row of the table its own number, or drop the table to have it numbered anew",
    )
    return (
        make_memory(),
        Write(create, Tally.CREATED, f"Created table: {numbering.name}", into=numbering.table),
        *((gate,) if old else ()),
        remember(numbering),
    )


def number_stage(matching: Matching) -> tuple[Step, ...]:
    """Gives staged rows the numbers that their keys have in the table, or new ones."""
    work = matching.work
    if work.number is None:
        return ()
    numbering = numbering_of(work, matching.keys)
    number = named(_kept_or_new(numbering), numbering.number.name)
    rows = matching.staged(listed([number, work.selected("t4t_new")]))
    return (make_memory(), Write(create_temporary(STAGE, rows), Tally.STAGED))


def insert_numbered(work: Work, rows: Sql, note: str) -> tuple[Step, ...]:
    """Adds rows that the table does not hold, with new numbers where it has numbers."""
    if work.number is None:
        return (_inserted(work, work.column_names, rows, note),)
    numbering = numbering_of(work, None)
    new = _new_numbers(numbering, _greatest(numbering))
    added = _select(numbering, new, subquery(rows, Sql("t4t_new")))
    return (
        make_memory(),
        _inserted(work, work.written_names, added, note),
        remember(numbering),
    )


def _inserted(work: Work, names: Sequence[str], rows: Sql, note: str) -> Write:
    return Write(insert(work.table, names, rows), Tally.INSERTED, note, into=work.table)


def remember(numbering: Numbering) -> Write:
    """What comes after numbers were given."""
    return note_greatest(numbering.name, numbering.table, numbering.number.name)


def _numbered(numbering: Numbering, rows: Sql, old: tuple[Column, ...]) -> Sql:
    """The rows of a table that is made anew, with their numbers."""
    same = _columns_of_both(numbering, old)
    if not same:
        new = _new_numbers(
            numbering, _greatest(numbering) if old else greatest_remembered(numbering.name)
        )
        return _select(numbering, new, subquery(rows, Sql("t4t_new")))
    is_keyed = numbering.keys is not None
    incomplete = dict(numbering.incomplete)

    def parts(alias: str | None = None) -> list[Sql]:
        if is_keyed:
            return [column(c.name, alias) for c in same]
        return held_values(same, incomplete, alias)

    number = column(numbering.number.name)
    first = order_of_equals(same, incomplete)
    given = [number] if numbering.number.is_given else []
    nth = _nth(parts(), [*first, *_order(numbering, None)])
    new_rows = select(
        listed([*given, columns(c.name for c in numbering.columns), nth]), subquery(rows, Sql("q"))
    )
    old_rows = select(
        listed([number, columns(c.name for c in same), _nth(parts(), [*first, number])]),
        numbering.table,
        negated(is_null(number)),
    )
    pairs = zip(
        [*parts("t4t_old"), column(_NTH, "t4t_old")],
        [*parts("t4t_new"), column(_NTH, "t4t_new")],
        strict=True,
    )
    joined = sql(
        "{new}\nLEFT JOIN {old} ON {is_met}",
        new=subquery(new_rows, Sql("t4t_new")),
        old=subquery(old_rows, Sql("t4t_old")),
        is_met=all_of(*(is_same(one, other) for one, other in pairs)),
    )
    return _select(numbering, _kept_or_new(numbering), joined)


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


def _nth(partition: list[Sql], order: Sequence[Sql]) -> Sql:
    """Which of several equal rows a row is."""
    nth = sql(
        "row_number() OVER (PARTITION BY {partition} ORDER BY {order})",
        partition=listed(partition),
        order=listed(order),
    )
    return named(nth, _NTH)


def _greatest(numbering: Numbering) -> Sql:
    return greatest_given(numbering.name, numbering.table, numbering.number.name)


def _kept_or_new(numbering: Numbering) -> Sql:
    """The number of the table's row, or a new one where the staged row has met none."""
    held = column(numbering.number.name, "t4t_old")
    new = _new_numbers(numbering, _greatest(numbering), is_null(held))
    return chosen(is_null(held), new, held)


def _new_numbers(numbering: Numbering, greatest: Sql, is_new: Sql | None = None) -> Sql:
    """The numbers after the greatest one, in the order of the new rows; new ones are apart."""
    apart = Sql("") if is_new is None else sql("PARTITION BY {is_new} ", is_new=is_new)
    number = sql(
        "{greatest} + row_number() OVER ({apart}ORDER BY {order})",
        greatest=greatest,
        apart=apart,
        order=listed(_order(numbering, "t4t_new")),
    )
    return cast(number, numbering.number.type)


def _order(numbering: Numbering, alias: str | None) -> list[Sql]:
    number = numbering.number
    is_asked = number.is_given and numbering.keys is not None
    first = ascending(number.name, number.type, alias) if is_asked else []
    return first + [each for c in numbering.order for each in ascending(c.name, c.type, alias)]


def _select(numbering: Numbering, number: Sql, origin: Sql) -> Sql:
    """The new rows with their number first."""
    names = (c.name for c in numbering.columns)
    selected = listed([named(number, numbering.number.name), columns(names, "t4t_new")])
    return select(selected, origin)
