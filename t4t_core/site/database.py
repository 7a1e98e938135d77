"""What the database knows of a project's tables."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from t4t_core.commit import Commit
from t4t_core.engines.duckdb import Warehouse
from t4t_core.names import TableName
from t4t_core.planning.facts import Column
from t4t_core.project.load import Project
from t4t_core.state.ledger import last_commits
from t4t_core.state.ledger_tables import check_format


class Found(Struct, frozen=True):
    """What was found in the database.

    Attributes:
        columns: Of each table and view, by schema and name in lower case.
        commits: The last one of each model and seed, by its name in lower case.
    """

    columns: Mapping[tuple[str, str], tuple[Column, ...]] = field(default_factory=dict)
    commits: Mapping[str, Commit] = field(default_factory=dict)


def found_in_database(project: Project) -> Found:
    """What the project's database holds; nothing where there is none yet.

    Raises:
        LockedError: Another process holds it.
        UsageError: It cannot be read.
    """
    settings = project.settings
    if not settings.database.is_file():
        return Found()
    with Warehouse.open(
        settings.database, read_only=True, lock_timeout_s=settings.lock_timeout_s
    ) as warehouse:
        check_format(warehouse)
        rows = warehouse.rows(
            "SELECT schema_name, table_name, column_name, data_type "
            "FROM duckdb_columns() WHERE database_name = current_database() "
            "ORDER BY schema_name, table_name, column_index"
        )
        commits = {commit.model_name.lower(): commit for commit in last_commits(warehouse)}
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, name, column, type_ in rows:
        found = columns.setdefault(TableName(str(schema), str(name)).key, [])
        found.append(Column(str(column), str(type_)))
    return Found({key: tuple(listed) for key, listed in columns.items()}, commits)
