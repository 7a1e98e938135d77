"""What the ledger keeps of what each model's last runs have read.

It is written in the transaction that writes the data, under the version of its commit. A commit
without it, by an older t4t, by hand or of a part of the rows, makes what was noted before count no
more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, cast

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.planning.inputs import Noted
from t4t_core.state.ledger import SCHEMA, has_table

# To forget the earlier ones takes about as long as to note one.
_KEPT: Final = 16


def noted_inputs(warehouse: Warehouse) -> dict[str, Noted]:
    """What the last runs have read that noted it, by the models' names in lower case."""
    if not has_table(warehouse, "inputs"):
        return {}
    rows = warehouse.rows(
        "SELECT lower(model_name), max(version), max_by(inputs, version) "
        f"FROM {SCHEMA}.inputs GROUP BY lower(model_name)"
    )
    return {
        str(name): Noted(cast(int, version), json.loads(str(inputs)))
        for name, version, inputs in rows
    }


def note_inputs(warehouse: Warehouse, commit: Commit, inputs: Mapping[str, str]) -> None:
    """Notes what a run has read, within its transaction."""
    if commit.version % _KEPT == 0:
        warehouse.row(
            f"DELETE FROM {SCHEMA}.inputs WHERE lower(model_name) = ?", (commit.model_name.lower(),)
        )
    warehouse.row(
        f"INSERT INTO {SCHEMA}.inputs VALUES (?, ?, ?)",
        (commit.model_name, commit.version, json.dumps(inputs, separators=(",", ":"))),
    )
