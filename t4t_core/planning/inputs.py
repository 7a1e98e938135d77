"""What the rows of a model depend on, and whether all of it can be known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct, field

from t4t_core.commit import Commit, is_of_hooks
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.planning.definition_inputs import definition_inputs, refuse_unknown
from t4t_core.planning.outside import files_of, sources_of
from t4t_core.planning.request import Request
from t4t_core.planning.unknown_inputs import UnknownInputError
from t4t_core.resolution import Key
from t4t_core.sql.file_names import FileName

READS: Final = "reads "
SOURCE: Final = "source "
FILES: Final = "files "


class Noted(Struct, frozen=True):
    """What a committed run has read.

    Attributes:
        version: Of the commit.
        inputs: As `Inputs.known`.
    """

    version: int
    inputs: Mapping[str, str]


class Inputs(Struct, frozen=True):
    """What the rows of a model depend on.

    Attributes:
        known: A fingerprint or version of each thing by its name; `reads m.a` is a table or view,
            `source raw.b` a table that nothing in the project makes, `files raw/*.csv` are files.
        unknown: Why that is not all, as a clause; empty where it is.
        read: The models and seeds whose tables and views are read, through views too.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    unknown: str = ""
    read: tuple[Key, ...] = ()

    @property
    def to_note(self) -> Mapping[str, str] | None:
        """What a run notes for the next one; None where not all of it is known."""
        return None if self.unknown else self.known


class Grounds(Struct, frozen=True):
    """What inputs are found from: what a run is asked to do, and what those before it left.

    Attributes:
        graph: The project's.
        request: What is asked.
        commits: The last commit of each model and seed, by its name in lower case.
        noted: Gives what the last run of a model has read, by its name, or None.
        files: Gives a version of the files of a name, or raises UnknownInputError.
        source: Gives one of a table that nothing in the project makes, by its full name, or raises
            UnknownInputError. It may change though the table did not.
    """

    graph: Graph
    request: Request
    commits: Mapping[str, Commit]
    noted: Callable[[str], Noted | None]
    files: Callable[[FileName], str]
    source: Callable[[tuple[str, ...]], str]


class _Read(Struct, frozen=True):
    """What was found of what a model reads, by itself, in ephemeral models and through views.

    Attributes:
        nodes: The version of each model and seed.
        outside: The version of what the project does not make, as in `Inputs.known`.
    """

    nodes: dict[Key, str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)


def inputs_of(model: Model, grounds: Grounds, surroundings: Mapping[str, str]) -> Inputs:
    """What the rows of a model depend on, if it ran now.

    Args:
        model: The model.
        grounds: What is known of its project.
        surroundings: What every model of the database depends on.
    """
    read = _Read()
    try:
        own = definition_inputs(model, grounds.graph, grounds.request)
        _read_by(model, grounds, read)
    except UnknownInputError as error:
        return Inputs(unknown=str(error))
    nodes = grounds.graph.nodes
    versions = {f"{READS}{nodes[key]}": version for key, version in read.nodes.items()}
    return Inputs({**own, **versions, **read.outside, **surroundings}, read=tuple(read.nodes))


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs between the inputs of two runs, as a clause; empty where nothing does."""
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    clauses = [_clause(name, before.get(name), now.get(name)) for name in names]
    more = len(clauses) - 3
    if more > 0:
        clauses[3:] = [f"{more:,} more"]
    return " and ".join(filter(None, (", ".join(clauses[:-1]), *clauses[-1:])))


def _clause(name: str, before: str | None, now: str | None) -> str:
    if name.startswith(READS):
        table = name.removeprefix(READS)
        if before is None:
            return f"it reads {table} now"
        return f"{table} changed" if now is not None else f"it reads {table} no more"
    if name.startswith((SOURCE, FILES)):
        is_file = name.startswith(FILES)
        read = repr(name.removeprefix(FILES)) if is_file else name.removeprefix(SOURCE)
        if before is None:
            return f"it reads {read} now"
        if now is None:
            return f"it reads {read} no more"
        return f"{read} changed" if is_file else f"others may have written {read} since"
    if name == "DuckDB":
        return f"DuckDB was {before}"
    return f"{name} changed"


def _read_by(model: Model, grounds: Grounds, found: _Read) -> None:
    """Adds the versions of what a model reads, by itself, in ephemeral models and through views.

    Raises:
        UnknownInputError: One has none.
    """
    found.outside.update(_outside(model, grounds))
    for key in grounds.graph.parents[model.name.key]:
        node = grounds.graph.nodes[key]
        if key in found.nodes:
            continue
        if isinstance(node, Model) and node.is_ephemeral:
            try:
                refuse_unknown(node, grounds.graph, grounds.request)
                _read_by(node, grounds, found)
            except UnknownInputError as error:
                raise UnknownInputError(f"of {node}: {error}") from error
            continue
        commit = grounds.commits.get(str(node).lower())
        if commit is None:
            raise UnknownInputError(f"{node} was never made")
        found.nodes[key] = commit.data_version
        if not isinstance(node, Model):
            # The same file makes the same version, and takes rows out that somebody added by hand.
            found.nodes[key] += f" {commit.version}"
            continue
        has_hooks = node.pre_hooks or node.post_hooks or is_of_hooks(commit.data_version)
        if node.strategy is not None and has_hooks:
            # Its data version counts the rows that its own statements wrote.
            raise UnknownInputError(f"{node} has hooks")
        if commit.materialization == "view" or node.config.materialization == "view":
            _look_through(node, commit, grounds, found)


def _outside(model: Model, grounds: Grounds) -> dict[str, str]:
    """The versions of what the model's own text reads and the project does not make.

    Raises:
        UnknownInputError: Something has none.
    """
    sources = sources_of(model, grounds.graph)
    files = files_of(model, grounds.graph, grounds.request)
    found = {f"{SOURCE}{'.'.join(name)}": grounds.source(name) for name in sources}
    return found | {f"{FILES}{name.pattern}": grounds.files(name) for name in files}


def _look_through(view: Model, commit: Commit, grounds: Grounds, found: _Read) -> None:
    """Adds the versions of what a view reads, whose own does not say what its rows are now.

    Raises:
        UnknownInputError: One has none, or the view in the database is not the one of the project.
    """
    through = _Read()
    try:
        wanted = definition_inputs(view, grounds.graph, grounds.request)
        _read_by(view, grounds, through)
    except UnknownInputError as error:
        raise UnknownInputError(f"of the view {view}: {error}") from error
    names = {f"{READS}{grounds.graph.nodes[key]}" for key in through.nodes} | set(through.outside)
    note = grounds.noted(str(view))
    is_as_written = (
        note is not None
        and note.version == commit.version
        and commit.origin == "run"
        and {name for name in note.inputs if name.startswith((READS, SOURCE, FILES))} == names
        and all(note.inputs.get(name) == text for name, text in wanted.items())
    )
    if not is_as_written:
        raise UnknownInputError(f"the view {view} was not made as its file says now")
    found.nodes.update(through.nodes)
    found.outside.update(through.outside)
