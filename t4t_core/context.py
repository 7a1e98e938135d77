"""What a Python model may ask of the run that calls it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from t4t_core.values import TimeValue

if TYPE_CHECKING:
    import duckdb


class RunContext(Struct, frozen=True):
    """The run of one model.

    Attributes:
        model: The model's name, `schema.name`.
        is_full: Whether the table is built anew.
        lower: Only rows whose time column is at or after this are needed (rows where it is NULL
            too); None where all are. Giving more does no harm: t4t filters the result.
        upper: Only rows whose time column is before this are needed; None where later ones are
            too, as in all runs but those of a window.
        watermark: The greatest value of the time column that a committed run has read, or None.
        variables: `--vars` over `[vars]`; in a run of a window `start_date` and `end_date` are
            its bounds.
        connection: The connection that the model's transaction runs on. It is for reading; what
            is written on it commits or rolls back with the model. Do not commit on it. Settings
            that the function changes hold until it returns; variables, temporary tables and what
            it registers until the model is done.
    """

    model: str
    is_full: bool
    lower: TimeValue | None
    watermark: TimeValue | None
    variables: Mapping[str, object]
    connection: duckdb.DuckDBPyConnection
    upper: TimeValue | None = None
