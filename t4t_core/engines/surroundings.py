"""What the result of any query depends on besides the query and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

from t4t_core.engines.duckdb import Warehouse
from t4t_core.errors import DatabaseError
from t4t_core.release import RELEASE, sqlglot_release

# Settings by which a query can give other rows of the same tables.
_SETTINGS: Final = (
    "TimeZone",
    "Calendar",
    "binary_as_string",
    "default_collation",
    "default_null_order",
    "default_order",
    "disable_timestamptz_casts",
    "ieee_floating_point_ops",
    "integer_division",
    "lambda_syntax",
    "old_implicit_casting",
    "order_by_non_integer_literal",
    "preserve_identifier_case",
    "preserve_insertion_order",
    "scalar_subquery_error_on_multiple_rows",
    "search_path",
    # DuckDB 1.4 has none of these.
    "current_dialect",
    "dialect_compatibility_mode",
    "enable_geoparquet_conversion",
    "error_on_division_by_zero",
    "json_geometry_format",
    "legacy_disable_null_type",
    "regex_match_operator_semantics",
)
_KNOWN: dict[str, tuple[str, ...]] = {}


def surroundings(warehouse: Warehouse) -> dict[str, str]:
    """The versions of what computes the rows, and DuckDB's settings that bear on them.

    Args:
        warehouse: Without an open transaction, which a setting that is not known would end.
    """
    names = _KNOWN.get(duckdb.__version__, _SETTINGS)
    try:
        values = _values(names, warehouse)
    except DatabaseError:
        names = tuple(name for name in names if _is_known(name, warehouse))
        values = _values(names, warehouse)
    _KNOWN[duckdb.__version__] = names
    settings = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
    return {"DuckDB": duckdb.__version__, "t4t": _makers(), "a setting of DuckDB": settings}


def _values(names: Sequence[str], warehouse: Warehouse) -> tuple[object, ...]:
    # To list all settings takes milliseconds.
    calls = ", ".join(f"current_setting('{name}')" for name in names)
    return warehouse.rows(f"SELECT {calls}")[0]


def _is_known(name: str, warehouse: Warehouse) -> bool:
    try:
        _values((name,), warehouse)
    except DatabaseError:
        return False
    return True


def _makers() -> str:
    """The versions of t4t and of what reads the SQL of models."""
    return f"{RELEASE} {sqlglot_release()}"
