"""`project.toml`, with its paths and environment variables resolved."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from t4t_core.config import FlagsConfig, ProjectConfig
from t4t_core.config.mistakes import MistakesError
from t4t_core.config.project import AttachConfig, LimitsConfig
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.other_database import DEFERRED, OtherDatabase
from t4t_core.project.attached import refuse_clashes
from t4t_core.project.environments import CHOICE, chosen
from t4t_core.project.kept_readings import KeptReadings
from t4t_core.project.public_environments import with_public_environments

FILE_NAME = "project.toml"
_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


class Settings(Struct, frozen=True):
    """A project's configuration with absolute paths.

    Attributes:
        folder: The project folder.
        database: The DuckDB file.
        state: `tee_state.db`.
        default_schema: The schema of models straight in `models/`, and of bare names.
        variables: `[vars]`.
        dialect: The sqlglot dialect that SQL models are written in; there may be none such.
        dialect_place: Where that is said.
        lock_timeout_s: Seconds to wait for another process to give the database free.
        limits: What DuckDB may use, by its names; empty where nothing is set.
        others: Databases of `[attach]`.
        env: The environment, or empty where none was chosen.
    """

    folder: Path
    database: Path
    state: Path
    default_schema: str
    flags: FlagsConfig
    variables: Mapping[str, Any]
    dialect: str
    dialect_place: Place
    lock_timeout_s: float
    limits: Mapping[str, str | int | bool] = field(default_factory=dict)
    others: tuple[OtherDatabase, ...] = ()
    env: str = ""

    @property
    def is_deferring(self) -> bool:
        """Whether models that are not built here are read from the database of `defer_to`."""
        return any(other.name == DEFERRED for other in self.others)

    @property
    def catalog(self) -> str:
        """The name that DuckDB gives to the database: the file's name up to its first dot.

        Its own catalogs keep their names: `main.duckdb` becomes `main_db`.
        """
        stem = self.database.name.lstrip(".").split(".")[0]
        return f"{stem}_db" if stem.lower() in ("main", "temp", "system") else stem


def project_folder(folder: Path) -> Path:
    """The whole path of a project's folder, of which its `project.toml` may have been given."""
    if folder.name == FILE_NAME and folder.is_file():
        folder = folder.parent
    return folder.expanduser().resolve()


def read_settings(
    folder: Path,
    environment: Mapping[str, str] | None = None,
    env: str | None = None,
    kept: KeptReadings | None = None,
) -> Settings:
    """The settings of the project in a folder.

    Args:
        folder: The folder that holds `project.toml`, or that file.
        environment: What `${NAME}` reads; the process's own by default.
        env: The environment of `project.toml` to take; T4T_ENV names it by default.
        kept: What is known from the load before.

    Raises:
        UsageError: There is no project or environment, or its TOML is broken.
        ProjectError: The TOML says something that t4t does not know.
    """
    folder = project_folder(folder)
    file = folder / FILE_NAME
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}",
            hint="give the folder that holds project.toml; `t4t init NAME` makes one",
        )
    if not file.is_file():
        raise UsageError(
            f"there is no {FILE_NAME} in {folder}",
            hint="give the folder that holds project.toml; `t4t init NAME` makes one",
        )
    surroundings = os.environ if environment is None else environment
    asked = surroundings.get(CHOICE, "") if env is None else env
    written, name = with_public_environments(_read_toml(file), asked, Place(file))
    taken = chosen(written, name, Place(file))
    missing: list[T4tError] = []
    values = _filled(taken.values, surroundings, lambda at: _place(file, taken.at(at)), missing)
    if missing:
        raise ProjectError(tuple(missing))
    try:
        config = _checked(values, kept)
    except MistakesError as error:
        raise ProjectError(
            tuple(
                UsageError(f"{_path(taken.at(at))}{what}", place=_place(file, taken.at(at)))
                for at, what in error.found
            )
        ) from error
    if config.connection.path == ":memory:":
        raise UsageError(
            "a database in memory is gone after each run, and its state with it",
            place=_place(file, taken.at(("connection", "path"))),
            hint='give a file, such as path = "data/warehouse.duckdb"',
        )
    own_names = {folder.name, config.project_folder or folder.name}
    settings = Settings(
        folder=folder,
        database=_absolute(config.connection.path, folder, own_names),
        state=_absolute(config.state.path, folder, own_names),
        default_schema=config.connection.schema_,
        flags=config.flags,
        variables=config.vars,
        dialect=config.source_sql_dialect,
        dialect_place=_place(file, taken.at(("source_sql_dialect",))),
        lock_timeout_s=config.connection.lock_timeout_s,
        limits=_limits(config.connection.limits, folder, own_names),
        others=_deferred(config, folder, own_names, _place(file, taken.at(("defer_to",))))
        + tuple(
            _other_database(
                name, other, folder, own_names, _place(file, taken.at(("attach", name)))
            )
            for name, other in config.attach.items()
        ),
        env=name,
    )
    refuse_clashes(settings.others, settings.database, settings.state, settings.catalog)
    return settings


