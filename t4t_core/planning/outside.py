"""What a model reads that nothing in its project makes."""

from __future__ import annotations

from t4t_core.errors import VariableError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.planning.unknown_inputs import UnknownInputError
from t4t_core.sql.files import with_files
from t4t_core.sql.files_read import (
    READERS,
    FileName,
    UnreadableNameError,
    files_read,
    is_named_file,
)
from t4t_core.sql.filled import with_values
from t4t_core.sql.query import Query
from t4t_core.sql.tables import TableRef


def files_of(model: Model, graph: Graph, request: Request) -> tuple[FileName, ...]:
    """The files that the text of a model reads, each once; not those of what it reads.

    Raises:
        UnknownInputError: The text does not say which.
    """
    query = model.source
    if not isinstance(query, Query):
        raise UnknownInputError("it is written in Python")
    calls = {word.removesuffix("()") for word in query.unsteady} & READERS
    if not calls and not any(is_named_file(ref) for ref in query.tables):
        return ()
    try:
        values = {**query.defaults, **request.variables}
        tree = with_values(query.tree, query.placeholders, values, query.place)
        tree = with_files(tree, graph.folder)

        def is_own(name: str) -> bool:
            return graph.called(TableRef("", "", name), model.name.schema) is not None

        return tuple(dict.fromkeys(files_read(tree.dfs(), is_own)))
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
