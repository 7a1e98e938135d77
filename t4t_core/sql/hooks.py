"""Statements of the user's own that stand around a model's, with their placeholders.

They may be any statement of DuckDB's: a placeholder's value is put in its place in the text, as a
literal.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from t4t_core.errors import Place
from t4t_core.names import TableName
from t4t_core.sql.filling import Fill, filled
from t4t_core.sql.names import table
from t4t_core.sql.slots import SlottedText
from t4t_core.sql.text import Sql
from t4t_core.sql.unset import unset_variable

THIS = frozenset({"table_name", "this"})
"""The names that stand for the model's own table."""

THIS_TABLE = "@table_name"
"""What the places are called where its name stands as a name; in quotes it is a text."""


class Hook(Struct, frozen=True):
    """One statement with its placeholders still open.

    Attributes:
        key: Of the metadata: `pre_hook` or `post_hook`.
        words: The statement.
        place: The file it stands in.
    """

    key: str
    words: SlottedText
    place: Place

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that it needs."""
        return variables_in(self.words)


def variables_in(words: SlottedText) -> tuple[str, ...]:
    """The variables that a statement has places for."""
    return tuple(
        slot.ref.name for slot in words.slots if slot.kind != "name" and slot.ref.name not in THIS
    )


def hook_statement(hook: Hook, name: TableName, catalog: str, values: Mapping[str, object]) -> Sql:
    """The statement, with the model's table and the values of variables in it.

    In quotes, `'@table_name'`, the table's name is text.

    Raises:
        VariableError: A variable has no value, or its value has no literal.
    """
    for variable in hook.variables:
        if variable not in values:
            raise unset_variable(variable, hook.place)
    return filled(
        hook.words,
        Fill(
            place=hook.place,
            values={**values, **dict.fromkeys(THIS, str(name))},
            words={THIS_TABLE: table(name, catalog)},
        ),
    )