def _checked(values: Mapping[str, Any], kept: KeptReadings | None) -> ProjectConfig:
    def read() -> ProjectConfig:
        # Most loads find that it was checked before, and wait for no pydantic.
        from t4t_core.written.read import read

        return read(ProjectConfig, values)

    # Environment variables are filled in, and passwords may be among them.
    return read() if kept is None else kept.checked_in_secret(ProjectConfig, read, values)


def _limits(config: LimitsConfig, folder: Path, own_names: set[str]) -> dict[str, str | int | bool]:
    limits = {name: value for name, value in asdict(config).items() if value is not None}
    if config.temp_directory is not None:
        limits["temp_directory"] = str(_absolute(config.temp_directory, folder, own_names))
    return limits


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        found = _TOML_PLACE.search(str(error))
        place = Place(file, int(found[1]), int(found[2])) if found else Place(file)
        what = str(error).replace(found[0], "").strip() if found else str(error)
        raise UsageError(f"this is not TOML: {what}", place=place) from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"cannot be read: {error}", place=Place(file)) from error


def _filled(
    value: Any,
    environment: Mapping[str, str],
    place_of: Callable[[tuple[str, ...]], Place],
    missing: list[T4tError],
    at: tuple[str, ...] = (),
) -> Any:
    """The value with `${NAME}` and `${NAME:-default}` replaced in its texts."""
    if isinstance(value, dict):
        return {k: _filled(v, environment, place_of, missing, (*at, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, environment, place_of, missing, at) for v in value]
    if not isinstance(value, str):
        return value

    def replacement(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if environment.get(name):
            return environment[name]
        if default is not None:
            return default
        if name in environment:
            return ""
        missing.append(
            UsageError(
                f"the environment variable {name} is not set",
                place=place_of(at),
                hint=f"set it, or give it a default: ${{{name}:-value}}",
            )
        )
        return ""

    return _ENVIRONMENT.sub(replacement, value)


def _deferred(
    config: ProjectConfig, folder: Path, own_names: set[str], place: Place
) -> tuple[OtherDatabase, ...]:
    """The database of `defer_to`; none where that is the project's own."""
    if config.defer_to is None:
        return ()
    written = AttachConfig(path=config.defer_to)
    other = _other_database(DEFERRED, written, folder, own_names, place)
    return () if other.file == _absolute(config.connection.path, folder, own_names) else (other,)


def _other_database(
    name: str, written: AttachConfig, folder: Path, own_names: set[str], place: Place
) -> OtherDatabase:
    is_file = written.type in ("duckdb", "sqlite") and "://" not in written.path
    path = _absolute(written.path, folder, own_names) if is_file else None
    return OtherDatabase(
        name=name,
        source=written.path if path is None else str(path),
        kind=written.type,
        is_read_only=written.read_only,
        file=path,
        place=place,
    )


def _absolute(path: str, folder: Path, own_names: set[str]) -> Path:
    """A path of the project, never taken from the working directory.

    Projects write `t_project/data/x.duckdb` in the project `t_project`: a path whose first
    part is the project's own name starts in the folder above.
    """
    written = Path(path).expanduser()
    if written.is_absolute():
        return written
    is_from_above = len(written.parts) > 1 and written.parts[0] in own_names
    if is_from_above and written.parts[0] == folder.name:
        return folder.parent / written
    if is_from_above:
        return folder.joinpath(*written.parts[1:])
    return folder / written


def _path(at: tuple[str, ...]) -> str:
    """`[connection] ` for a key in a table, so that the error names the table."""
    return f"[{'.'.join(at[:-1])}] " if len(at) > 1 else ""


def _place(file: Path, at: tuple[str, ...]) -> Place:
    """The line that sets a key, as well as a look at the lines can tell."""
    table = ""
    for number, line in enumerate(file.read_text("utf-8-sig").splitlines(), start=1):
        text = line.strip()
        if text.startswith("[") and "]" in text:
            table = text.strip("[]").strip()
            if table == ".".join(at):
                return Place(file, number, 1)
        elif table == ".".join(at[:-1]) and text.split("=")[0].strip().strip("\"'") == at[-1]:
            return Place(file, number, line.index(text[0]) + 1)
    return _place(file, at[:-1]) if len(at) > 1 else Place(file)
