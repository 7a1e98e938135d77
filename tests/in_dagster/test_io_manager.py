"""What a materialization does and shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from dagster_duckdb import DuckDBResource
from dagster_shop import Materialize, metadata, read, write


def data_version(instance: dg.DagsterInstance, name: str) -> str:
    event = instance.get_latest_materialization_event(dg.AssetKey(["mart", name]))
    assert event is not None
    assert event.asset_materialization is not None
    return (event.asset_materialization.tags or {})["dagster/data_version"]


def test_a_run_writes_what_t4t_run_writes(materialize: Materialize, shop: Path) -> None:
    """Models, views and seeds stand in the database afterwards, and the state beside it."""
    result = materialize()

    assert result.success
    assert read(shop, "SELECT count(*) FROM mart.orders") == [(3,)]
    assert read(shop, "SELECT spent FROM mart.customers ORDER BY customer") == [(40,), (200,)]
    assert read(shop, "SELECT id FROM mart.big") == [(2,)]
    assert read(shop, "SELECT count(*) FROM mart.rates") == [(2,)]
    with duckdb.connect(str(shop / "data/tee_state.db"), read_only=True) as state:
        mark = state.execute(
            "SELECT last_processed_value FROM tee_model_state WHERE model_name = 'mart.orders'"
        ).fetchall()
    assert mark == [("2024-01-01T12:00:00",)]


def test_each_materialization_carries_the_state_and_what_was_done(
    materialize: Materialize,
) -> None:
    """Everything `tee_model_state` holds is there under `t4t/`, and Dagster's own keys."""
    result = materialize()
    shown, of_seed = metadata(result, "orders"), metadata(result, "rates")

    assert [c.name for c in of_seed["dagster/column_schema"].columns] == ["currency", "rate"]
    assert shown["t4t/last_processed_value"] == "2024-01-01T12:00:00"
    assert shown["t4t/last_processed_epoch_s"] == 1_704_110_400
    assert shown["t4t/strategy"] == "merge"
    assert shown["t4t/materialization"] == "incremental"
    assert shown["t4t/mode"] == "full"
    assert shown["t4t/reason"] == "this is the first run"
    assert (shown["t4t/rows_inserted"], shown["t4t/rows_updated"]) == (3, 0)
    assert shown["t4t/rows_deleted"] == 0
    assert shown["dagster/row_count"] == 3
    assert shown["dagster/table_name"] == "shop.mart.orders"
    assert "CREATE OR REPLACE TABLE mart.orders" in shown["t4t/sql"]
    assert len(shown["t4t/sql_hash"]) == len(shown["t4t/config_hash"]) == 64
    columns = {c.name: (c.type, c.description) for c in shown["dagster/column_schema"].columns}
    assert columns["id"] == ("INTEGER", "The order's number")
    lineage = shown["dagster/column_lineage"].deps_by_column
    assert lineage["amount"] == [
        dg.TableColumnDep(asset_key=dg.AssetKey(["raw", "orders"]), column_name="amount")
    ]


def test_the_lineage_of_columns_names_assets_alone(materialize: Materialize, shop: Path) -> None:
    """A file is none, nor is a table whose name Dagster does not take."""
    (shop / "names.csv").write_text("customer,name\nada,Ada\n")
    write(shop, "CREATE TABLE raw.\"home towns\" AS SELECT 'ada' AS customer, 'Oslo' AS town")
    (shop / "models/mart/named.sql").write_text(
        "SELECT o.id, n.name, t.town FROM orders o JOIN 'names.csv' n USING (customer) "
        'JOIN raw."home towns" t USING (customer)'
    )

    shown = metadata(materialize("mart/orders", "mart/named"), "named")

    assert shown["dagster/column_lineage"].deps_by_column == {
        "id": [dg.TableColumnDep(asset_key=dg.AssetKey(["mart", "orders"]), column_name="id")],
        "name": [],
        "town": [],
    }


def test_a_run_with_nothing_new_keeps_the_data_version(
    materialize: Materialize, instance: dg.DagsterInstance, shop: Path
) -> None:
    """So automation downstream stays still; new rows change it."""
    materialize("mart/orders")
    first = data_version(instance, "orders")

    again = metadata(materialize("mart/orders"), "orders")
    second = data_version(instance, "orders")
    write(shop, "INSERT INTO raw.orders VALUES (4, 'cyd', 5, TIMESTAMP '2024-01-02')")
    changed = metadata(materialize("mart/orders"), "orders")

    assert again["t4t/mode"] == "incremental"
    assert again["t4t/rows_inserted"] == again["t4t/rows_updated"] == 0
    assert first == second
    assert changed["t4t/rows_inserted"] == 1
    assert data_version(instance, "orders") != first


