"""What a run must not replace."""

from __future__ import annotations

from t4t_core.commit import Commit
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.facts import Facts, Target
from t4t_core.planning.request import Request


def refuse_foreign_table(target: Target | None, commit: Commit | None, request: Request) -> None:
    """Refuses to replace what stands under a name and was not made by t4t.

    Raises:
        RunError: It stands there, and no full refresh was asked for.
    """
    if target is not None and commit is None and not request.full_refresh:
        raise RunError(
            f"a {target.kind} of this name exists, and t4t did not make it",
            hint="rename or drop it, or replace it by a run with --full-refresh",
        )


def refuse_to_forget(model: Model, facts: Facts, request: Request) -> None:
    """Refuses to replace a history by anything, unless a full refresh was asked for.

    Raises:
        RunError: The model is none any more, or its state was reset.
    """
    commit = facts.commit
    if commit is None or commit.materialization != "scd2" or request.full_refresh:
        return
    if facts.target is None or facts.target.kind == "view":
        return
    now = model.config.materialization
    if now != "scd2":
        raise RunError(
            f"the table holds the history that scd2 recorded, and as {now!r} it would be forgotten",
            hint="rename the table to keep it, or replace it by a run with --full-refresh",
        )
    if commit.origin == "reset":
        raise RunError(
            "its state was reset, and a full load would forget the history in the table",
            hint="replace it by a run with --full-refresh",
        )


def refuse_full_load(model: Model, reason: str, facts: Facts) -> None:
    """Refuses to load a table in full whose model says `"full_refresh": false`.

    Raises:
        RunError: It says so, and the table was incremental before.
    """
    was_incremental = facts.commit is not None and facts.commit.materialization == "incremental"
    if was_incremental and not model.config.full_refresh:
        raise RunError(
            f'this needs a full load ({reason}), which "full_refresh": false refuses',
            hint='undo that change, or set "full_refresh": true for one run',
        )
