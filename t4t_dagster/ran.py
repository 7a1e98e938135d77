"""What became of a model that an asset ran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from t4t_core.models import Model
from t4t_core.project import Project
from t4t_core.report import ModelReport
from t4t_core.seeds.seed import Seed
from t4t_core.sql.origins import Lineage
from t4t_dagster.metadata import column_lineage, materialization_metadata
from t4t_dagster.translator import T4tTranslator


@dataclass(frozen=True)
class T4tRan:
    """A run of one model; what it wrote is committed, unless it failed.

    Attributes:
        lineage: Of its columns; empty where it is not known.
        set_data_version: Sets the data version of the materialization; None for an asset of other
            code, which Dagster gives one.
    """

    node: Model | Seed
    project: Project
    report: ModelReport
    lineage: Lineage
    set_data_version: Callable[[dg.DataVersion], None] | None

    def raise_failure(self) -> None:
        """Fails the step where the run failed.

        Raises:
            dagster.Failure: With the error and its metadata.
        """
        if self.report.status == "failed":
            raise dg.Failure(
                self.report.error,
                metadata=materialization_metadata(self.report, self.node, self.project),
                allow_retries=self.report.is_transient,
            )

    def metadata(self, translator: T4tTranslator) -> dict[str, Any]:
        """What the materialization shows."""
        metadata = materialization_metadata(self.report, self.node, self.project)
        if self.lineage and isinstance(self.node, Model):
            metadata["dagster/column_lineage"] = column_lineage(
                self.lineage, self.report.columns, self.project, self.node, translator
            )
        return metadata
