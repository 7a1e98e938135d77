"""What a materialization shows: a report in, metadata out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from t4t_core.models import Model
from t4t_core.planning.facts import Column
from t4t_core.project import Project
from t4t_core.report import ModelReport
from t4t_core.seeds.seed import Seed
from t4t_core.sql.origins import Lineage
from t4t_core.sql.table_ref import TableRef
from t4t_core.values import TimeKind, TimeValue
from t4t_dagster.translator import T4tTranslator


def materialization_metadata(
    report: ModelReport, node: Model | Seed, project: Project
) -> dict[str, Any]:
    """The metadata of one run of a model, under `t4t/` and Dagster's own keys.

    Dagster shows them in this order: what the run did, how it did it, what identifies it.
    """
    metadata: dict[str, Any] = {
        "t4t/mode": report.mode or "",
        "t4t/reason": report.reason,
    }
    if report.warning is not None:
        metadata["t4t/warning"] = report.warning
    metadata |= {
        "t4t/rows_inserted": report.rows_inserted,
        "t4t/rows_updated": report.rows_updated,
        "t4t/rows_deleted": report.rows_deleted,
    }
    if report.row_count is not None:
        metadata["dagster/row_count"] = report.row_count
    if report.watermark is not None:
        metadata["t4t/last_processed_value"] = str(report.watermark)
        metadata |= _plotted(report.watermark)
    if report.window is not None:
        metadata["t4t/window_start"], metadata["t4t/window_end"] = report.window
    metadata["t4t/duration_s"] = round(report.duration_s, 4)
    if report.statements:
        script = ";\n\n".join(report.statements)
        metadata["t4t/sql"] = dg.MetadataValue.md(f"```sql\n{script};\n```")
    metadata["t4t/materialization"] = report.materialization
    if report.strategy is not None:
        metadata["t4t/strategy"] = report.strategy
    name = node.name
    metadata["dagster/table_name"] = f"{project.settings.catalog}.{name.schema}.{name.name}"
    if report.columns:
        metadata["dagster/column_schema"] = _schema(report, node)
    if report.sql_hash is not None:
        metadata["t4t/sql_hash"] = report.sql_hash
    if report.config_hash is not None:
        metadata["t4t/config_hash"] = report.config_hash
    return metadata


def column_lineage(
    lineage: Lineage,
    columns: Sequence[Column],
    project: Project,
    node: Model,
    translator: T4tTranslator,
) -> dg.TableColumnLineage:
    """The lineage in Dagster's terms, with the columns spelled as the table spells them.

    Columns of what can be no asset, as a file, are left out.
    """
    spelled = {column.name.lower(): column.name for column in columns}
    deps: Mapping[str, list[dg.TableColumnDep]] = {
        spelled.get(column.lower(), column): [
            dg.TableColumnDep(asset_key=key, column_name=origin.column)
            for origin in origins
            if (key := _key(origin.table, project, node, translator)) is not None
        ]
        for column, origins in lineage.items()
    }
    return dg.TableColumnLineage(deps_by_column=deps)


def _key(
    ref: TableRef, project: Project, node: Model, translator: T4tTranslator
) -> dg.AssetKey | None:
    key = project.graph.resolve(ref, node.name.schema)
    if key is not None:
        return translator.get_asset_key(project.graph.nodes[key], project)
    return translator.get_source_key(ref, project) if translator.is_asset(ref, project) else None


def _plotted(value: TimeValue) -> dict[str, Any]:
    """The watermark as a number, which Dagster plots over time, and as a moment to read."""
    if value.kind is TimeKind.INTEGER:
        return {"t4t/last_processed_number": value.ordinal}
    scale = {TimeKind.DATE: 86_400.0, TimeKind.TIMESTAMP_NS: 1e-9}.get(value.kind, 1e-6)
    epoch_s = value.ordinal * scale
    return {
        "t4t/last_processed_time": dg.MetadataValue.timestamp(epoch_s),
        "t4t/last_processed_epoch_s": epoch_s,
    }


def _schema(report: ModelReport, node: Model | Seed) -> dg.TableSchema:
    described = {column.name.lower(): column.description for column in node.config.schema_}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column.name, column.type, description=described.get(column.name.lower()))
            for column in report.columns
        ]
    )
