"""The conditions of merge, with their values."""

from __future__ import annotations

from t4t_core.errors import T4tError
from t4t_core.models import Model
from t4t_core.planning.request import Request
from t4t_core.sql.condition import Condition
from t4t_core.sql.filling import Fill
from t4t_core.sql.text import Sql
from t4t_core.strategies.merge import MergeConditions


def merge_conditions(model: Model, request: Request) -> MergeConditions:
    """`delete_when` and `incremental_predicates` with their values.

    Raises:
        VariableError: Nothing sets a placeholder in them.
    """
    fill = Fill(place=model.config_place, values=request.variables)

    def filled(condition: Condition) -> Sql:
        try:
            return condition.filled(fill)
        except T4tError as error:
            raise error.located(model=str(model)) from error

    return MergeConditions(
        delete_when=None if model.delete_when is None else filled(model.delete_when),
        predicates=tuple(filled(predicate) for predicate in model.predicates),
    )
