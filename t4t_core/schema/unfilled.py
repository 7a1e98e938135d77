"""Since when the query of a history has not given columns that its table has.

Versions that began meanwhile have NULL there. When the column comes back, that is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping

from t4t_core.commit import Commit
from t4t_core.schema.change import SchemaChange
from t4t_core.schema.incomplete import NOTHING, Incomplete
from t4t_core.values import TimeValue


def unfilled_since(commit: Commit | None, now: TimeValue | None) -> dict[str, TimeValue]:
    """The columns, in lower case, that the runs up to a commit did not fill, each with the moment.

    Args:
        commit: The model's last one.
        now: The run's moment, or None for a history that does not go by the clock: it has none.
    """
    if commit is None or now is None:
        return {}
    return {name: TimeValue.parse(now.kind, since) for name, since in commit.definition.incomplete}


def still_unfilled(
    change: SchemaChange, before: Mapping[str, TimeValue], now: TimeValue | None
) -> Incomplete:
    """What versions lack after a run: each column with the moment of the first run without it.

    A run that gives a column reads every key, so none lacks it afterwards.
    """
    if now is None or not change.unfilled:
        return NOTHING
    names = sorted(one.name.lower() for one in change.unfilled)
    return Incomplete(tuple((name, str(before.get(name, now))) for name in names))
