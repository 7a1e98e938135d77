"""A query's fingerprint changes with its meaning and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from t4t_core.errors import Place
from t4t_core.parsing.query import parse_query

BASE = "SELECT id, name AS label FROM raw.orders WHERE status = 'Active' AND day >= @start"


def _fingerprint(sql: str) -> str:
    return parse_query(sql, Place(Path("m.sql"))).fingerprint


@pytest.mark.parametrize(
    "sql",
    [
        BASE + ";",
        BASE + "\n\n-- the end",
        "-- a comment\n" + BASE,
        BASE.replace(" ", "\n\t "),
        BASE.replace("FROM", "/* here */ FROM"),
        BASE.replace("SELECT", "select").replace("FROM", "From").replace("WHERE", "where"),
        BASE.replace("raw.orders", "Raw.ORDERS"),
        BASE.replace("id,", '"id",'),
        BASE.replace("@start", "'@start'"),
        BASE.replace("@start", "{{ start }}"),
        BASE.replace("@start", "{{start}}"),
    ],
)
def test_layout_comments_and_case_do_not_count(sql: str) -> None:
    """Comments, blanks, the case of words and the spelling of a placeholder change nothing."""
    assert _fingerprint(sql) == _fingerprint(BASE)


@pytest.mark.parametrize(
    "sql",
    [
        BASE.replace("'Active'", "'active'"),
        BASE.replace("'Active'", "'Active '"),
        BASE.replace("'Active'", '"Active"'),
        BASE.replace("label", '"Label"'),
        BASE.replace("@start", "@begin"),
        BASE.replace("@start", "start"),
        BASE.replace("@start", "'start'"),
        BASE.replace("id, name", "name, id"),
        BASE.replace(">=", ">"),
        BASE.replace("AND", "OR"),
        BASE.replace("raw.orders", "raw.order"),
        BASE.replace("raw.orders", '"raw.orders"'),
        BASE.replace("id,", "id + 1,"),
        BASE + " LIMIT 10",
    ],
)
def test_every_change_of_meaning_counts(sql: str) -> None:
    """A literal, a quoted name, an operator, a column or its place changes the fingerprint."""
    assert _fingerprint(sql) != _fingerprint(BASE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT ab, c", "SELECT a, bc"),
        ("SELECT 'a', 'b'", "SELECT 'a,b'"),
        ("SELECT 'a' 'b'", "SELECT 'ab'"),
        ("SELECT 1 AS a", 'SELECT 1 AS "a "'),
        ("SELECT 12", "SELECT 1.2"),
    ],
)
def test_tokens_do_not_run_together(one: str, other: str) -> None:
    """Two queries whose letters are the same in a row are still two."""
    assert _fingerprint(one) != _fingerprint(other)
