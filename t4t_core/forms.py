"""In which form a table is handed to Python code: what an annotation asks for."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

RELATION = "duckdb.DuckDBPyRelation"

_BY_TEXT = {
    "DataFrame": "pandas.DataFrame",
    "pd.DataFrame": "pandas.DataFrame",
    "pl.DataFrame": "polars.DataFrame",
    "pl.LazyFrame": "polars.LazyFrame",
    "LazyFrame": "polars.LazyFrame",
    "pa.Table": "pyarrow.Table",
    "Table": "pyarrow.Table",
    "DuckDBPyRelation": RELATION,
}
FORMS = frozenset({*_BY_TEXT.values()})
_PACKAGES = frozenset({"pandas", "polars", "pyarrow"})
HINT = "annotate it pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table or duckdb.DuckDBPyRelation"


def form_of(annotation: object) -> str:
    """An annotation as `package.Name`: `pandas.DataFrame`; '' where there is none, or Any.

    Text, which stands for a name that cannot be looked up, is read by the names in common use.
    """
    if annotation in (inspect.Parameter.empty, Any, object):
        return ""
    if isinstance(annotation, str):
        text = annotation.strip("'\"")
        return _BY_TEXT.get(text, text)
    package = getattr(annotation, "__module__", "").partition(".")[0].removeprefix("_")
    return f"{package}.{getattr(annotation, '__name__', annotation)}"


def is_table(rows: object) -> bool:
    """Whether it is of pandas, Polars or PyArrow, which DuckDB reads by its name."""
    return type(rows).__module__.partition(".")[0] in _PACKAGES


def in_form(relation: duckdb.DuckDBPyRelation, form: str) -> object:
    """The relation's rows in one of `FORMS`; the relation itself for ''.

    Raises:
        ImportError: The package of that form is not installed.
    """
    match form:
        case "pandas.DataFrame":
            return relation.df()
        case "polars.DataFrame":
            return relation.pl()
        case "polars.LazyFrame":
            return relation.pl().lazy()
        case "pyarrow.Table":
            return relation.to_arrow_table()
        case _:
            return relation
