"""The statement that loads a seed."""

from __future__ import annotations

from collections.abc import Sequence

from t4t_core.seeds.seed import Seed
from t4t_core.sql.literals import literal, text_literal
from t4t_core.sql.names import cast, column, identifier, named, table
from t4t_core.sql.statements import create_table
from t4t_core.sql.text import Sql, listed, sql

# DuckDB's names of the options for CSV that are called otherwise in metadata.
_OPTIONS = {
    "delimiter": "delim",
    "null_values": "nullstr",
    "date_format": "dateformat",
    "timestamp_format": "timestampformat",
}


def seed_statement(seed: Seed, catalog: str) -> Sql:
    """`CREATE OR REPLACE TABLE ... AS SELECT * FROM read_...(file)`."""
    file = text_literal(str(seed.file))
    match seed.form:
        case ".csv" | ".tsv":
            options = _csv_options(seed)
            rows = sql("SELECT *\nFROM read_csv({file}, {options})", file=file, options=options)
        case ".parquet":
            every = _cast(seed.types)
            rows = sql("SELECT {every}\nFROM read_parquet({file})", every=every, file=file)
        case _:
            every = _cast(seed.types)
            rows = sql("SELECT {every}\nFROM read_json_auto({file})", every=every, file=file)
    return create_table(table(seed.name, catalog), rows)


def _csv_options(seed: Seed) -> Sql:
    written: dict[str, object] = {
        "header": True,
        "delimiter": "," if seed.form == ".csv" else "\t",
        **seed.config.csv_options,
    }
    found = {"header": _value(written.pop("header")), "sample_size": Sql("-1")}
    found |= {_OPTIONS.get(name, name): _value(value) for name, value in written.items()}
    if seed.config.header is False:
        found["names"] = _value(tuple(c.name for c in seed.config.schema_))
    if seed.types:
        fields = (
            sql("{name}: {type}", name=text_literal(name), type=text_literal(kind))
            for name, kind in seed.types
        )
        found["types"] = sql("{{{fields}}}", fields=listed(fields))
    return listed(
        sql("{name} := {value}", name=identifier(name), value=value)
        for name, value in found.items()
    )


def _value(value: object) -> Sql:
    """The literal; text stays text even where it looks like a date."""
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, Sequence):
        return sql("[{items}]", items=listed(_value(item) for item in value))
    return literal(value)


def _cast(types: Sequence[tuple[str, str]]) -> Sql:
    """All columns, with those that have a declared type cast to it."""
    if not types:
        return Sql("*")
    casts = (named(cast(column(name), kind), name) for name, kind in types)
    return sql("* REPLACE ({casts})", casts=listed(casts))
