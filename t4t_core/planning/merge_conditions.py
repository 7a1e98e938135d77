"""The conditions of merge, with their values."""

from __future__ import annotations

from sqlglot import exp

from t4t_core.errors import T4tError
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.sql.condition import Condition
from t4t_core.sql.filled import with_values
from t4t_core.strategies.merge import MergeConditions


def merge_conditions(model: Model, request: Request) -> MergeConditions:
    """`delete_when` and `incremental_predicates` with their values.

    Raises:
        VariableError: Nothing sets a placeholder in them.
    """

    def filled(condition: Condition) -> exp.Expr:
        try:
            return with_values(
                condition.tree_to_run,
                condition.placeholders,
                request.variables,
                model.config_place,
            )
        except T4tError as error:
            raise error.located(model=str(model)) from error

    return MergeConditions(
        delete_when=None if model.delete_when is None else filled(model.delete_when),
        predicates=tuple(filled(predicate) for predicate in model.predicates),
    )
