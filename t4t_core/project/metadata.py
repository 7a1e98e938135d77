"""A model's metadata, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import Struct

from t4t_core.config import ModelConfig
from t4t_core.config.mistakes import MistakesError
from t4t_core.errors import Noun, Place, ProjectError, UsageError
from t4t_core.project.kept_readings import KeptReadings
from t4t_core.sql.query import Query
from t4t_core.sql.unset import unset_variable

Said = TypeVar("Said", bound=Struct)

_JSON = json.JSONDecoder()

# These are read when the model runs, so that each run may bring other variables; and `@daily` is a
# cron schedule, not a variable.
_READ_LATER = frozenset(
    {
        "start_date",
        "start_value",
        "lookback",
        "where_condition",
        "delete_when",
        "incremental_predicates",
        "description",
        "pre_hook",
        "pre_hooks",
        "post_hook",
        "post_hooks",
        "cron",
        "deadline_cron",
        "where",
        "expression",
    }
)


def read_config(
    written: Mapping[str, Any],
    place: Place,
    model: str,
    variables: Mapping[str, object],
    kept: KeptReadings,
) -> ModelConfig:
    """The configuration that metadata describes.

    Args:
        written: The metadata.
        place: Where it stands.
        model: Whose it is, for errors.
        variables: For placeholders in it.
        kept: What is known from the load before.

    Raises:
        ProjectError: Everything that is wrong in it.
    """
    return read_metadata(ModelConfig, written, place, model, variables, kept)


def read_metadata(
    what: type[Said],
    written: Mapping[str, Any],
    place: Place,
    owner: str,
    variables: Mapping[str, object],
    kept: KeptReadings,
    noun: Noun = "model",
) -> Said:
    """What metadata says, with placeholders filled in.

    Raises:
        ProjectError: Everything that is wrong in it.
        UsageError: It has no end.
    """
    try:
        filled = _filled(written, place, variables)
    except RecursionError as error:
        raise UsageError(
            "the metadata is too deep, or holds itself", place=place, model=owner, noun=noun
        ) from error
    return validated(what, filled, place, owner, kept, noun)


def validated(
    what: type[Said],
    written: Mapping[str, Any],
    place: Place,
    owner: str | None,
    kept: KeptReadings,
    noun: Noun = "model",
) -> Said:
    """What is written, checked.

    Raises:
        ProjectError: Everything that is wrong in it.
    """
    try:
        return kept.checked(what, lambda: _read(what, written), written)
    except MistakesError as error:
        raise ProjectError(
            tuple(
                UsageError(
                    f"metadata{''.join(f'[{part!r}]' for part in at[:-1])}: {problem}",
                    place=place,
                    model=owner,
                    noun=noun,
                )
                for at, problem in error.found
            )
        ) from error


def _read(what: type[Said], written: Mapping[str, Any]) -> Said:
    # Most loads find all of their metadata among what is kept, and wait for no pydantic.
    from t4t_core.written.read import read

    return read(what, written)


def _filled(value: Any, place: Place, variables: Mapping[str, object], key: str = "") -> Any:
    """The metadata with texts that are one placeholder replaced by the variable's value."""
    if isinstance(value, str):
        return value if key in _READ_LATER else _set(value, place, variables)
    if isinstance(value, Mapping):
        # What a parameter of `full_incremental_refresh` is named after is not its value.
        names = ("name",) if key == "parameters" else ()
        return {
            k: v if k in names else _filled(v, place, variables, str(k)) for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_filled(item, place, variables, key) for item in value]
    return value


def _set(value: str, place: Place, variables: Mapping[str, object]) -> Any:
    if "@" not in value and "{{" not in value:
        return value
    name = _placeholder(value.strip())
    if name is None:
        return value
    if name not in variables:
        raise unset_variable(name, place)
    return _given(variables[name])


class Given(str):
    """A text that a variable gave. It may be a password, and is kept nowhere."""

    __slots__ = ()


def _given(value: Any) -> Any:
    if isinstance(value, str):
        return Given(value)
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_given(item) for item in value]
    return value


def _placeholder(text: str) -> str | None:
    if text.startswith("{{") and text.endswith("}}"):
        text = "@" + text[2:-2].strip()
    return text[1:] if text.startswith("@") and text[1:].isidentifier() else None


def comment_metadata(
    text: str, place: Place, dialect: str, query: Query | None
) -> dict[str, Any] | None:
    """The JSON of a comment `-- metadata: {...}`, which may go on over several comment lines.

    Args:
        text: Of a SQL file.
        place: The file.
        dialect: What it is written in.
        query: What the text was read as, or None where it is no query.
    """
    written = query.metadata if query else _comment(text, dialect)
    if written is None:
        return None
    try:
        value, _ = _JSON.raw_decode(written)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"the metadata comment is not JSON: {error}", place=_line_of(text, "metadata:", place)
        ) from error
    if not isinstance(value, dict):
        raise UsageError("the metadata comment is not a JSON object", place=place)
    return value


def _comment(text: str, dialect: str) -> str | None:
    from t4t_core.parsing.metadata_comment import comment_of

    return comment_of(text, dialect)


def _line_of(text: str, word: str, place: Place) -> Place:
    return Place(place.file, text[: text.index(word)].count("\n") + 1)
