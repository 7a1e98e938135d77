"""A project, read whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from t4t_core.checks import Assigned
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.graph import Graph, build_graph
from t4t_core.models import Model
from t4t_core.names import TableName
from t4t_core.project.attached import refuse_schemas
from t4t_core.project.checks import metadata_checks, project_checks
from t4t_core.project.dialects import refuse_unknown_dialect
from t4t_core.project.folders import schema_of
from t4t_core.project.garbage import no_garbage_sought
from t4t_core.project.kept_readings import KeptReadings, kept_readings
from t4t_core.project.models import declared_models, sql_model
from t4t_core.project.python_files import public_names_for, run_file
from t4t_core.project.seeds import read_seeds
from t4t_core.project.settings import Settings, project_folder, read_settings
from t4t_core.project.sql_tests import read_sql_tests
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.sql_functions.function import Function


class Project(Struct, frozen=True):
    """A project's settings and everything its files define.

    Attributes:
        settings: `project.toml`.
        graph: Models and seeds with what they read.
        variables: What placeholders take: those given over `[vars]`.
        reads_variables_when_loaded: Whether other variables may give other models: Python files
            and metadata read them.
        checks: The data tests, at the tables that they belong to.
    """

    settings: Settings
    graph: Graph
    variables: Mapping[str, object]
    reads_variables_when_loaded: bool = False
    checks: Assigned = field(default_factory=Assigned)

    @property
    def models(self) -> tuple[Model, ...]:
        """The models, parents before children."""
        return self.graph.models


def with_variables(project: Project, variables: Mapping[str, object]) -> Project:
    """The project with these variables above its own; read again where they reach into its files.

    Raises:
        ProjectError: With these variables something in it is wrong.
    """
    if not variables:
        return project
    values = {**project.variables, **variables}
    if project.reads_variables_when_loaded:
        return load_project(project.settings.folder, values, env=project.settings.env)
    return replace(project, variables=values)


class _Watched(Mapping[str, object]):
    """Variables that know whether anything looked at them."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self.was_read = False

    def __getitem__(self, name: str) -> object:
        self.was_read = True
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        self.was_read = True
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def load_project(
    folder: str | Path,
    variables: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    env: str | None = None,
) -> Project:
    """The project in a folder, with every mistake in its files collected and shown together.

    Args:
        folder: The folder that holds `project.toml`.
        variables: Over those of `[vars]`.
        environment: What `${NAME}` in `project.toml` reads; the process's own by default.
        env: The environment of `project.toml` to take; T4T_ENV names it by default.

    Raises:
        UsageError: There is no project.
        ProjectError: All that is wrong in it.
    """
    with no_garbage_sought():
        kept = kept_readings(project_folder(Path(folder)))
        settings = read_settings(Path(folder), environment, env, kept)
        return _read(settings, variables or {}, kept)


def _read(settings: Settings, variables: Mapping[str, object], kept: KeptReadings) -> Project:
    values = {**settings.variables, **variables}
    mistakes: list[T4tError] = []
    watched = _Watched(values)
    sql = SqlTexts(settings.dialect, kept)
    refuse_unknown_dialect(settings.dialect, settings.dialect_place, sql)
    models = _models(settings, sql, watched, mistakes)
    seeds = read_seeds(settings, sql, watched, mistakes)
    functions = _functions(settings, sql, watched, mistakes)
    sql_tests = read_sql_tests(settings.folder, sql, mistakes)
    own_checks = metadata_checks([*seeds, *models], sql_tests, sql, mistakes)
    sql.keep()
    names = [each.name for each in models] + [each.name for each in seeds]
    names += [each.name for each in functions]
    try:
        refuse_schemas(settings.others, {name.schema for name in names})
    except T4tError as error:
        mistakes.append(error)
    if not mistakes:
        try:
            graph = build_graph(
                models,
                seeds,
                settings.catalog,
                settings.default_schema,
                functions,
                settings.folder,
                [other.name for other in settings.others],
            )
        except T4tError as error:
            mistakes.append(error)
    if mistakes:
        raise ProjectError(tuple(mistakes))
    return Project(
        settings,
        graph,
        values,
        reads_variables_when_loaded=watched.was_read,
        checks=project_checks(own_checks, sql_tests, graph),
    )


def _functions(
    settings: Settings,
    sql: SqlTexts,
    variables: Mapping[str, object],
    mistakes: list[T4tError],
) -> list[Function]:
    root = settings.folder / "functions"
    if not root.is_dir():
        return []
    # Imported here because few projects have functions, and every command waits for its imports.
    from t4t_core.project.functions import read_functions

    return read_functions(root, settings, sql, variables, mistakes)


def _models(
    settings: Settings,
    sql: SqlTexts,
    variables: Mapping[str, object],
    mistakes: list[T4tError],
) -> list[Model]:
    root = settings.folder / "models"
    if not root.is_dir():
        mistakes.append(
            UsageError(f"the project has no folder {root}", hint="put the models' files there")
        )
        return []
    found: list[Model] = []
    files = [path for path in root.rglob("*") if path.suffix in (".sql", ".py")]
    names = {str(file) for file in files}
    with public_names_for(files, settings.folder):
        for file in sorted(files):
            if file.name.startswith("_") or "__pycache__" in file.parts:
                continue
            # Most files stand alone, which needs no look at the disk.
            other = str(file)[: -len(file.suffix)] + (".py" if file.suffix == ".sql" else ".sql")
            is_paired = other in names and Path(other).is_file()
            if is_paired and file.suffix == ".py":
                continue
            try:
                found += _models_of(file, is_paired, root, settings, sql, variables)
            except ProjectError as error:
                mistakes += error.problems
            except T4tError as error:
                mistakes.append(error)
    return found


def _models_of(
    file: Path,
    is_paired: bool,
    root: Path,
    settings: Settings,
    sql: SqlTexts,
    variables: Mapping[str, object],
) -> Iterator[Model]:
    schema = schema_of(file, root, settings)
    if file.suffix == ".py":
        _, declared = run_file(file, variables)
        if not declared:
            raise UsageError(
                "the file declares no model",
                place=Place(file),
                hint="use @model or create_model, put a .sql file of the same name beside it, "
                "or begin its name with an underscore",
            )
        yield from declared_models(file, declared, schema, sql, variables)
        return
    companion = file.with_suffix(".py")
    metadata: dict[str, Any] | None = None
    if is_paired:
        names, declared = run_file(companion, variables)
        yield from declared_models(companion, declared, schema, sql, variables)
        metadata = _metadata(names, companion)
    yield sql_model(file, TableName(schema, file.stem), metadata, companion, sql, variables)


def _metadata(names: Mapping[str, Any], file: Path) -> dict[str, Any] | None:
    """The variable `metadata`; None in a file that only holds unit tests."""
    if "metadata" not in names:
        if "unit_tests" in names:
            return None
        raise UsageError(
            "the file stands beside a .sql file of the same name, but sets no variable `metadata`",
            place=Place(file),
            hint="metadata: ModelMetadata = {...}",
        )
    metadata = names["metadata"]
    if not isinstance(metadata, dict):
        raise UsageError(
            f"`metadata` is a {type(metadata).__name__}, not a dict", place=Place(file)
        )
    return metadata
