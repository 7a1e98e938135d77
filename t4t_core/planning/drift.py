"""Whether a model is loaded in full, and why."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from t4t_core.commit import Commit, Definition
from t4t_core.config import DeleteInsertConfig, FlagsConfig
from t4t_core.errors import RunError
from t4t_core.models import Model
from t4t_core.planning.definition import QUERY_CHANGED, changes
from t4t_core.planning.facts import Facts
from t4t_core.planning.refusals import refuse_foreign_table, refuse_full_load, refuse_to_forget
from t4t_core.planning.request import Request
from t4t_core.schema.change import differences, on_schema_change

_BY_EVERY_RUN: Final = "is made anew by every run"
_NO_START: Final = "the table has no value of the time column to start from"


class Decision(Struct, frozen=True):
    """How a model is run.

    Attributes:
        reason: A clause that says why.
        warning: What the user should be told besides, or None.
        waits_for_columns: The query changed, and `settled` says what that means.
        empties: The table is made anew without rows, which the next run loads.
        in_windows: The query is asked for one window of time after the other.
        keeps_old_rows: The definition changed, and rows loaded before stay as they are.
    """

    mode: Literal["full", "incremental"]
    reason: str
    warning: str | None = None
    waits_for_columns: bool = False
    empties: bool = False
    in_windows: bool = False
    keeps_old_rows: bool = False

    @property
    def is_full(self) -> bool:
        return self.mode == "full"

    def because(self, why: str) -> Decision:
        """The decision of a model that is not left as it is, with why; empty for none."""
        if not why or why in self.reason.split("; "):
            return self
        is_always = self.reason.endswith(_BY_EVERY_RUN)
        return replace(self, reason=why if is_always else f"{self.reason}; {why}")

    def with_warning(self, text: str | None) -> Decision:
        """The decision with one more thing to tell, or as it is where there is nothing."""
        if text is None:
            return self
        return replace(self, warning="; ".join(filter(None, (self.warning, text))))


def decision(
    model: Model, definition: Definition, facts: Facts, request: Request, flags: FlagsConfig
) -> Decision:
    """How the model is run now.

    Raises:
        RunError: A flag, or the model's own `full_refresh`, forbids what would have to be done.
    """
    commit, target = facts.commit, facts.target
    refuse_foreign_table(target, commit, request)
    refuse_to_forget(model, facts, request)
    warning = warn_of_materialization(model, commit, flags)
    was_incremental = commit is not None and commit.materialization == "incremental"
    if model.strategy is None:
        if was_incremental and not model.config.full_refresh and target is not None:
            raise RunError(
                'the table would be replaced, which "full_refresh": false refuses',
                hint='keep it incremental, or take "full_refresh" out of its metadata',
            )
        kind = model.config.materialization
        return Decision("full", f"a {kind} {_BY_EVERY_RUN}", warning)

    chosen = _full_reason(model, definition, facts, request, flags)
    if chosen.is_full and not chosen.waits_for_columns:
        refuse_full_load(model, chosen.reason, facts)
    return replace(chosen, warning=warning or chosen.warning)


def settled(
    model: Model, decided: Decision, facts: Facts, request: Request, flags: FlagsConfig
) -> Decision:
    """The decision about an incremental model, now that the columns of its query are known.

    Where they differ from the table's, `on_schema_change` says how the run goes on. It stands above
    `definition_change_behavior` for a query that changed nothing of the model but itself, and gives
    other columns now: who writes `append_new_columns` wants a new column to be no full load.

    Raises:
        RunError: A flag, or the model's own `full_refresh`, forbids what would have to be done.
    """
    if not decided.waits_for_columns and (decided.is_full or on_schema_change(model) == "fail"):
        return decided
    found = differences(facts)
    chosen = replace(decided, waits_for_columns=False)
    policy = on_schema_change(model)
    if found and policy in ("full_refresh", "full_incremental_refresh", "recreate_empty"):
        chosen = Decision(
            "full",
            f"its columns changed ({found}), and on_schema_change is {policy!r}",
            decided.warning,
            empties=policy == "recreate_empty",
            in_windows=policy == "full_incremental_refresh",
        )
    elif decided.waits_for_columns:
        assert facts.commit is not None, "only a later run's query has changed"
        if found:
            reason = f"the query and its columns changed, and on_schema_change is {policy!r}"
            chosen = Decision("incremental", reason, _old_rows_stay(decided.reason))
        else:
            chosen = _after_change(decided.reason, flags)
        if not chosen.is_full and _is_without_start(model, facts, request):
            chosen = Decision("full", _NO_START)
    if chosen.is_full:
        refuse_full_load(model, chosen.reason, facts)
    return chosen


def _full_reason(
    model: Model, definition: Definition, facts: Facts, request: Request, flags: FlagsConfig
) -> Decision:
    commit, target = facts.commit, facts.target
    if request.full_refresh:
        return Decision("full", "a full refresh was asked for")
    if commit is None:
        return Decision("full", "this is the first run")
    if commit.origin == "reset":
        return Decision("full", "its state was reset")
    if target is None:
        return Decision("full", "its table is gone")
    if commit.materialization != "incremental" or target.kind == "view":
        return Decision("full", f"the materialization changed from {commit.materialization}")
    clauses = changes(commit.definition, definition)
    if clauses == (QUERY_CHANGED,) and on_schema_change(model) != "fail":
        return Decision("full", QUERY_CHANGED, waits_for_columns=True)
    changed = " and ".join(clauses)
    found = Decision("incremental", _later_reason(model))
    if changed:
        if commit.definition.time_column != definition.time_column:
            _refuse_other_time_column(changed, flags)
        found = _after_change(changed, flags)
    if not found.is_full and _is_without_start(model, facts, request):
        return Decision("full", _NO_START)
    return found


def _later_reason(model: Model) -> str:
    if isinstance(model.strategy, DeleteInsertConfig):
        return "the window from the start on is replaced"
    return "rows past the watermark"


def _is_without_start(model: Model, facts: Facts, request: Request) -> bool:
    """Whether delete_insert would start at the greatest time of a table that has none.

    `t4t state set` gives it one, and a part that is asked for needs none.
    """
    settings, commit = model.strategy, facts.commit
    if request.part is not None or commit is None:
        return False
    if not isinstance(settings, DeleteInsertConfig) or settings.start_date != "auto":
        return False
    is_from_table = commit.origin == "run"
    return commit.watermark is None or (is_from_table and facts.greatest is None)


def _refuse_other_time_column(changed: str, flags: FlagsConfig) -> None:
    if flags.definition_change_behavior == "continue":
        raise RunError(
            f"{changed}; the watermark belongs to the old one, so there is no going on from it",
            hint="run with --full-refresh to rebuild the table",
        )


def _after_change(changed: str, flags: FlagsConfig) -> Decision:
    match flags.definition_change_behavior:
        case "full_refresh":
            return Decision("full", changed)
        case "error":
            raise RunError(
                f"{changed}, and definition_change_behavior is 'error'",
                hint="run with --full-refresh to rebuild the table by the new definition",
            )
        case "continue":
            return Decision(
                "incremental",
                f"{changed}, and definition_change_behavior is 'continue'",
                _old_rows_stay(changed),
                keeps_old_rows=True,
            )


def _old_rows_stay(changed: str) -> str:
    return f"{changed}; rows loaded before keep the old definition"


def warn_of_materialization(model: Model, commit: Commit | None, flags: FlagsConfig) -> str | None:
    """What to tell of a change of the materialization, or None.

    Raises:
        RunError: The flag forbids it.
    """
    now = model.config.materialization
    if commit is None or commit.materialization == now:
        return None
    change = f"the materialization changed from {commit.materialization} to {now}"
    match flags.materialization_change_behavior:
        case "error":
            raise RunError(
                f"{change}, and materialization_change_behavior is 'error'",
                hint="change it back, or set the flag to 'warn' under [flags] in project.toml",
            )
        case "warn":
            return change
        case "ignore":
            return None
