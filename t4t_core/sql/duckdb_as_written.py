"""DuckDB's dialect as the texts of a project are read in it."""

from __future__ import annotations

from importlib.metadata import version

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB


class DuckDBAsWritten(DuckDB):
    """Leaves paths into JSON, and what stands in brackets, as they are written.

    sqlglot reads each path as a JSONPath. To DuckDB it is one only after `$`, and the name of a key
    otherwise: `'a.b'` is the key with a dot in it.

    sqlglot takes 1 from an index, and adds it again where it writes one of which it knows that it
    is a number. A variable's value became one in between.
    """

    INDEX_OFFSET = 0

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        return path


def duckdb_as_written() -> DuckDBAsWritten:
    """The dialect of the DuckDB that is installed.

    Operators have meant other things in other versions: `'abc' ~ 'b'` holds since DuckDB 2.0.
    """
    return DuckDBAsWritten(version=".".join(version("duckdb").split(".")[:2]))