def test_variables_and_full_refresh_come_from_run_config(materialize: Materialize) -> None:
    """They stand above `[vars]`, and setting one leaves the other as it was."""
    materialize("mart/orders")

    refreshed = metadata(materialize("mart/orders", config={"full_refresh": True}), "orders")
    rebuilt = metadata(
        materialize("mart/orders", config={"full_refresh": True, "vars": {"smallest": 20}}),
        "orders",
    )

    assert refreshed["t4t/reason"] == "a full refresh was asked for"
    assert refreshed["dagster/row_count"] == 3
    assert rebuilt["dagster/row_count"] == 2


def test_a_variable_may_be_null(materialize: Materialize, shop: Path) -> None:
    """As on the command line: it is NULL in the query."""
    file = shop / "models/mart/orders.sql"
    file.write_text(file.read_text().replace("@smallest", "coalesce(@smallest, 20)"))

    made = metadata(materialize("mart/orders", config={"vars": {"smallest": None}}), "orders")

    assert made["dagster/row_count"] == 2


def test_a_model_whose_inputs_have_not_changed_is_left_as_it_is(
    materialize: Materialize, instance: dg.DagsterInstance, shop: Path
) -> None:
    """Its materialization says so and has the columns and the data version that it had."""
    changed = {"only_changed": True}
    first = metadata(materialize(), "customers")
    version = data_version(instance, "customers")

    again = metadata(materialize(config=changed), "customers")
    unchanged = data_version(instance, "customers")
    alone = metadata(materialize("mart/customers", config=changed), "customers")
    write(shop, "INSERT INTO raw.orders VALUES (4, 'cyd', 5, TIMESTAMP '2024-01-02')")
    after = materialize(config=changed)
    refreshed = metadata(
        materialize("mart/customers", config={**changed, "full_refresh": True}), "customers"
    )

    assert again["t4t/mode"] == alone["t4t/mode"] == "skipped"
    assert again["t4t/reason"].startswith("nothing that it depends on has changed since ")
    assert again["dagster/column_schema"] == first["dagster/column_schema"]
    assert again["dagster/row_count"] == 2
    assert unchanged == version
    assert metadata(after, "orders")["t4t/reason"].endswith("nothing here makes raw.orders")
    assert metadata(after, "customers")["t4t/reason"] == "mart.orders changed"
    assert metadata(after, "rates")["t4t/mode"] == "skipped"
    assert data_version(instance, "customers") != version
    assert refreshed["t4t/mode"] == "full"


def test_a_missing_variable_fails_in_words(materialize: Materialize, shop: Path) -> None:
    """The failure names the model, the placeholder and how to set it, and is not retried."""
    file = shop / "models/mart/orders.sql"
    file.write_text(file.read_text().replace("@smallest", "@unknown"))

    result = materialize("mart/orders", fails=True)

    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    text = failure.step_failure_data.error_display_string
    assert "nothing sets the placeholder @unknown" in text
    assert "mart.orders" in text
    assert "config `vars` of t4t_io_manager" in text


def test_a_failing_model_publishes_nothing_and_stops_what_reads_it(
    materialize: Materialize, shop: Path
) -> None:
    """The table stays as it was, the step fails, and its children are not run."""
    materialize()
    write(shop, "INSERT INTO raw.orders VALUES (NULL, 'eve', 5, TIMESTAMP '2024-01-03')")

    result = materialize("mart/orders", "mart/customers", fails=True)

    assert not result.success
    assert read(shop, "SELECT count(*) FROM mart.orders") == [(3,)]
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert "NULL in the unique key (id)" in failure.step_failure_data.error_display_string
    assert not result.get_asset_materialization_events()


