"""What a finished run of one model leaves in the ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import asdict

from t4t_core.values import TimeValue

NO_SETTINGS: Final = hashlib.sha256(b"").hexdigest()
"""The hash of metadata that says nothing."""

OF_HOOKS: Final = "-hooks"
"""How the data version of a run with hooks ends."""

Mode = Literal["full", "incremental", "skipped"]
Origin = Literal["run", "set", "reset"]


class Definition(Struct, frozen=True):
    """What decides which table a full refresh gives.

    Attributes:
        query: Fingerprint of the query, with the ephemeral models that it reads.
        strategy: Its name; empty where the model is not incremental.
        unique_key: In lower case, sorted.
        time_column: In lower case.
        start: Where a full load starts reading, as it is written; empty where it reads all.
        leaves_null_time_out: Whether rows without a time are left out.
        delete_when: Fingerprint of the condition by which keys are left out; empty for none.
        functions: Name and fingerprint of the project's functions that it calls, sorted.
        number: The auto_incremental column in lower case; empty for none.
        incomplete: Columns in which rows may lack values; see `t4t_core.schema.incomplete`, and
            for a history `t4t_core.schema.unfilled`.
        complete_from: From when on no row lacks any; empty where any may.
        old_until: Rows of an append table up to here may be of an earlier definition; empty where
            none is.
    """

    query: str
    strategy: str = ""
    unique_key: tuple[str, ...] = ()
    time_column: str = ""
    start: str = ""
    leaves_null_time_out: bool = False
    delete_when: str = ""
    functions: tuple[tuple[str, str], ...] = ()
    number: str = ""
    incomplete: tuple[tuple[str, str], ...] = ()
    complete_from: str = ""
    old_until: str = ""

    def told(self) -> dict[str, object]:
        """What JSON can say of it."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """SHA-256 over all of it."""
        return hashlib.sha256(json.dumps(self.told(), sort_keys=True).encode()).hexdigest()

    @classmethod
    def of_told(cls, told: Mapping[str, Any]) -> Definition:
        """The definition that `told` gave, as JSON gives it back; an older t4t told less."""
        values = {**told, "unique_key": tuple(told["unique_key"])}
        for key in ("functions", "incomplete"):
            values[key] = tuple((name, text) for name, text in told.get(key, ()))
        return cls(**values)


class Commit(Struct, frozen=True):
    """One row of the ledger.

    Attributes:
        version: 1 for the model's first commit, then one more each time.
        origin: A run, or `t4t state set` or `reset`.
        watermark: The greatest value of the time column that a committed run has read; None
            before any was read.
        start: The start S that bounded the last full load; None where nothing bounded it.
        data_version: Stays as it was when a run changed nothing.
        committed_at: In UTC.
    """

    model_name: str
    version: int
    origin: Origin
    materialization: str
    strategy: str | None
    mode: Mode
    reason: str
    definition: Definition
    config_hash: str
    watermark: TimeValue | None
    start: TimeValue | None
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    row_count: int | None
    data_version: str
    committed_at: datetime
    duration_s: float

    @classmethod
    def of_file(
        cls,
        name: str,
        before: Commit | None,
        *,
        materialization: str,
        reason: str,
        digest: str,
        config_hash: str = NO_SETTINGS,
        data_version: str,
        rows: int | None = None,
        duration_s: float = 0.0,
    ) -> Commit:
        """The commit of what is made whole of a file: a seed, or a function.

        Args:
            name: What the ledger calls it.
            before: Its last commit.
            materialization: What it is.
            reason: Why it was made.
            digest: Of the file's content.
            config_hash: Of its metadata.
            data_version: Changes with what is made of it.
            rows: How many it has, or None where it has none.
            duration_s: How long that took.
        """
        return cls(
            model_name=name,
            version=1 if before is None else before.version + 1,
            origin="run",
            materialization=materialization,
            strategy=None,
            mode="full",
            reason=reason,
            definition=Definition(query=digest),
            config_hash=config_hash,
            watermark=None,
            start=None,
            rows_inserted=rows or 0,
            rows_updated=0,
            rows_deleted=0,
            row_count=rows,
            data_version=data_version,
            committed_at=datetime.now(UTC).replace(tzinfo=None),
            duration_s=duration_s,
        )

    @property
    def is_of_table(self) -> bool:
        """Whether it is of a model or seed; functions of the project have commits too."""
        return self.materialization != "function"

    @property
    def sql_hash(self) -> str:
        return self.definition.query


def is_of_hooks(data_version: str) -> bool:
    """Whether hooks may have written rows under a data version, which does not count them."""
    return data_version.endswith(OF_HOOKS)
