"""Whether a part of a model's rows can be run by itself, and what is decided about it then."""

from __future__ import annotations

from msgspec.structs import replace

from t4t_core.commit import Commit
from t4t_core.config import AppendConfig
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.drift import Decision
from t4t_core.planning.facts import Target
from t4t_core.planning.request import Request
from t4t_core.values import TimeValue
from t4t_core.windows.window import bound_in


def within_part(
    model: Model,
    chosen: Decision,
    request: Request,
    target: Target | None,
    commit: Commit | None,
) -> Decision:
    """The decision about a run of a part of the rows, which never replaces a table that stands.

    Raises:
        RunError: That is what would have to be done.
    """
    part = request.part
    if part is None:
        return chosen
    if request.full_refresh:
        raise RunError(
            f"a full refresh and {part} were asked for together",
            hint="ask for one of them",
        )
    if chosen.is_full and target is not None:
        raise RunError(
            f"this needs a full load ({chosen.reason}), and a run of {part} cannot be one",
            hint="run it whole first: `t4t run`, or in Dagster a run with full_refresh in the "
            "config of t4t_io_manager",
        )
    if isinstance(model.strategy, AppendConfig) and chosen.warning is not None:
        raise RunError(
            f"{chosen.warning}, and append would add the rows of {part} to them again",
            hint="run with --full-refresh to rebuild the table by the new definition",
        )
    _refuse_old_rows(model, chosen, request, commit)
    found = f"{part} was asked for"
    reason = f"{chosen.reason}; {found}" if chosen.is_full or chosen.warning else found
    return replace(chosen, reason=reason)


def _refuse_old_rows(
    model: Model, chosen: Decision, request: Request, commit: Commit | None
) -> None:
    """Append knows its rows by their values, and another definition gives other ones.

    Raises:
        RunError: The part may hold rows of an earlier definition.
    """
    if chosen.is_full or commit is None or commit.watermark is None:
        return
    if not isinstance(model.strategy, AppendConfig) or not commit.definition.old_until:
        return
    kind = commit.watermark.kind
    until = TimeValue.parse(kind, commit.definition.old_until)
    window = request.window
    if window is not None and bound_in(kind, window.start).ordinal > until.ordinal:
        return
    raise RunError(
        f"rows up to {until} may be of an earlier definition of the model, and append would add "
        f"the rows of {request.part} to them again",
        hint="run with --full-refresh to rebuild the table by the new definition",
    )
