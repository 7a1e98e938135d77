"""A model's hooks as steps of its plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from t4t_core.models import Model
from t4t_core.planning.steps import HookStep
from t4t_core.sql.hooks import Hook, hook_statement


def hook_steps(
    hooks: Iterable[Hook], model: Model, catalog: str, values: Mapping[str, object]
) -> tuple[HookStep, ...]:
    """The hooks with the model's table and the values of variables in them.

    Raises:
        VariableError: A variable has no value, or its value has no literal.
    """
    return tuple(
        HookStep(hook_statement(hook, model.name, catalog, values), hook.key, hook.place)
        for hook in hooks
    )
