"""What is told of a placeholder that nothing sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from t4t_core.errors import Place, VariableError
from t4t_core.sql.reading import Placeholder


def require_values(
    placeholders: Iterable[Placeholder], values: Mapping[str, object], place: Place
) -> None:
    """Checks that every placeholder has a value.

    Raises:
        VariableError: Nothing sets one.
    """
    for placeholder in placeholders:
        if placeholder.name not in values:
            at = Place(place.file, placeholder.line, placeholder.column)
            raise unset_variable(placeholder.name, at)


def unset_variable(name: str, place: Place) -> VariableError:
    """The error for a placeholder that nothing sets."""
    return VariableError(
        f"nothing sets the placeholder @{name}",
        place=place,
        hint=f"pass --vars '{{\"{name}\": ...}}', or put `{name} = ...` under [vars] in "
        f"project.toml (in Dagster: config `vars` of t4t_io_manager); "
        f"for an absolute value write abs({name})",
    )
