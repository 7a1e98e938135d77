"""Unit tests of models: rows in, runs in memory, the table compared."""

from t4t_core.unit_tests.report import UnitReport, unit_text
from t4t_core.unit_tests.run import run_unit_tests

__all__ = ["UnitReport", "run_unit_tests", "unit_text"]
