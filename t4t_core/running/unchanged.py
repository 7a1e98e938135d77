"""Whether a model's last run would be done again, and what its run notes for the next one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.duckdb_functions import macros_of_others
from t4t_core.engines.file_stamps import file_stamp
from t4t_core.engines.held_tables import has_triggers, is_steady, row_counts
from t4t_core.engines.surroundings import surroundings
from t4t_core.models import Model
from t4t_core.names import OWN_SCHEMA, TableName
from t4t_core.planning.definition_inputs import may_write_others
from t4t_core.planning.inputs import SOURCE, Grounds, Inputs, Noted, changes, inputs_of
from t4t_core.planning.planned_model import Given
from t4t_core.planning.request import Request
from t4t_core.planning.unknown_inputs import UnknownInputError
from t4t_core.project.load import Project
from t4t_core.report import ModelReport
from t4t_core.resolution import Key
from t4t_core.running.model_reports import left_as_it_is
from t4t_core.seeds.seed import Seed
from t4t_core.sql.file_names import READERS
from t4t_core.sql.macro import Macro
from t4t_core.sql.steady_names import NO_CALLS, STEADY
from t4t_core.state.ledger import last_commit, noted_inputs

_DUCKDBS: Final = STEADY | NO_CALLS | READERS


class Found(Struct, frozen=True):
    """What was found out about a model before its run.

    Attributes:
        inputs: What its rows depend on.
        why: Why it is not left as it is, as a clause; empty where nobody asked.
        report: That it is left as it is, or None where it has to run.
    """

    inputs: Inputs
    why: str = ""
    report: ModelReport | None = None


NOTHING_FOUND: Final = Found(Inputs(unknown="nobody looked"))


class Unchanged:
    """What is known of the inputs of a project's models, in one open database.

    Everything is read when it is first asked for, and again once something may have changed it.
    Threads may ask at the same time.

    Attributes:
        epoch: Names the time in which the tables that the project does not make are as they are;
            None where somebody else may write them.
    """

    def __init__(self, project: Project, warehouse: Warehouse, epoch: str | None = None) -> None:
        functions = project.graph.functions.values()
        # Python may write any table, and a test may call it.
        is_all_sql = all(isinstance(function.source, Macro) for function in functions)
        self.epoch = epoch if is_all_sql else None
        self._steady: dict[TableName, bool] = {}
        self._project = project
        self._warehouse = warehouse
        self._noted: dict[str, Noted] | None = None
        self._surroundings: Mapping[str, str] | None = None
        self._held: dict[Key, int | Literal["view"] | None] = {}
        self._shadow: str | None = None
        self._has_triggers: bool | None = None
        self._asking = threading.Lock()

    def found(
        self,
        model: Model,
        request: Request,
        given: Given | None,
        commits: Mapping[str, Commit],
        with_columns: bool,
    ) -> Found:
        """What its rows depend on, and whether the model is left as it is.

        Args:
            model: The model.
            request: What the run is asked to do.
            given: Rows that stand for the model's own.
            commits: The last commit of each model, by its name in lower case.
            with_columns: Report the table's columns.
        """
        if given is not None:
            return NOTHING_FOUND
        with self._asking:
            return self._found(model, request, commits, with_columns)

    def _found(
        self, model: Model, request: Request, commits: Mapping[str, Commit], with_columns: bool
    ) -> Found:
        started = time.perf_counter()
        inputs = self.inputs(model, request, commits)
        if not request.only_changed or request.full_refresh:
            return Found(inputs)
        why = self.why_to_run(model, inputs, commits)
        if why:
            return Found(inputs, why)
        report = left_as_it_is(model, commits[str(model).lower()], started)
        target = self._warehouse.target(model.name, with_columns=True) if with_columns else None
        if target is not None:
            report = replace(report, columns=target.columns)
        return Found(inputs, report=report)

    def inputs(self, model: Model, request: Request, commits: Mapping[str, Commit]) -> Inputs:
        """What the model's rows depend on, if it ran now."""
        if self._project.settings.is_deferring:
            return Inputs(unknown="what was not built here is read from the database of defer_to")
        if model.reads_windows and (request.part is not None or request.backfill is not None):
            return Inputs(unknown=f"{request.part or 'a backfill'} was asked for")
        if self._surroundings is None:
            self._surroundings = surroundings(self._warehouse)
        grounds = Grounds(
            self._project.graph,
            request,
            commits,
            self._noted_of,
            files=lambda name: file_stamp(self._warehouse, name),
            source=lambda name: self._source_version(name, commits),
        )
        return inputs_of(model, grounds, self._surroundings)

    def why_to_run(self, model: Model, inputs: Inputs, commits: Mapping[str, Commit]) -> str:
        """Why the model has to run, as a clause; empty where its last run would be done again."""
        commit = commits.get(str(model).lower())
        if commit is None:
            return "this is the first run"
        if inputs.unknown:
            return inputs.unknown
        if commit.origin != "run":
            return "its state was changed by hand"
        if commit.definition.incomplete:
            return "rows of its table lack values of columns that came later"
        noted = self._noted_of(str(model))
        if noted is None or noted.version != commit.version:
            return "its last run did not note what it read"
        return (
            changes(noted.inputs, inputs.known)
            or self._written_by_others(model, inputs, commits)
            or self._macros()
            or self._triggers(inputs)
        )

    def look_at(self, nodes: Iterable[Model | Seed], request: Request) -> None:
        """Looks at the tables of a run together, which is faster than at each by itself."""
        if request.only_changed and not request.full_refresh:
            self._held = self._look(node.name for node in nodes)

    def forget(self, node: Model | Seed) -> None:
        """Takes into account that a node's statements have run."""
        with self._asking:
            if isinstance(node, Seed) or not may_write_others(node):
                self._held.pop(node.name.key, None)
            else:
                # A hook or Python may have changed any table or setting.
                self._held.clear()
                self._surroundings = None
                self._shadow = None
                self._has_triggers = None
                self.epoch = None

    def remember(self, commit: Commit, inputs: Inputs) -> None:
        """Takes into account what the run of a commit has noted."""
        with self._asking:
            if self._noted is not None and not inputs.unknown:
                self._noted[commit.model_name.lower()] = Noted(commit.version, inputs.known)

    def _source_version(self, name: tuple[str, ...], commits: Mapping[str, Commit]) -> str:
        """A version of a table that the project does not make, by its full name.

        Raises:
            UnknownInputError: It has none.
        """
        if self.epoch is None or len(name) != 2 or name[0].lower() == OWN_SCHEMA:
            raise UnknownInputError(f"nothing here makes {'.'.join(name)}")
        table = TableName(*name)
        if table not in self._steady:
            self._steady[table] = is_steady(self._warehouse, table)
        if not self._steady[table]:
            raise UnknownInputError(f"{table} is no table, or computes a column")
        # Another project of t4t in this database may make it, and does not end the epoch.
        commit = commits.get(".".join(name).lower())
        return self.epoch if commit is None else f"{self.epoch} {commit.version}"

    def _noted_of(self, model_name: str) -> Noted | None:
        if self._noted is None:
            self._noted = noted_inputs(self._warehouse)
        return self._noted.get(model_name.lower())

    def _written_by_others(
        self, model: Model, inputs: Inputs, commits: Mapping[str, Commit]
    ) -> str:
        """Which table is not what its last run left, as far as its number of rows tells."""
        nodes = self._project.graph.nodes
        names = [model.name, *(nodes[key].name for key in inputs.read)]
        # What was not looked at for the whole run is looked at each time: a session may be long.
        looked = self._look(name for name in names if name.key not in self._held)
        for name in names:
            commit = commits[str(name).lower()]
            if name.key in looked and self._has_run_since(commit):
                return f"{name} has run meanwhile"
            held = looked[name.key] if name.key in looked else self._held[name.key]
            left = "view" if commit.row_count is None else commit.row_count
            if held is None:
                return f"{name} is gone"
            if held != left:
                is_number = isinstance(held, int) and isinstance(left, int)
                what = f"has {held:,} rows where its last run left {left:,}" if is_number else ""
                return f"{name} {what or 'was replaced'}"
        return ""

    def _look(self, names: Iterable[TableName]) -> dict[Key, int | Literal["view"] | None]:
        wanted = list(names)
        found = row_counts(self._warehouse, wanted, self._project.settings.catalog)
        return {name.key: found.get(name.key) for name in wanted}

    def _has_run_since(self, commit: Commit) -> bool:
        """Whether another session of this process has run the model."""
        last = last_commit(self._warehouse, commit.model_name)
        return last is None or last.version != commit.version

    def _macros(self) -> str:
        """Whether somebody's macro stands before a function of DuckDB's own, as a clause."""
        if self._shadow is None:
            own = {function.name.key for function in self._project.graph.functions.values()}
            others = macros_of_others(self._warehouse) - own
            above = sorted(name for _, name in others if name in _DUCKDBS)
            self._shadow = f"the database has a macro {above[0]}" if above else ""
        return self._shadow

    def _triggers(self, inputs: Inputs) -> str:
        """Whether t4t's own statements may have written tables of others, as a clause."""
        if not any(name.startswith(SOURCE) for name in inputs.known):
            return ""
        # Who makes or drops one writes the database, and what was noted before counts no more.
        if self._has_triggers is None:
            self._has_triggers = has_triggers(self._warehouse)
        return "the database has triggers, which may write any table" if self._has_triggers else ""
