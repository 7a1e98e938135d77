"""Whether a history is loaded in full, and why: hardly ever, since that forgets it."""

from __future__ import annotations

from t4t_core.commit import Definition
from t4t_core.config import FlagsConfig
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.definition import changes
from t4t_core.planning.drift import Decision, warn_of_materialization
from t4t_core.planning.facts import Facts
from t4t_core.planning.refusals import refuse_foreign_table, refuse_to_forget
from t4t_core.planning.request import Request


def history_decision(
    model: Model, definition: Definition, facts: Facts, request: Request, flags: FlagsConfig
) -> Decision:
    """How a model that keeps history is run now.

    A query mostly gives the rows as they are now, so no change of the definition brings a full
    load by itself.

    Raises:
        RunError: What would have to be done is forbidden, or there is no going on from the table.
    """
    refuse_foreign_table(facts.target, facts.commit, request)
    refuse_to_forget(model, facts, request)
    warning = warn_of_materialization(model, facts.commit, flags)
    chosen = _chosen(definition, facts, request, flags)
    is_forbidden = facts.commit is not None and not model.config.full_refresh
    if chosen.is_full and is_forbidden:
        raise RunError(
            f'this needs a full load ({chosen.reason}), which "full_refresh": false refuses',
            hint='set "full_refresh": true for one run; it forgets the history in the table',
        )
    return Decision(chosen.mode, chosen.reason, warning or chosen.warning)


def _chosen(definition: Definition, facts: Facts, request: Request, flags: FlagsConfig) -> Decision:
    commit, target = facts.commit, facts.target
    if commit is None:
        reason = "a full refresh was asked for" if request.full_refresh else "this is the first run"
        return Decision("full", reason)
    was_history = commit.materialization == "scd2"
    if request.full_refresh:
        forgets = "the history in the table is replaced by what the query gives now"
        return Decision("full", "a full refresh was asked for", forgets if was_history else None)
    if target is None:
        return Decision("full", "its table is gone")
    if not was_history or target.kind == "view":
        return Decision("full", f"the materialization changed from {commit.materialization}")
    changed = " and ".join(changes(commit.definition, definition))
    if not changed:
        return Decision("incremental", "versions that the table does not hold yet")
    return _after_change(changed, commit.definition, definition, flags)


def _after_change(
    changed: str, before: Definition, now: Definition, flags: FlagsConfig
) -> Decision:
    if flags.definition_change_behavior == "error":
        raise RunError(
            f"{changed}, and definition_change_behavior is 'error'",
            hint="set the flag to 'continue' to go on with the versions recorded before; a run "
            "with --full-refresh would forget them",
        )
    if (before.strategy, before.unique_key, before.time_column) != (
        now.strategy,
        now.unique_key,
        now.time_column,
    ):
        raise RunError(
            f"{changed}, so there is no going on from the versions in the table",
            hint="change it back, or forget them by a run with --full-refresh",
        )
    return Decision(
        "incremental",
        f"{changed}, but a history is not rebuilt by itself",
        f"{changed}; versions that are not read again keep the old definition",
    )
