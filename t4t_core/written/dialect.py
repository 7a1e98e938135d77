"""The dialect that users say their SQL is written in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _ours(written: str) -> str:
    return "duckdb" if written == "generic" else written


Dialect = Annotated[str, AfterValidator(_ours)]
"""There may be none such. `generic` is the public t4t's word for what every database reads."""
