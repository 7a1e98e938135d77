"""The keys that the parts of the code location share."""

from dagster import AssetKey

FLIGHTS_IO_MANAGER = "flights_io_manager"
INCREMENTAL_EXAMPLE = AssetKey(["my_schema", "incremental_example"])
