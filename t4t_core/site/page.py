"""The page itself: one HTML file with everything in it."""

from __future__ import annotations

import json
from importlib.resources import files

from t4t_core.project.load import Project
from t4t_core.site.content import site_content
from t4t_core.site.database import found_in_database
from t4t_core.unit_tests.collect import unit_tests_of


def page_of(project: Project) -> str:
    """A page with the project's graph and a part for each model, seed and source.

    It loads nothing from elsewhere. The same project and database give the same page.

    Raises:
        LockedError: Another process holds the database.
        ProjectError: A unit test is written wrongly.
    """
    unit_tests: dict[str, list[str]] = {}
    for test in unit_tests_of(project):
        unit_tests.setdefault(test.model, []).append(test.config.name)
    content = site_content(project, found_in_database(project), unit_tests)
    # Last, so that nothing in the project's own texts is taken for a place to fill.
    return (
        _part("page.html")
        .replace("/* page.css */", _part("page.css"))
        .replace("/* page.js */", _part("page.js"))
        .replace("/* content */", _as_json(content))
    )


def _part(name: str) -> str:
    return (files("t4t_core.site") / name).read_text("utf-8")


def _as_json(content: object) -> str:
    """JSON in which nothing can end or begin an element of the page around it."""
    return json.dumps(content, ensure_ascii=True).replace("<", "\\u003c")
