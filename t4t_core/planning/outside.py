"""What a model reads that nothing in its project makes."""

from __future__ import annotations

from t4t_core.errors import VariableError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.planning.unknown_inputs import UnknownInputError
from t4t_core.sql.file_names import FileName, UnreadableNameError, file_names, is_named_file
from t4t_core.sql.query import Query
from t4t_core.sql.table_ref import TableRef
from t4t_core.sql.unset import require_values


def files_of(model: Model, graph: Graph, request: Request) -> tuple[FileName, ...]:
    """The files that the text of a model reads, each once; not those of what it reads.

    Raises:
        UnknownInputError: The text does not say which.
    """
    query = model.source
    if not isinstance(query, Query):
        raise UnknownInputError("it is written in Python")
    if not query.files:
        return ()

    def is_own(name: str) -> bool:
        return graph.called(TableRef("", "", name), model.name.schema) is not None

    values = {**query.defaults, **request.variables}
    try:
        require_values(query.placeholders, values, query.place)
        return tuple(dict.fromkeys(file_names(query.files, values, graph.folder, is_own)))
    except VariableError as error:
        raise UnknownInputError("a window's bounds are part of it") from error
    except UnreadableNameError as error:
        raise UnknownInputError(str(error)) from error


def sources_of(model: Model, graph: Graph) -> tuple[tuple[str, ...], ...]:
    """The full names of the tables that a model reads and nothing in its project makes.

    Raises:
        UnknownInputError: One is a file that a function reads.
    """
    found: dict[tuple[str, ...], None] = {}
    for ref in graph.sources[model.name.key]:
        if not is_named_file(ref):
            found[graph.source_name(ref)] = None
        elif ref not in model.source.tables:
            raise UnknownInputError(f"a function reads the file {ref.name!r}")
    return tuple(found)


def reads_tables_of_others(graph: Graph) -> bool:
    """Whether any model reads a table that nothing in the project makes."""
    return any(not is_named_file(ref) for refs in graph.sources.values() for ref in refs)
