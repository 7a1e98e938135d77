"""The statement that loads a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from t4t_core.seeds.seed import Seed
from t4t_core.sql.names import column, identifier, table
from t4t_core.sql.statements import create_table
from t4t_core.sql.types import duckdb_type

# DuckDB's names of the options for CSV that are called otherwise in metadata.
_OPTIONS = {
    "delimiter": "delim",
    "null_values": "nullstr",
    "date_format": "dateformat",
    "timestamp_format": "timestampformat",
}


def seed_statement(seed: Seed, catalog: str) -> str:
    """`CREATE OR REPLACE TABLE ... AS SELECT * FROM read_...(file)`."""
    file = exp.Literal.string(str(seed.file))
    types = {name: duckdb_type(written) or "" for name, written in seed.config.types.items()}
    selected: exp.Expr = exp.Star()
    match seed.form:
        case ".csv" | ".tsv":
            reader = _reader("read_csv", file, _csv_options(seed, types))
        case ".parquet":
            reader, selected = _reader("read_parquet", file, {}), _cast(types)
        case _:
            reader, selected = _reader("read_json_auto", file, {}), _cast(types)
    query = exp.Select(expressions=[selected]).from_(exp.Table(this=reader), copy=False)
    return create_table(table(seed.name, catalog), query)


def _csv_options(seed: Seed, types: Mapping[str, str]) -> dict[str, exp.Expr]:
    written: dict[str, object] = {
        "header": True,
        "delimiter": "," if seed.form == ".csv" else "\t",
        **seed.config.csv_options,
    }
    found: dict[str, exp.Expr] = {
        "header": exp.convert(written.pop("header")),
        "sample_size": exp.Literal.number(-1),
    }
    found |= {_OPTIONS.get(name, name): _value(value) for name, value in written.items()}
    if seed.config.header is False:
        found["names"] = _value(tuple(c.name for c in seed.config.schema_))
    if types:
        found["types"] = exp.Struct(
            expressions=[
                exp.PropertyEQ(
                    this=exp.to_identifier(name, quoted=True), expression=exp.Literal.string(kind)
                )
                for name, kind in types.items()
            ]
        )
    return found


def _value(value: object) -> exp.Expr:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return exp.Array(expressions=[exp.Literal.string(str(item)) for item in value])
    return exp.convert(value)


def _reader(name: str, file: exp.Expr, options: Mapping[str, exp.Expr]) -> exp.Expr:
    settings = [
        exp.PropertyEQ(this=exp.to_identifier(key), expression=value)
        for key, value in options.items()
    ]
    return exp.Anonymous(this=name, expressions=[file, *settings])


def _cast(types: Mapping[str, str]) -> exp.Expr:
    """All columns, with those that have a declared type cast to it."""
    if not types:
        return exp.Star()
    casts = [
        exp.alias_(
            exp.Cast(this=column(name), to=exp.DataType.build(kind, dialect="duckdb")),
            identifier(name),
        )
        for name, kind in types.items()
    ]
    return exp.Star(replace=casts)
