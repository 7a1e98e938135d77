"""The seeds of a project's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from t4t_core.config.seed import SeedConfig
from t4t_core.errors import Place, ProjectError, T4tError, UsageError
from t4t_core.names import TableName
from t4t_core.project.folders import schema_of
from t4t_core.project.metadata import read_metadata
from t4t_core.project.python_files import public_names_for, run_file
from t4t_core.project.settings import Settings
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.seeds.seed import SUFFIXES, Seed, seed_parts

_READ_ME = (".md", ".txt")


def read_seeds(
    settings: Settings, sql: SqlTexts, variables: Mapping[str, object], mistakes: list[T4tError]
) -> list[Seed]:
    """The seeds of `seeds/`; what is wrong in them is added to the mistakes."""
    root = settings.folder / "seeds"
    if not root.is_dir():
        return []
    found: list[Seed] = []
    files = sorted(root.rglob("*"))
    with public_names_for(files, settings.folder):
        for file in files:
            is_hidden = file.name.startswith((".", "_")) or "__pycache__" in file.parts
            if is_hidden or not file.is_file() or file.suffix.lower() in _READ_ME:
                continue
            try:
                found += _seed_of(file, root, settings, sql, variables)
            except ProjectError as error:
                mistakes += error.problems
            except T4tError as error:
                mistakes.append(error)
    return found


def _seed_of(
    file: Path, root: Path, settings: Settings, sql: SqlTexts, variables: Mapping[str, object]
) -> Iterator[Seed]:
    stem, form = seed_parts(file)
    if file.suffix == ".py":
        beside = [other for other in file.parent.iterdir() if other != file]
        if not any(seed_parts(other)[0] == stem for other in beside):
            raise UsageError(
                "there is no seed that this metadata could be for",
                place=Place(file),
                hint=f"call it as the seed beside it, such as {stem}.csv",
            )
        return
    if form not in SUFFIXES:
        raise UsageError(
            f"a seed is one of {', '.join(SUFFIXES)}, not {file.suffix or file.name!r}",
            place=Place(file),
            hint="convert it, or begin its name with an underscore",
        )
    name = TableName(schema_of(file, root, settings), stem)
    companion = file.with_name(f"{stem}.py")
    if not companion.is_file():
        config = read_metadata(SeedConfig, {}, Place(file), str(name), variables, sql.kept, "seed")
        yield Seed(name, file, Place(file), config)
        return
    place = Place(companion)
    names, _ = run_file(companion, variables)
    metadata = names.get("metadata")
    if not isinstance(metadata, dict):
        raise UsageError(
            "the file stands beside a seed of the same name, but sets no dict `metadata`",
            place=place,
            hint="metadata: SeedMetadata = {...}",
        )
    config = read_metadata(SeedConfig, metadata, place, str(name), variables, sql.kept, "seed")
    _check(config, form, place, name)
    yield Seed(name, file, place, config, _types(config, place, name, sql))


def _check(config: SeedConfig, form: str, place: Place, name: TableName) -> None:
    """Refuses what the file's form has no use for.

    Raises:
        UsageError: An option of CSV is set for another form, or the columns have no names.
    """
    options = list(config.csv_options)
    if options and form not in (".csv", ".tsv"):
        raise UsageError(
            f"{options[0]!r} is for CSV and TSV, not for {form}",
            place=place,
            model=str(name),
            noun="seed",
        )
    if config.header is False and not config.schema_:
        raise UsageError(
            "a file without a header needs the names of its columns",
            place=place,
            model=str(name),
            noun="seed",
            hint='give them in order: "schema": [{"name": ...}, ...]',
        )


def _types(
    config: SeedConfig, place: Place, name: TableName, sql: SqlTexts
) -> tuple[tuple[str, str], ...]:
    """The columns that the metadata gives a type, with what DuckDB calls it.

    Raises:
        UsageError: One is no type.
    """
    found = []
    for column, written in config.types.items():
        type_ = sql.type(written)
        if type_ is None:
            raise UsageError(
                f"the column {column!r} has the type {written!r}, which is none",
                place=place,
                model=str(name),
                noun="seed",
            )
        found.append((column, type_))
    return tuple(found)
