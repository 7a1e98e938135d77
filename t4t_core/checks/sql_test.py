"""A SQL test: a query of the project's own whose rows are violations."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from t4t_core.config import SqlTestConfig
from t4t_core.errors import Place
from t4t_core.sql.query import Query
from t4t_core.sql.test_query import COLUMN, TABLE, names_in


class SqlTest(Struct, frozen=True):
    """A file of `tests/`.

    Attributes:
        name: The file's, without its suffix.
        tells_truth: Its first column is TRUE where all is well, as in tests of functions.
    """

    name: str
    query: Query
    config: SqlTestConfig
    place: Place
    tells_truth: bool = False

    @property
    def is_generic(self) -> bool:
        """Whether it is about whatever table names it in its metadata."""
        return bool(names_in(self.query))

    @property
    def needs_column(self) -> bool:
        return COLUMN in names_in(self.query)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its values, each once."""
        names = dict.fromkeys(placeholder.name for placeholder in self.query.placeholders)
        return tuple(name for name in names if name not in (TABLE, COLUMN))


class OfSqlTest(Struct, frozen=True):
    """A SQL test with the values that an entry gives it."""

    test: SqlTest
    params: Mapping[str, object]
    column: str | None = None


def values_of_test(
    rule: OfSqlTest, table_name: str | None, values: Mapping[str, object]
) -> dict[str, object]:
    """The values that are set for a test's placeholders; `params` stand above variables.

    Args:
        rule: The test.
        table_name: What `'@table_name'` in quotes is.
        values: The run's variables.
    """
    names = {TABLE: table_name, COLUMN: rule.column}
    return {**values, **rule.params, **names}
