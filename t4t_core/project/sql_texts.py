"""A project's SQL texts as what they say, parsed only where they were not read before.

`sqlglot` is imported by the first text that has to be parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from t4t_core.checks.sql_reader import AnyKind
from t4t_core.errors import Place
from t4t_core.names import TableName
from t4t_core.project.kept_readings import Kept, KeptReadings, nothing_kept
from t4t_core.sql.condition import Condition
from t4t_core.sql.hooks import Hook
from t4t_core.sql.macro import Macro
from t4t_core.sql.names import identifiers
from t4t_core.sql.query import Query
from t4t_core.sql.reading import Reading, reading_of, said
from t4t_core.sql.slots import SlottedText
from t4t_core.sql.table_ref import TableRef


class SqlTexts:
    """Reads SQL texts.

    Attributes:
        dialect: The sqlglot dialect that models and tests are written in.
        kept: What is known from the load before.
    """

    def __init__(self, dialect: str, kept: KeptReadings) -> None:
        self.dialect = dialect
        self.kept = kept

    def query(self, text: str, place: Place) -> Query:
        """The query of a model.

        Raises:
            SqlError: As `parse_model` does.
        """

        def parse() -> Query:
            from t4t_core.parsing.model_query import parse_model

            return parse_model(text, place, self.dialect)

        return self._query(lambda kept: kept.queries, parse, text, place)

    def test(self, text: str, place: Place) -> Query:
        """The query of a SQL test.

        Raises:
            SqlError: As `parse_test` does.
        """

        def parse() -> Query:
            from t4t_core.parsing.test_query import parse_test

            return parse_test(text, place, self.dialect)

        return self._query(lambda kept: kept.tests, parse, text, place)

    def condition(self, text: str, place: Place) -> Condition:
        """The condition of metadata, in DuckDB's SQL.

        Raises:
            SqlError: As `read_condition` does.
        """

        def read() -> Condition:
            from t4t_core.parsing.query import read_condition

            return read_condition(text, place)

        return self.kept.reading(lambda kept: kept.conditions, read, text)

    def hook(self, key: str, text: str, place: Place) -> Hook:
        """The statement of a hook, in DuckDB's SQL.

        Raises:
            SqlError: As `parse_hook` does.
        """

        def read() -> SlottedText:
            from t4t_core.parsing.hooks import parse_hook

            return parse_hook(key, text, place).words

        return Hook(key, self.kept.reading(lambda kept: kept.hooks, read, text), place)

    def macro(self, text: str, place: Place, name: TableName, dialect: str) -> Macro:
        """The function that a statement makes.

        Raises:
            SqlError: As `parse_macro` does.
        """

        def read() -> Macro:
            from t4t_core.parsing.function_text import parse_macro

            return parse_macro(text, place, name, dialect)

        words = (text, dialect, name.schema, name.name)
        return self.kept.reading(lambda kept: kept.macros, read, *words)

    def macro_of_body(
        self, parameters: Sequence[str], text: str, returns: str | None, place: Place, dialect: str
    ) -> Macro:
        """The function that an expression makes of its parameters.

        Raises:
            SqlError: As `macro_of_body` of `t4t_core.parsing` does.
        """

        def read() -> Macro:
            from t4t_core.parsing.function_text import macro_of_body

            return macro_of_body(parameters, text, returns, place, dialect)

        words = (text, dialect, identifiers(parameters), returns or "")
        return self.kept.reading(lambda kept: kept.bodies, read, *words)

    def table(self, text: str) -> TableRef | None:
        """The table of a name, whose parts may be quoted; None for what is no name."""

        def read() -> TableRef | None:
            from t4t_core.parsing.table_names import table_named

            return table_named(text)

        return self.kept.reading(lambda kept: kept.tables, read, text)

    def rule(self, kind: type[AnyKind], params: Mapping[str, object]) -> AnyKind:
        """The rule that the `params` of a data test mean.

        Raises:
            MistakesError: Everything that is wrong in them.
        """

        def read() -> AnyKind:
            from t4t_core.checks.params import read_params

            # The texts in it are kept with it.
            return read_params(kind, params, SqlTexts(self.dialect, nothing_kept()))

        return self.kept.checked(kind, read, params)

    def type(self, text: str) -> str | None:
        """DuckDB's name of a type, or None for what is no type."""

        def read() -> str | None:
            from t4t_core.parsing.types import duckdb_type

            return duckdb_type(text)

        return self.kept.reading(lambda kept: kept.types, read, text)

    def translated_type(self, text: str) -> str:
        """What DuckDB calls a type of the dialect; the same text where there is no such."""
        if self.dialect == "duckdb":
            return text

        def read() -> str:
            from t4t_core.parsing.types import translated_type

            return translated_type(text, self.dialect)

        return self.kept.reading(lambda kept: kept.translated_types, read, text, self.dialect)

    def is_function(self, name: str) -> bool:
        """Whether it is the name of a function of SQL's own."""

        def read() -> bool:
            from t4t_core.parsing.calls import is_known_function

            return is_known_function(name)

        return self.kept.reading(lambda kept: kept.functions, read, name)

    def is_dialect(self, name: str) -> bool:
        """Whether SQL can be written in a dialect of this name."""

        def read() -> bool:
            from t4t_core.parsing.dialects import known_dialects

            return name in known_dialects()

        return self.kept.reading(lambda kept: kept.dialects, read, name)

    def keep(self) -> None:
        """Keeps what the texts read since the start say, and forgets all other."""
        self.kept.keep()

    def _query(
        self,
        kind: Callable[[Kept], dict[str, Reading]],
        parse: Callable[[], Query],
        text: str,
        place: Place,
    ) -> Query:
        def read() -> Reading:
            return reading_of(parse())

        found = self.kept.reading(kind, read, text, self.dialect)
        return Query(**said(found), text=text, place=place, dialect=self.dialect)