@pytest.mark.parametrize(
    ("annotation", "count"),
    [
        pytest.param(pd.DataFrame, len, id="pandas"),
        pytest.param(pl.DataFrame, len, id="polars"),
        pytest.param(pl.LazyFrame, lambda rows: len(rows.collect()), id="polars lazy"),
        pytest.param(pa.Table, len, id="pyarrow"),
        pytest.param(duckdb.DuckDBPyRelation, lambda rows: len(rows.fetchall()), id="relation"),
        pytest.param(Any, lambda rows: len(rows.fetchall()), id="no form"),
    ],
)
def test_any_asset_takes_a_model_in_the_form_it_asks_for(
    materialize: Materialize, annotation: Any, count: Any
) -> None:
    """The annotation of the input decides; without one it is a relation."""

    def body(rows):  # type: ignore[no-untyped-def]
        assert annotation is Any or isinstance(rows, annotation)
        return count(rows)

    body.__annotations__["rows"] = annotation
    reader = dg.asset(name="reader", ins={"rows": dg.AssetIn(key=["mart", "orders"])})(body)

    result = materialize(also=(reader,))

    assert result.output_for_node("reader") == 3


def test_rows_that_a_plain_asset_returns_get_a_strategy_too(
    materialize: Materialize, shop: Path
) -> None:
    """Metadata `t4t/model` is a model's metadata; a second run merges."""
    config = {
        "materialization": "incremental",
        "incremental": {
            "strategy": "merge",
            "merge": {"unique_key": "id", "time_column": "day", "lookback": "1 day"},
        },
    }
    rows = [[1, 2, 2]]

    @dg.asset(
        key=["mart", "frame"], io_manager_key="t4t_io_manager", metadata={"t4t/model": config}
    )
    def frame():  # type: ignore[no-untyped-def]
        ids = rows[0]
        days = pd.date_range("2024-01-01", periods=len(ids))
        return pd.DataFrame({"id": ids, "day": days})

    first = metadata(materialize(also=(frame,)), "frame")
    rows[0] = [1, 2, 2, 7]
    second = metadata(materialize(also=(frame,)), "frame")

    assert first["dagster/row_count"] == 2
    assert (second["t4t/mode"], second["t4t/rows_inserted"]) == ("incremental", 1)
    assert read(shop, "SELECT id FROM mart.frame ORDER BY id") == [(1,), (2,), (7,)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"materialization": "view"}, "rows cannot be 'view'", id="view"),
        pytest.param({"materialization": "ephemeral"}, "rows cannot be 'ephemeral'", id="nothing"),
        pytest.param({"tests": ["row_count_gt_0"]}, "tests .* would not be run", id="tests"),
        pytest.param(
            {"schema": [{"name": "id", "tests": ["unique"]}]},
            "tests .* would not be run",
            id="tests-of-a-column",
        ),
        pytest.param({"dagster": {"pool": "one"}}, "'dagster' has no effect", id="dagster"),
        pytest.param(
            {
                "materialization": "incremental",
                "incremental": {"strategy": "delete_insert", "delete_insert": {"time_column": "c"}},
            },
            "deletes what the asset does not return",
            id="delete-insert",
        ),
    ],
)
def test_metadata_that_means_nothing_for_rows_is_refused(
    materialize: Materialize, shop: Path, wrong: dict[str, Any], words: str
) -> None:
    """The table stays as it was."""

    def rows_with(written: dict[str, Any], *ids: int) -> dg.AssetsDefinition:
        @dg.asset(
            key=["mart", "frame"], io_manager_key="t4t_io_manager", metadata={"t4t/model": written}
        )
        def frame():  # type: ignore[no-untyped-def]
            return pd.DataFrame({"id": ids})

        return frame

    materialize("mart/frame", also=(rows_with({}, 1, 2),))

    result = materialize("mart/frame", also=(rows_with(wrong, 3),), fails=True)

    (failed,) = result.filter_events(lambda event: event.is_step_failure)
    assert re.search(words, failed.step_failure_data.error_display_string)
    assert read(shop, "SELECT id FROM mart.frame ORDER BY id") == [(1,), (2,)]


