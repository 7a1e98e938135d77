"""A small project with one incremental model, run in this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from database_file import rows_from

from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.request import Request
from t4t_core.project.load import Project, load_project
from t4t_core.report import ModelReport, Report
from t4t_core.running.run import run_nodes
from t4t_core.running.session import Session

Row = tuple[Any, ...]


def incremental(strategy: str, **settings: object) -> dict[str, Any]:
    """The metadata of an incremental model whose time column is `c` unless told."""
    own: dict[str, object] = {"time_column": "c"}
    if strategy == "merge":
        own["unique_key"] = ["id"]
    return {
        "materialization": "incremental",
        "incremental": {"strategy": strategy, strategy: own | settings},
    }


def scd2(strategy: str, **settings: object) -> dict[str, Any]:
    """The metadata of a model that keeps the history of the key `id`, by the time `c` or values."""
    own: dict[str, object] = {"strategy": strategy, "unique_key": "id"}
    if strategy == "timestamp":
        own["updated_at"] = "c"
    return {"materialization": "scd2", "scd2": own | settings}


class Lab:
    """A project folder with its database; the source is the table `main.src`.

    Attributes:
        folder: The project.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "models" / "m").mkdir(parents=True)
        self.settings()

    def settings(self, flags: Mapping[str, object] | None = None, **connection: object) -> None:
        """Writes `project.toml`."""
        lines = ["[connection]", 'path = "data/w.duckdb"', 'schema = "m"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in connection.items()]
        lines += ["[flags]", *(f"{key} = {json.dumps(v)}" for key, v in (flags or {}).items())]
        (self.folder / "project.toml").write_text("\n".join(lines) + "\n")

    @property
    def database(self) -> Path:
        return self.folder / "data" / "w.duckdb"

    @property
    def state(self) -> Path:
        return self.folder / "data" / "tee_state.db"

    def model(self, sql: str, metadata: Mapping[str, Any] | None = None, name: str = "t") -> None:
        """Writes the model `m.<name>`."""
        comment = f"-- metadata: {json.dumps(metadata)}\n" if metadata is not None else ""
        (self.folder / "models" / "m" / f"{name}.sql").write_text(comment + sql + "\n")

    def python(self, text: str, name: str = "t") -> None:
        """Writes the Python file of the model `m.<name>`."""
        (self.folder / "models" / "m" / f"{name}.py").write_text(text)

    def sql(self, *statements: str) -> list[Row]:
        """Runs statements on the database as somebody else; gives the rows of the last."""
        return rows_from(self.database, *statements)

    def project(self, **variables: object) -> Project:
        return load_project(self.folder, variables)

    def report(self, *, full_refresh: bool = False, **variables: object) -> Report:
        """Runs the whole project."""
        project = self.project(**variables)
        request = Request(variables=project.variables, full_refresh=full_refresh)
        return run_nodes(project, project.graph.select(), request)

    def run(
        self, name: str = "t", *, full_refresh: bool = False, **variables: object
    ) -> ModelReport:
        """Runs the project; gives what happened to one model, which must have succeeded.

        The rows that it reports are those of the table.
        """
        found = self.result(name, full_refresh=full_refresh, **variables)
        assert found.status == "success", found.error
        if found.row_count is not None:
            assert self.sql(f'SELECT count(*) FROM m."{name}"') == [(found.row_count,)]
        return found

    def changed(self, **variables: object) -> dict[str, ModelReport]:
        """What happened to each model that was not left as it was."""
        project = self.project(**variables)
        request = Request(variables=project.variables, only_changed=True)
        report = run_nodes(project, project.graph.select(), request)
        assert report.status == "success", [model.error for model in report.models]
        found = {model.model_name.removeprefix("m."): model for model in report.models}
        return {name: model for name, model in found.items() if model.mode != "skipped"}

    def failure(
        self, name: str = "t", *, full_refresh: bool = False, **variables: object
    ) -> ModelReport:
        """Runs the project; gives what happened to one model, which must have failed."""
        found = self.result(name, full_refresh=full_refresh, **variables)
        assert found.status == "failed"
        assert found.error is not None
        return found

    def run_once(self, project: Project, name: str = "t") -> ModelReport:
        """Runs one model of a project that was read before."""
        nodes = [project.graph.node(f"m.{name}")]
        (report,) = run_nodes(project, nodes, Request()).models
        return report

    def result(
        self, name: str = "t", *, full_refresh: bool = False, **variables: object
    ) -> ModelReport:
        report = self.report(full_refresh=full_refresh, **variables)
        return next(model for model in report.models if model.model_name == f"m.{name}")

    def rows(self, query: str = "SELECT * FROM m.t") -> list[Row]:
        """The rows of a query, sorted by their text: a bag."""
        return sorted(self.sql(query), key=repr)

    def ledger(self) -> list[Row]:
        return self.sql(
            "SELECT model_name, version, watermark, data_version FROM _t4t.commits ORDER BY ALL"
        )

    def state_rows(self) -> list[Row]:
        assert self.state.is_file()
        return rows_from(self.state, "SELECT * FROM tee_model_state ORDER BY ALL")

    def everything(self) -> tuple[object, ...]:
        """What a failed run must leave as it was: the table, the ledger, the state."""
        tables = self.sql(
            "SELECT table_schema, table_name, column_name, data_type "
            "FROM information_schema.columns ORDER BY ALL"
        )
        return tables, self.rows(), self.ledger(), self.state_rows()

    def refreshed(self, **variables: object) -> list[Row]:
        """What a full refresh would give, as a bag; the table itself is not touched."""
        project = self.project(**variables)
        request = Request(variables=project.variables, full_refresh=True)
        connection = duckdb.connect()
        connection.execute(f"ATTACH '{self.database}' AS there (READ_ONLY)")
        connection.execute("ATTACH ':memory:' AS w")
        connection.execute("COPY FROM DATABASE there TO w")
        connection.execute("USE w; DETACH there")
        with connection:
            session = Session(project, Warehouse.borrowed(connection))
            for node in project.graph.select():
                report = session.run(node, request)
                assert report.status == "success", report.error
            return sorted(connection.execute("SELECT * FROM m.t").fetchall(), key=repr)


def moment(value: object) -> object:
    """Day 5 is 2024-01-05; text is a moment itself."""
    return f"2024-01-{value:02d}" if isinstance(value, int) else value


def sql_text(value: object) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)
