"""The text of a model as a query, whose placeholders may have defaults."""

from __future__ import annotations

import hashlib
import json

from msgspec.structs import replace

from t4t_core.errors import Place
from t4t_core.parsing.defaults import without_defaults
from t4t_core.parsing.query import parse_query
from t4t_core.sql.query import Query


def parse_model(text: str, place: Place, dialect: str = "duckdb") -> Query:
    """The query of a model; another default makes another fingerprint.

    Raises:
        SqlError: It is not one query, or a placeholder has two defaults.
    """
    defaults: dict[str, object] = {}
    query = parse_query(
        text, place, dialect, lambda text, tokens: without_defaults(text, tokens, defaults, place)
    )
    if not defaults:
        return query
    written = json.dumps(defaults, sort_keys=True)
    whole = query.fingerprint + written
    fingerprint = hashlib.sha256(whole.encode()).hexdigest()
    return replace(query, written_defaults=written, fingerprint=fingerprint)
