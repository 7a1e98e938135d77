"""A function of the project that models' SQL may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from t4t_core.errors import Place
from t4t_core.names import TableName
from t4t_core.python_code import PythonCode
from t4t_core.sql.macro import Macro
from t4t_core.sql.table_ref import TableRef

if TYPE_CHECKING:  # few projects have functions
    from t4t_core.config.function import FunctionConfig


class PythonFunction(PythonCode, frozen=True, eq=False):
    """A Python function that DuckDB calls for each row.

    Attributes:
        function: What is called.
        parameters: The DuckDB type of each parameter.
        returns: The DuckDB type of the result.
        takes_nulls: Whether it is called where an argument is NULL; the result is NULL otherwise.
        is_deterministic: Whether equal arguments give equal results.
        fingerprint: SHA-256 over its code and types.
    """

    parameters: tuple[str, ...]
    returns: str
    takes_nulls: bool
    is_deterministic: bool
    fingerprint: str

    @property
    def tables(self) -> tuple[TableRef, ...]:
        """None: it sees its arguments alone."""
        return ()

    @property
    def calls(self) -> tuple[TableRef, ...]:
        """None."""
        return ()


class Function(Struct, frozen=True):
    """One function, read and checked on its own.

    Attributes:
        name: Schema and name that models call it by.
        config: Its metadata.
        place: The file that defines it.
        source: What it does.
    """

    name: TableName
    config: FunctionConfig
    place: Place
    source: Macro | PythonFunction

    @property
    def registered_name(self) -> str:
        """What a Python function, which has no schema in DuckDB, is registered as.

        The code's fingerprint is part of it: a connection of this process may still hold another
        version of the function.
        """
        return f"{self.name}:{self.source.fingerprint[:8]}"

    def __str__(self) -> str:
        return str(self.name)
