"""Runs of one model on tables that are given, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError, Place, UsageError
from t4t_core.models import Model
from t4t_core.names import quoted
from t4t_core.planning.facts import Column
from t4t_core.planning.request import Request
from t4t_core.project.load import Project, with_variables
from t4t_core.report import ModelReport
from t4t_core.running.run import require_variables
from t4t_core.running.session import Session
from t4t_core.sql.query import Query
from t4t_core.state.ledger import last_commits
from t4t_core.state.ledger_tables import ensure_ledger
from t4t_core.unit_tests.before import leave_input, leave_table
from t4t_core.unit_tests.inputs import (
    Input,
    input_named,
    inputs,
    needed,
    with_tables_for,
    without_hooks,
)
from t4t_core.unit_tests.rows import Shape, fill, shape_of
from t4t_core.written.unit_tests import UnitRunConfig, UnitTestConfig


class Outcome(Struct, frozen=True):
    """What one run left.

    Attributes:
        report: What the run did.
        model: The model as it ran.
        warehouse: Holds its table, until the next run.
        variables: What placeholders took.
        given: The tables that the test gave it.
    """

    report: ModelReport
    model: Model
    warehouse: Warehouse
    variables: Mapping[str, object]
    given: tuple[Input, ...] = ()

    @property
    def table(self) -> str:
        """The model's table: its full name, quoted."""
        catalog = str(self.warehouse.rows("SELECT current_database()")[0][0])
        name = self.model.name
        return ".".join(quoted(part) for part in (catalog, name.schema, name.name))


class _Bench(Struct):
    """A database in memory and what was put into it.

    Attributes:
        given: The inputs that have rows, by key.
        catalogs: The databases that are attached, in lower case.
    """

    warehouse: Warehouse
    test: UnitTestConfig
    place: Place | None
    given: set[tuple[str, ...]] = field(default_factory=set)
    catalogs: set[str] = field(default_factory=set)


def outcomes(
    project: Project, model: str, test: UnitTestConfig, place: Place | None
) -> Iterator[Outcome]:
    """Runs a model as a test says; gives what each run left, before the next one begins.

    Nothing is read from or written to the project's database and its state. The session's time
    zone is UTC.

    Args:
        project: The project.
        model: The model's name.
        test: What each run finds.
        place: Where the test is written, where that is known.

    Raises:
        T4tError: The test or the project is wrong; an error of the model's is in its report.
    """
    catalog = project.settings.catalog
    with Warehouse.open_empty(catalog) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        ensure_ledger(warehouse)
        bench = _Bench(warehouse, test, place, catalogs={catalog.lower()})
        for number, step in enumerate(test.steps):
            prepared = _prepared(with_variables(project, step.vars), model, test)
            yield _ran(bench, prepared, model, step, is_first=number == 0)


def _prepared(project: Project, model: str, test: UnitTestConfig) -> Project:
    """The project with tables where the test gives rows for an ephemeral model, or runs one."""
    node = project.graph.node(model)
    assert isinstance(node, Model), "looked at when the test was read"
    known = inputs(node, project.graph)
    named = [
        input_named(text, node, project.graph, known) for step in test.steps for text in step.given
    ]
    keys = [one.name.key for one in named if one.is_ephemeral]
    if node.is_ephemeral:
        keys.append(node.name.key)
    return without_hooks(with_tables_for(project, keys))


def _ran(
    bench: _Bench, project: Project, name: str, step: UnitRunConfig, *, is_first: bool
) -> Outcome:
    model = project.graph.node(name)
    assert isinstance(model, Model), "looked at when the test was read"
    request = Request(
        variables=project.variables,
        full_refresh=step.full_refresh,
        now=step.now or datetime.now(UTC),
    )
    require_variables(project, [model], request)
    given = _give(bench, project, model, step)
    if is_first and bench.test.table_before is not None:
        # A query's columns do not depend on the rows, and rows that it cannot read are for the run
        # to refuse. A function is called with the rows that it will be given.
        if isinstance(model.source, Query):
            for one in given:
                bench.warehouse.execute(
                    f"CREATE OR REPLACE TABLE {one.sql} AS FROM {one.sql} LIMIT 0"
                )
        try:
            leave_table(
                model,
                bench.test.table_before,
                bench.test.watermark_before,
                project,
                request,
                bench.warehouse,
                bench.place,
            )
        except DatabaseError as error:
            error.hint = error.hint or hint_of_columns(error.what, given, bench.warehouse)
            raise
        _give(bench, project, model, step)
    session = Session(project, bench.warehouse, last_commits(bench.warehouse))
    report = session.run(model, request)
    return Outcome(report, model, bench.warehouse, project.variables, given)


def hint_of_columns(error: str, given: Iterable[Input], warehouse: Warehouse) -> str | None:
    """The columns of the test's tables, where a query asks for one that is not there; else None."""
    if "Binder Error" not in error:
        return None
    tables = []
    for one in given:
        columns = warehouse.columns(f"FROM {one.sql}")
        tables.append(f"{one} ({', '.join(column.name for column in columns)})")
    return (
        "give the tables the columns that the query reads; the test gives "
        f"{', '.join(tables) or 'none'}"
    )


def _give(bench: _Bench, project: Project, model: Model, step: UnitRunConfig) -> tuple[Input, ...]:
    """Puts the step's rows in place; gives the tables that got some."""
    graph = project.graph
    known = inputs(model, graph)
    named = [(input_named(text, model, graph, known), rows) for text, rows in step.given.items()]
    given = {one.key: (one, rows) for one, rows in named}
    for one, rows in given.values():
        _attach(bench, one)
        shape = _shape(bench.test, one, model, project, known)
        fill(one.sql, rows, shape, bench.warehouse, bench.place)
        if one.node is not None:
            leave_input(one.node, bench.warehouse)
        bench.given.add(one.key)
    missing = [str(one) for one in needed(model, graph) if one.key not in bench.given]
    if missing:
        raise UsageError(
            f"'given' has no rows for {', '.join(missing)}, which {model} reads",
            place=bench.place,
            hint=f'"given": {{"{missing[0]}": [...]}}; an empty list of rows needs "types"',
        )
    return tuple(one for one, _ in given.values())


def _shape(
    test: UnitTestConfig, one: Input, model: Model, project: Project, known: Sequence[Input]
) -> Shape:
    graph = project.graph
    many = [
        rows
        for step in test.steps
        for text, rows in step.given.items()
        if input_named(text, model, graph, known).key == one.key
    ]
    written = [
        Column(column, type_)
        for text, types in test.types.items()
        if input_named(text, model, graph, known).key == one.key
        for column, type_ in types.items()
    ]
    own = {column.name.lower() for column in written}
    declared = [column for column in one.declared if column.name.lower() not in own]
    return shape_of(many, [*declared, *written], project.variables)


def _attach(bench: _Bench, one: Input) -> None:
    """Makes the database and the schema that an input stands in."""
    catalog = quoted(one.catalog)
    if one.catalog.lower() not in bench.catalogs:
        bench.warehouse.execute(f"ATTACH ':memory:' AS {catalog}")
        bench.catalogs.add(one.catalog.lower())
    bench.warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{quoted(one.name.schema)}")
