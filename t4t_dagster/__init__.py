"""t4t models as Dagster assets."""

from t4t_dagster.assets import T4tOutput, t4t_asset_checks, t4t_assets
from t4t_dagster.automation import t4t_eager, t4t_on_code_change, t4t_on_cron
from t4t_dagster.component import T4tProjectComponent
from t4t_dagster.definitions import build_t4t_definitions
from t4t_dagster.io_manager import T4tIOManager
from t4t_dagster.translator import T4tTranslator

__all__ = [
    "T4tIOManager",
    "T4tOutput",
    "T4tProjectComponent",
    "T4tTranslator",
    "build_t4t_definitions",
    "t4t_asset_checks",
    "t4t_assets",
    "t4t_eager",
    "t4t_on_code_change",
    "t4t_on_cron",
]