def test_delete_insert_may_be_told_that_every_row_is_returned(
    materialize: Materialize, shop: Path
) -> None:
    """What the asset does not return of its window goes then."""
    settings = {"time_column": "c", "lookback": "1 day", "allow_wider_delete": True}
    written = {
        "materialization": "incremental",
        "incremental": {"strategy": "delete_insert", "delete_insert": settings},
    }
    days = [1, 2, 3]

    @dg.asset(
        key=["mart", "frame"], io_manager_key="t4t_io_manager", metadata={"t4t/model": written}
    )
    def frame():  # type: ignore[no-untyped-def]
        return pd.DataFrame({"c": [pd.Timestamp(2024, 1, day) for day in days]})

    materialize("mart/frame", also=(frame,))
    days[:] = [3, 4]
    materialize("mart/frame", also=(frame,))

    assert read(shop, "SELECT day(c) FROM mart.frame ORDER BY c") == [(1,), (3,), (4,)]


@pytest.mark.parametrize(
    ("returned", "shown"),
    [
        pytest.param(None, "None", id="nothing"),
        pytest.param(3, "a value of type int", id="a-number"),
        pytest.param(duckdb.sql("SELECT 1"), "a value of type DuckDBPyRelation", id="a-relation"),
    ],
)
def test_an_asset_that_returns_no_table_fails_in_words(
    materialize: Materialize, returned: object, shown: str
) -> None:
    """They name the asset and say what it could return."""

    @dg.asset(key=["mart", "frame"], io_manager_key="t4t_io_manager")
    def frame():  # type: ignore[no-untyped-def]
        return returned

    result = materialize("mart/frame", also=(frame,), fails=True)

    (failed,) = result.filter_events(lambda event: event.is_step_failure)
    text = failed.step_failure_data.error_display_string
    assert f"the asset mart/frame returned {shown}" in text
    assert "PyArrow table" in text


# Dagster's own code calls its deprecated property when a resource holds another one.
@pytest.mark.filterwarnings("ignore:InitResourceContext.dagster_run:DeprecationWarning")
def test_it_connects_through_a_users_duckdb_resource(materialize: Materialize, shop: Path) -> None:
    """What the resource opens is closed again, even when a model fails.

    DuckDB 2.0 is told what the file is, so that it locks the file before it reads it.
    """
    file = str(shop / "data/shop.duckdb")
    resource = DuckDBResource(database=file)

    with patch("duckdb.connect", wraps=duckdb.connect) as connecting:
        good = materialize("mart/orders", duckdb=resource)
    calls = [call.kwargs for call in connecting.call_args_list]
    names = {named["database"] for named in calls if "database" in named}
    write(shop, "INSERT INTO raw.orders VALUES (NULL, 'eve', 5, TIMESTAMP '2024-01-03')")
    bad = materialize("mart/orders", duckdb=resource, fails=True)

    assert good.success
    assert names == {file if duckdb.__version__ < "2" else f"duckdb:{file}"}
    assert not bad.success
    write(shop, "SELECT 1")


@pytest.mark.filterwarnings("ignore:InitResourceContext.dagster_run:DeprecationWarning")
def test_a_resource_may_say_what_the_file_is(materialize: Materialize, shop: Path) -> None:
    """DuckDB would take that for a part of the folder's name to which it spills."""
    (shop / "models/mart/spilled.sql").write_text(
        "SELECT current_setting('temp_directory') AS folder FROM mart.orders LIMIT 1"
    )
    file = shop / "data/shop.duckdb"

    materialize("mart/orders", "mart/spilled", duckdb=DuckDBResource(database=f"duckdb:{file}"))

    assert read(shop, "SELECT folder FROM mart.spilled") == [(f"{file}.tmp",)]


def test_it_works_while_this_process_has_the_file_open(
    materialize: Materialize, shop: Path
) -> None:
    """Both for a plain connection and for a DuckDBResource, whose settings differ."""
    file = str(shop / "data/shop.duckdb")

    with duckdb.connect(file):
        assert materialize("mart/orders").success
    with DuckDBResource(database=file).get_connection():
        assert materialize("mart/orders").success


def test_a_python_model_is_an_asset(materialize: Materialize, shop: Path) -> None:
    """Its parameters are its dependencies; it runs in the transaction of its table."""
    (shop / "models/mart/frames.py").write_text(
        "import pandas as pd\nfrom t4t_core import model\n\n"
        "@model('mart.doubled', materialization='table')\n"
        "def doubled(orders: pd.DataFrame) -> pd.DataFrame:\n"
        "    return orders.assign(amount=orders.amount * 2)\n"
    )

    shown = metadata(materialize(), "doubled")

    assert shown["dagster/row_count"] == 3
    assert read(shop, "SELECT sum(amount) FROM mart.doubled") == [(480,)]
