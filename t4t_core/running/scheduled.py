"""The schedule of a run: what its nodes wait for, and what keeps two from running at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from t4t_core.checks.query import Node
from t4t_core.data_tests.in_builds import functions_of_tests
from t4t_core.engines.duckdb import Warehouse
from t4t_core.engines.held_tables import schemas
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.planning.definition_inputs import may_write_others
from t4t_core.planning.request import Request
from t4t_core.project.load import Project
from t4t_core.resolution import Key
from t4t_core.running.order import done_before
from t4t_core.running.schedule import Schedule
from t4t_core.sql.statements import create_schema
from t4t_core.sql_functions.function import Function
from t4t_core.sql_functions.made import unmade_functions


def scheduled(
    nodes: Sequence[Node],
    project: Project,
    request: Request,
    warehouse: Warehouse,
    reads: Mapping[Key, frozenset[Key]],
    threads: int,
) -> Schedule:
    """The schedule of a run; where several nodes may run at a time, they find their schemas made.

    Args:
        nodes: In the order of a run of one after the other.
        project: Their project.
        request: What the run is asked to do.
        warehouse: Nothing was run in it yet.
        reads: For each node, the others that it reads.
        threads: How many may run at a time.
    """
    if threads == 1:
        return Schedule(nodes, reads)  # in their order, by which tests find their tables
    called = {node.name.key: _functions(node, project, request) for node in nodes}
    _make_schemas(nodes, called, project, warehouse)
    known = {function.name.key: function for found in called.values() for function in found}
    unmade = _unmade(tuple(known.values()), project, request, warehouse)
    before = done_before(nodes, project, reads, with_tests=request.with_tests, unmade=unmade)
    claims = {
        key: [function.name.key for function in functions if function.name.key in unmade]
        for key, functions in called.items()
    }
    # A hook may write any table, and Python may do anything.
    alone = [node.name.key for node in nodes if isinstance(node, Model) and may_write_others(node)]
    return Schedule(nodes, before, alone, claims)


def _make_schemas(
    nodes: Sequence[Node],
    called: Mapping[Key, Sequence[Function]],
    project: Project,
    warehouse: Warehouse,
) -> None:
    """Makes the schemas that several nodes would make, of whose transactions DuckDB refuses one."""
    wanted: dict[str, TableName] = {}
    several: set[str] = set()
    for node in nodes:
        made = [function.name for function in called[node.name.key]]
        if not (isinstance(node, Model) and node.is_ephemeral):
            made.append(node.name)
        schemas_of_node = {name.key[0]: name for name in made}
        several |= wanted.keys() & schemas_of_node.keys()
        wanted = schemas_of_node | wanted  # spelled as the first would
    missing = several - schemas(warehouse) if several else several
    if missing:
        with warehouse.transaction():
            for schema in sorted(missing):
                warehouse.execute(create_schema(wanted[schema], project.settings.catalog))


def _functions(node: Node, project: Project, request: Request) -> tuple[Function, ...]:
    """What a node calls, what others call before them, and what its tests call."""
    own = project.graph.functions_of(node) if isinstance(node, Model) else ()
    return (*own, *functions_of_tests(node, project)) if request.with_tests else own


def _unmade(
    functions: tuple[Function, ...], project: Project, request: Request, warehouse: Warehouse
) -> Collection[Key]:
    """Which functions the database does not have as the project says."""
    try:
        found = unmade_functions(functions, project.graph, request, warehouse)
    except RunError:
        # What it says is told of the model that calls it.
        found = functions
    return {function.name.key for function in found}
