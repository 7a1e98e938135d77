"""Which release of t4t this is."""

from functools import cache
from importlib.metadata import version
from typing import Final

# As in pyproject.toml. To ask for the installed package's takes tens of milliseconds.
RELEASE: Final = "0.2.0"


@cache
def pydantic_release() -> str:
    """Which release of pydantic is installed."""
    return version("pydantic")


@cache
def sqlglot_release() -> str:
    """Which release of sqlglot is installed. To import it for that takes as long as a small run."""
    return version("sqlglot")
