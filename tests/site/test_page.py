"""`t4t docs`: the page and what is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Make = Callable[..., Path]
Run = Callable[..., Result]
RunJson = Callable[..., dict[str, Any]]

EVIL = '</script><script>alert(1)</script><!-- /* page.js */ "quoted" & <b>ünïcode</b>'
ORDERS = """\
-- metadata: {"description": %s, "tags": ["daily"], "owners": ["team:x"], "materialization":
--   "incremental", "incremental": {"strategy": "merge", "merge": {"unique_key": ["id", "line"],
--   "time_column": "at"}}, "schema": [{"name": "ID", "datatype": "INTEGER",
--   "description": "The key",
--   "tests": ["not_null"]}], "tests":
--   ["row_count_gt_0", {"test": "no_duplicates", "severity": "warning"}]}
SELECT o.id, o.line, o.at, c.name || '!' AS customer
FROM raw.orders AS o JOIN people AS c USING (line)
"""
MODELS = {
    "mart/orders.sql": ORDERS % json.dumps(EVIL),
    "mart/people.sql": '-- metadata: {"materialization": "ephemeral"}\n'
    "SELECT * FROM crm.main.people WHERE line < @most",
    "mart/counted.py": "import pandas as pd\nfrom t4t_core import model\n\n@model\n"
    "def counted(orders) -> pd.DataFrame:\n    return orders.df()\n",
    "mart/total.sql": "SELECT count(*) AS n FROM orders",
}
SEEDS = {"raw/orders.csv": "id,line,at\n1,2,2024-01-01\n"}


class _Scripts(HTMLParser):
    """The scripts of a page, and every address that it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_inside = tag == "script"
        if self._is_inside:
            self.texts.append("")
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "script"


def read(page: str) -> dict[str, Any]:
    """The page's content; it must hold two scripts, and load nothing."""
    parser = _Scripts()
    parser.feed(page)
    content, script = parser.texts
    assert parser.addresses == ["#"]
    assert set(re.findall(r"https?://[^\"']*", page)) == {"http://www.w3.org/2000/svg"}
    assert "innerHTML" not in script
    return dict(json.loads(content))


@pytest.fixture
def shop(project: Make) -> Path:
    return project(MODELS, SEEDS, toml="\n[vars]\nmost = 9\nsecret = 'hidden-value'\n")


def nodes_of(file: Path) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in read(file.read_text("utf-8"))["nodes"]}


def test_the_page_holds_what_the_files_say(shop: Path, t4t: Run) -> None:
    """Without a database too: metadata, SQL as written and compiled, lineage, what reads what."""
    result = t4t("docs", shop)

    assert result.exit_code == 0
    assert not (shop / "data").exists()
    file = shop / "site" / "index.html"
    assert f"wrote {file}" in result.stdout
    nodes = nodes_of(file)
    assert set(nodes) == {
        "crm.main.people", "mart.people", "mart.orders", "mart.counted", "mart.total", "raw.orders"
    }  # fmt: skip
    orders = nodes["mart.orders"]
    assert orders["description"] == EVIL
    assert (orders["tags"], orders["owners"]) == (["daily"], ["team:x"])
    assert orders["tests"] == ["row_count_gt_0", "no_duplicates (warning)"]
    assert ["unique_key", "id, line"] in orders["settings"]
    assert orders["parents"] == ["raw.orders", "mart.people"]
    assert orders["written"] == MODELS["mart/orders.sql"]
    assert "line < 9" in orders["compiled"]
    assert orders["file"] == "models/mart/orders.sql"
    assert orders["state"] is None
    columns = {column["name"]: column for column in orders["columns"]}
    assert columns["id"]["description"] == "The key"
    assert columns["id"]["type"] == "INTEGER"
    assert columns["id"]["tests"] == ["not_null(ID)"]
    assert columns["id"]["origins"] == [["raw.orders", "id"]]
    assert columns["customer"]["origins"] == [["mart.people", "name"]]
    assert nodes["mart.counted"]["written"].startswith("@model\ndef counted")
    assert nodes["raw.orders"]["file"] == "seeds/raw/orders.csv"
    assert nodes["crm.main.people"]["materialization"] == "source"


def test_types_and_state_come_from_the_database(project: Make, t4t: Run, query: Any) -> None:
    """Where there is one; it is only read."""
    folder = project({"s/m.sql": ORDERS.replace("%s", '"x"').replace("people AS", "src.people AS")})
    query(
        folder,
        "CREATE SCHEMA src",
        "CREATE SCHEMA raw",
        "CREATE TABLE src.people AS SELECT 1 AS line, 'ada' AS name",
        "CREATE TABLE raw.orders AS SELECT 5 AS \"Id\", 1 AS line, TIMESTAMP '2024-01-02' AS at",
    )
    assert t4t("run", folder).exit_code == 0
    before = (folder / "data" / "warehouse.duckdb").read_bytes()

    result = t4t("docs", folder, "-o", folder / "deep" / "er" / "x.html")

    assert result.exit_code == 0
    assert (folder / "data" / "warehouse.duckdb").read_bytes() == before
    nodes = nodes_of(folder / "deep" / "er" / "x.html")
    found = nodes["s.m"]
    assert [column["type"] for column in found["columns"]] == [
        "INTEGER", "INTEGER", "TIMESTAMP", "VARCHAR"
    ]  # fmt: skip
    assert found["columns"][0]["description"] == "The key"
    assert found["state"]["watermark"] == "2024-01-02T00:00:00"
    assert (found["state"]["mode"], found["state"]["row_count"]) == ("full", 1)
    assert nodes["src.people"]["columns"][1]["name"] == "name"


def test_the_page_is_the_same_again(shop: Path, t4t_json: RunJson) -> None:
    """It holds no clock, and no variable that no model uses."""
    first = t4t_json("docs", shop)
    page = Path(first["file"]).read_text("utf-8")

    t4t_json("docs", shop)

    assert first["exit_status"] == 0
    assert Path(first["file"]).read_text("utf-8") == page
    assert "hidden-value" not in page


def test_a_variable_that_nothing_sets_is_told_on_its_page(project: Make, t4t: Run) -> None:
    """The others are whole, and the unit tests of a model are named."""
    folder = project(
        {
            "s/a.sql": "SELECT @nothing AS x",
            "s/b.sql": "SELECT x FROM a",
            "s/b.py": 'metadata = {}\nunit_tests = [{"name": "it holds", "expect": []}]\n',
        }
    )

    result = t4t("docs", folder)

    assert result.exit_code == 0
    nodes = nodes_of(folder / "site" / "index.html")
    assert "nothing sets the placeholder @nothing" in nodes["s.a"]["problem"]
    assert nodes["s.b"]["compiled"] is not None
    assert nodes["s.b"]["unit_tests"] == ["it holds"]


def test_a_file_that_cannot_be_written(shop: Path, t4t: Run) -> None:
    """It is an error that names the file."""
    (shop / "taken").write_text("")

    result = t4t("docs", shop, "-o", shop / "taken" / "index.html")

    assert result.exit_code == 2
    assert "taken/index.html cannot be written" in result.stderr
