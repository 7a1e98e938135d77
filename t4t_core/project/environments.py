"""What `project.toml` says in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from t4t_core.config import nearest
from t4t_core.errors import Place, UsageError

SECTION = "env"
CHOICE = "T4T_ENV"
_STATE = "data/tee_state.db"


class Chosen(Struct, frozen=True):
    """What holds in an environment.

    Attributes:
        name: The environment's, or empty where none was chosen.
        values: `project.toml` with the environment's own values over its own.
        own: The environment's own values.
    """

    name: str
    values: Mapping[str, Any]
    own: Mapping[str, Any]

    def at(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Where the value of these keys is written."""
        inner: Any = self.own
        for part in path:
            if not isinstance(inner, Mapping) or part not in inner:
                return path
            inner = inner[part]
        return (SECTION, self.name, *path)


def chosen(written: Mapping[str, Any], name: str, place: Place) -> Chosen:
    """The values of `project.toml` in an environment.

    `[env.NAME]` takes the tables of the file itself, and each key in it stands above the file's
    own. A database of its own has a state of its own: unless the environment says where, its name
    is added to that of the file's state.

    Args:
        written: The file.
        name: The environment, or empty for the file without any.
        place: The file's.

    Raises:
        UsageError: There is no such environment.
    """
    base = {key: value for key, value in written.items() if key != SECTION}
    if not name:
        return Chosen("", base, {})
    known = written.get(SECTION, {})
    own = known.get(name) if isinstance(known, Mapping) else None
    if not isinstance(own, Mapping):
        raise UsageError(
            f"there is no environment {name!r}{nearest(name, known)}",
            place=place,
            hint=f"write [{SECTION}.{name}] into project.toml; it may stay empty",
        )
    values = _merged(base, own)
    if "path" in _table(own, "connection") and "path" not in _table(own, "state"):
        state = PurePath(str(_table(base, "state").get("path", _STATE)))
        named = str(state.with_name(f"{state.stem}_{name}{state.suffix}"))
        values["state"] = {**_table(values, "state"), "path": named}
    return Chosen(name, values, own)


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = values.get(key)
    return table if isinstance(table, Mapping) else {}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        inner = both.get(key)
        is_table = isinstance(inner, Mapping) and isinstance(value, Mapping)
        both[key] = _merged(inner, value) if is_table and inner is not None else value
    return both
