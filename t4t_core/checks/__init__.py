"""Data tests: one file for each kind, with what users write and the query for violating rows."""

from t4t_core.checks.assigned import Assigned
from t4t_core.checks.check import Check, Rule

__all__ = ["Assigned", "Check", "Rule"]
