"""A user's SQL put together again, with its places filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from t4t_core.errors import Place, VariableError
from t4t_core.sql.literals import literal, text_literal
from t4t_core.sql.names import cast, dotted, identifier
from t4t_core.sql.paths import taken_from
from t4t_core.sql.slots import Slot, SlottedText
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.text import Sql, listed

_NOWHERE = Place(Path())


class StandIn(Struct, frozen=True):
    """What is read for a table.

    Attributes:
        name: What its columns are qualified by; empty for a query.
    """

    sql: Sql
    name: str = ""


def _as_written(_: TableRef) -> None:
    return None


class Fill(Struct, frozen=True):
    """What is put into the places of a text.

    Attributes:
        place: The file that the text stands in, for errors about values.
        values: Of its variables.
        folder: That relative names of files are taken from; None leaves them.
        table: Gives what is read for a table, or None to leave it.
        call: Gives the function to call for one, or None to leave it.
        words: SQL for a name that is known by now, or for a variable, by what stands for it.
        bare: A table whose columns are named without its schema: what has its name has none.
    """

    place: Place = _NOWHERE
    values: Mapping[str, object] = field(default_factory=dict)
    folder: Path | None = None
    table: Callable[[TableRef], StandIn | None] = _as_written
    call: Callable[[TableRef], TableRef | None] = _as_written
    words: Mapping[str, Sql] = field(default_factory=dict)
    bare: TableRef | None = None


class Filled:
    """A text whose places are filled in.

    Raises:
        VariableError: A value has no literal.
    """

    def __init__(self, source: SlottedText, fill: Fill) -> None:
        self._text = source.text
        self._fill = fill
        tables = [slot for slot in source.slots if slot.kind == "table"]
        self._stand_ins = {slot.ref: fill.table(slot.ref) for slot in tables}
        renamed = [
            slot.ref
            for slot in tables
            if not slot.is_aliased and self._stand_ins[slot.ref] is not None
        ]
        if fill.bare is not None:
            renamed.append(fill.bare)
        self._bare = {_pair(ref) for ref in renamed}
        self._apart_from_others = self._named_alike(tables, source.slots)
        self._edits = [
            (slot.start, slot.end, self._apart(slot, new))
            for slot in source.slots
            if (new := self._written(slot)) is not None
        ]

    def _named_alike(
        self, tables: Sequence[Slot], slots: Sequence[Slot]
    ) -> dict[tuple[str, str], Sql]:
        """What a table is called that has the name of another one, and is qualified by schema.

        Without the schema, a column of it in a subquery could be the other one's.
        """
        read = {_pair(slot.ref) for slot in tables if not slot.is_aliased}
        qualified = {_pair(slot.ref) for slot in slots if slot.kind == "schema"}
        return {
            (schema, name): identifier(f"{schema}.{name}")
            for schema, name in self._bare & qualified & read
            if any(other == name and of_schema != schema for of_schema, other in read)
        }

    def part(self, start: int, end: int) -> Sql:
        """What stands between two offsets of the source, neither of them within a place."""
        parts, at = [], start
        for first, last, new in self._edits:
            if start <= first and last <= end:
                parts += [self._text[at:first], new]
                at = last
        return Sql("".join([*parts, self._text[at:end]]))

    def _written(self, slot: Slot) -> Sql | None:
        """What stands in a place, or None where that is what the user wrote."""
        match slot.kind:
            case "value":
                return self._value(slot)
            case "path":
                return self._path(slot)
            case "table":
                return self._table(slot)
            case "call":
                called = self._fill.call(slot.ref)
                if called is None:
                    return None
                return dotted(called.catalog, called.schema, called.name)
            case "file":
                return self._file(slot)
            case "schema":
                return self._named(slot) if _pair(slot.ref) in self._bare else None
            case "name":
                return self._fill.words.get(slot.ref.name)

    def _value(self, slot: Slot) -> Sql:
        found = self._fill.words.get(slot.ref.name)
        if found is None:
            try:
                found = literal(self._fill.values[slot.ref.name])
            except ValueError as error:
                what = f"variable {slot.ref.name!r}: {error}"
                raise VariableError(what, place=self._fill.place) from error
        return cast(found, slot.as_type) if slot.as_type else found

    def _path(self, slot: Slot) -> Sql:
        """The name of a file, or a list of them; another value is none."""
        value, folder = self._fill.values[slot.ref.name], self._fill.folder
        names = value if isinstance(value, list | tuple) else [value]
        if folder is None or not all(isinstance(name, str) for name in names):
            return self._value(slot)
        found = [text_literal(taken_from(folder, str(name))) for name in names]
        return Sql(f"[{listed(found)}]") if names is value else found[0]

    def _table(self, slot: Slot) -> Sql | None:
        stand_in = self._stand_ins[slot.ref]
        if stand_in is None:
            return None
        wanted = self._named(slot)
        has_name = stand_in.name and identifier(stand_in.name) == wanted
        found = stand_in.sql
        if not slot.is_aliased and not has_name:
            found = Sql(f"{found} AS {wanted}")
        return Sql(f"FROM {found}") if slot.is_query else found

    def _named(self, slot: Slot) -> Sql:
        """What a column of a table is qualified by."""
        own = self._fill.words.get(slot.ref.name, identifier(slot.ref.name))
        return self._apart_from_others.get(_pair(slot.ref), own)

    def _file(self, slot: Slot) -> Sql | None:
        if self._fill.folder is None:
            return None
        path = taken_from(self._fill.folder, slot.ref.name)
        return identifier(path) if self._text[slot.start] == '"' else text_literal(path)

    def _apart(self, slot: Slot, new: Sql) -> str:
        """What is put in, apart from words beside it: `LIMIT@n` is two, and `LIMIT5` is one."""
        before, after = self._text[slot.start - 1 : slot.start], self._text[slot.end : slot.end + 1]
        return f"{' ' * _is_of_word(before)}{new}{' ' * _is_of_word(after)}" if new else new


def filled(source: SlottedText, fill: Fill) -> Sql:
    """All of a text, filled in.

    Raises:
        VariableError: A value has no literal.
    """
    return Filled(source, fill).part(0, len(source.text))


def _pair(ref: TableRef) -> tuple[str, str]:
    return ref.schema.lower(), ref.name.lower()


def _is_of_word(sign: str) -> bool:
    return sign.isalnum() or sign in {"_", "$", "'", '"'}
