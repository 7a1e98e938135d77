"""A model: what a project's files say about one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from t4t_core.config import (
    HistoryConfig,
    ModelConfig,
    StrategyConfig,
    Window,
)
from t4t_core.errors import Noun, Place
from t4t_core.names import TableName
from t4t_core.python_code import PythonCode
from t4t_core.sql.condition import Condition
from t4t_core.sql.hooks import Hook
from t4t_core.sql.query import Query
from t4t_core.sql.reading import Placeholder
from t4t_core.sql.table_ref import TableRef


class PythonSource(PythonCode, frozen=True, eq=False):
    """A function that gives a model's rows, or the SQL for them, when the model runs.

    Attributes:
        function: What to call, with one argument for each parameter.
        inputs: Parameter and upstream table, in the order of the parameters.
        annotations: The annotation of each input parameter, as text; it says in which form the
            upstream table is handed over.
        context_parameter: The parameter that takes the run context, or None.
        fingerprint: SHA-256 over the function's code without comments and layout.
    """

    inputs: tuple[tuple[str, TableRef], ...]
    annotations: tuple[str, ...]
    context_parameter: str | None
    fingerprint: str

    @property
    def tables(self) -> tuple[TableRef, ...]:
        """What it reads."""
        return tuple(table for _, table in self.inputs)

    @property
    def calls(self) -> tuple[TableRef, ...]:
        """None that are known before it runs."""
        return ()

    @property
    def defaults(self) -> Mapping[str, object]:
        """None: a function gives its own."""
        return {}

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """None: a function reads variables from its context."""
        return ()


class Model(Struct, frozen=True):
    """One model, read and checked on its own.

    Attributes:
        name: The table it makes.
        config: Its metadata.
        place: The file that defines it.
        config_place: The file that holds its metadata.
        source: Where its rows come from.
        where_condition: Of delete_insert, or None where the window alone decides.
        delete_when: Of merge, or None where nothing is deleted.
        predicates: `incremental_predicates` of merge.
        pre_hooks: Statements that run before the model's own, in their order.
        post_hooks: Statements that run after them.
        types: The columns that the metadata gives a type, with what DuckDB calls it.
    """

    noun: ClassVar[Noun] = "model"
    name: TableName
    config: ModelConfig
    place: Place
    config_place: Place
    source: Query | PythonSource
    where_condition: Condition | None = None
    delete_when: Condition | None = None
    predicates: tuple[Condition, ...] = ()
    pre_hooks: tuple[Hook, ...] = ()
    post_hooks: tuple[Hook, ...] = ()
    types: tuple[tuple[str, str], ...] = ()

    @property
    def strategy(self) -> StrategyConfig | HistoryConfig | None:
        """The settings of its strategy, or None where every run makes it anew."""
        return self.config.strategy

    @property
    def window(self) -> Window | None:
        """The settings of a strategy that reads by a time column, or None for any other model."""
        settings = self.strategy
        return settings if isinstance(settings, Window) else None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those in its strategy's settings."""
        found = (self.where_condition, self.delete_when, *self.predicates)
        return tuple(condition for condition in found if condition is not None)

    @property
    def reads_windows(self) -> bool:
        """Whether a run may read its rows of one window of time alone."""
        return self.config.reads_windows

    @property
    def is_ephemeral(self) -> bool:
        return self.config.materialization == "ephemeral"

    def __str__(self) -> str:
        return str(self.name)
