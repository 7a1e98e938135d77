"""The unit tests of the example project hold."""

from pathlib import Path

from t4t_core.testing import unit_test_cases

test_flights = unit_test_cases(Path(__file__).parents[2] / "example_project" / "flights")
