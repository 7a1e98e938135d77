"""DuckDB's dialect as the texts of a project are read in it."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB


class DuckDBAsWritten(DuckDB):
    """Leaves paths into JSON as they are written.

    sqlglot reads each path as a JSONPath, and warns about those that are none. To DuckDB it is one
    only after `$`, and the name of a key otherwise: `'a.b'` is the key with a dot in it.
    """

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        return path
