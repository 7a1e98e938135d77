"""Rows that a key cannot tell apart are refused."""

from __future__ import annotations

from collections.abc import Sequence

from t4t_core.planning.steps import Gate, Refusal
from t4t_core.sql.statements import count_where, duplicates, is_null_in
from t4t_core.sql.text import Sql


def refuse_null_keys(table: Sql, keys: Sequence[str]) -> Gate:
    """Counts rows with NULL in the key."""
    refusal = null_keys(keys)
    return Gate(count_where(table, is_null_in(keys)), refusal.what, refusal.hint)


def null_keys(keys: Sequence[str]) -> Refusal:
    """What is said of rows with NULL in the key."""
    return Refusal(
        f"rows with NULL in the unique key ({', '.join(keys)}): {{count}}",
        "leave those rows out in the model's query, or choose another key",
    )


def refuse_repeated_keys(table: Sql, keys: Sequence[str], hint: str) -> Gate:
    """Counts keys of more than one row."""
    refusal = repeated_keys(keys, hint)
    return Gate(duplicates(table, keys), refusal.what, refusal.hint)


def repeated_keys(keys: Sequence[str], hint: str) -> Refusal:
    """What is said of keys of more than one row."""
    return Refusal(f"keys ({', '.join(keys)}) that come more than once: {{count}}", hint)
