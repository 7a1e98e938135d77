"""t4t models as Dagster assets."""

from t4t_dagster.assets import T4tOutput, t4t_asset_checks, t4t_assets
from t4t_dagster.automation import t4t_eager, t4t_on_code_change, t4t_on_cron
from t4t_dagster.component import T4tProjectComponent
from t4t_dagster.definitions import build_t4t_definitions
from t4t_dagster.io_manager import T4tIOManager
from t4t_dagster.source_sensors import (
    build_t4t_source_observation_sensor,
    build_t4t_source_sensor,
)
from t4t_dagster.source_specs import t4t_source_specs
from t4t_dagster.translator import T4tTranslator
from t4t_dagster.translator_settings import T4tTranslatorSettings
from t4t_dagster.watermark_sensor import build_t4t_asset_sensor

__all__ = [
    "T4tIOManager",
    "T4tOutput",
    "T4tProjectComponent",
    "T4tTranslator",
    "T4tTranslatorSettings",
    "build_t4t_asset_sensor",
    "build_t4t_definitions",
    "build_t4t_source_observation_sensor",
    "build_t4t_source_sensor",
    "t4t_asset_checks",
    "t4t_assets",
    "t4t_eager",
    "t4t_on_code_change",
    "t4t_on_cron",
    "t4t_source_specs",
]
