"""What must hold between the parts of a model's metadata."""

from __future__ import annotations

from t4t_core.config.model import ModelConfig
from t4t_core.config.strategies import AppendConfig, DeleteInsertConfig, MergeConfig


def refuse_contradictions(config: ModelConfig) -> None:
    """Refuses metadata whose parts do not go together.

    Raises:
        ValueError: Which, and why.
    """
    _refuse_numbers(config)
    _refuse_partitions(config)


def _refuse_numbers(config: ModelConfig) -> None:
    found = [column for column in config.schema_ if column.auto_incremental]
    if config.unique_key is not None and (not found or config.materialization != "table"):
        raise ValueError(
            "unique_key stands here for a table with an auto_incremental column alone; "
            "merge has its own"
        )
    if not found:
        return
    name = found[0].name
    if len(found) > 1:
        raise ValueError(f"two columns are auto_incremental, {name} and {found[1].name}")
    settings = config.strategy
    is_table = settings is None and config.materialization == "table"
    if not is_table and not isinstance(settings, AppendConfig | MergeConfig):
        kind = config.materialization if settings is None else settings.name
        raise ValueError(
            f"{kind} cannot keep the numbers of the auto_incremental column {name!r}; "
            "a table and the strategies merge and append can"
        )
    if is_table and config.unique_key is None:
        raise ValueError(
            f"the auto_incremental column {name!r} of a table needs a 'unique_key' beside "
            "'schema', by which a row has its number again after the next run"
        )
    used = [*(config.unique_key or ())]
    if isinstance(settings, AppendConfig | MergeConfig):
        used.append(settings.time_column)
    if isinstance(settings, MergeConfig):
        used += [*settings.unique_key, *(settings.update_columns or ())]
    if name.lower() in {other.lower() for other in used}:
        raise ValueError(
            f"the auto_incremental column {name!r} cannot be key, time or updated column"
        )


def _refuse_partitions(config: ModelConfig) -> None:
    """A partition's run replaces a part of the rows, which not every model can."""
    partitions = config.dagster.partitions
    if partitions is None:
        return
    if not partitions.is_static and not config.reads_windows:
        raise ValueError(
            "'partitions' by time need a model with a time column: 'incremental', or 'scd2' "
            "that is given versions"
        )
    if partitions.is_static and not isinstance(config.strategy, DeleteInsertConfig):
        raise ValueError("static 'partitions' need the strategy 'delete_insert'")
