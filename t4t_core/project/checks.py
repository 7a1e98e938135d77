"""The checks of a project, from its models' metadata and its SQL tests."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from t4t_core.checks.assigned import Assigned, assigned
from t4t_core.checks.check import Check
from t4t_core.checks.entries import checks_of
from t4t_core.checks.sql_test import OfSqlTest, SqlTest
from t4t_core.errors import T4tError
from t4t_core.graph import Graph
from t4t_core.models import Model
from t4t_core.project.sql_texts import SqlTexts
from t4t_core.resolution import Key
from t4t_core.seeds.seed import Seed

log = logging.getLogger("t4t_core.checks")


def metadata_checks(
    nodes: Sequence[Model | Seed],
    sql_tests: Mapping[str, SqlTest],
    sql: SqlTexts,
    mistakes: list[T4tError],
) -> dict[Key, tuple[Check, ...]]:
    """The checks that metadata asks for, by table; what is wrong is added to `mistakes`."""
    return {node.name.key: checks_of(node, sql_tests, sql, mistakes) for node in nodes}


def project_checks(
    own: Mapping[Key, Sequence[Check]], sql_tests: Mapping[str, SqlTest], graph: Graph
) -> Assigned:
    """All checks at their tables: those of metadata, and the SQL tests that it does not name."""
    named = {
        check.rule.test.name
        for checks in own.values()
        for check in checks
        if isinstance(check.rule, OfSqlTest)
    }
    singular = []
    for name, test in sql_tests.items():
        if name in named:
            continue
        if test.is_generic:
            log.warning(
                "the test %r is never used: name it under `tests` of a model (%s)",
                name,
                test.place,
            )
            continue
        singular.append(_singular(test))
    return assigned(own, singular, graph)


def _singular(test: SqlTest) -> Check:
    return Check(
        name=test.name,
        rule=OfSqlTest(test, {}),
        severity=test.config.severity,
        place=test.place,
        limit=test.config.limit,
        description=test.config.description,
    )
