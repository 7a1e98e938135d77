"""The environments of the public t4t: `[environments.NAME]` in `project.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from t4t_core.errors import Place, UsageError
from t4t_core.project.environments import CHOICE, SECTION

_PUBLIC = "environments"
_SHARED = "default"
_USUAL = "dev"


def with_public_environments(
    written: Mapping[str, Any], name: str, place: Place
) -> tuple[Mapping[str, Any], str]:
    """`project.toml` in our own words, `[env.NAME]`, and the environment's name.

    `[environments.default]` is under all of them. Where no name is given it is `dev`, or the only
    one that there is. A file without `[environments]` stays as it is.

    Args:
        written: The file.
        name: The environment that was asked for, or empty.
        place: The file's.

    Raises:
        UsageError: A protected environment was not asked for, or there is a `[connection]` too.
    """
    environments = written.get(_PUBLIC)
    if not isinstance(environments, Mapping):
        return written, name
    if "connection" in written:
        raise UsageError(
            f"there are both [connection] and [{_PUBLIC}]",
            place=place,
            hint=f"write the connection that all share as [{_PUBLIC}.{_SHARED}.connection]",
        )
    known = {key: value for key, value in environments.items() if key != _SHARED}
    chosen = name or (next(iter(known)) if len(known) == 1 else _USUAL)
    own = known.get(chosen)
    if isinstance(own, Mapping) and own.get("protected") and not name:
        raise UsageError(
            f"the environment {chosen!r} is protected",
            place=place,
            hint=f"ask for it: --env {chosen}, or {CHOICE}={chosen}",
        )
    rest = {key: value for key, value in written.items() if key not in (_PUBLIC, SECTION)}
    shared = environments.get(_SHARED, {})
    unprotected = {
        key: {inner: kept for inner, kept in value.items() if inner != "protected"}
        if isinstance(value, Mapping)
        else value
        for key, value in known.items()
    }
    return {**rest, **shared, SECTION: unprotected}, chosen
