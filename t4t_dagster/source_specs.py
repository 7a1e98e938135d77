"""External assets for the tables that a project reads and does not make."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import dagster as dg

from t4t_core.models import Model
from t4t_core.project import Project, load_project
from t4t_dagster.translator import T4tTranslator


def t4t_source_specs(
    project: Project | str | Path,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    made_elsewhere: Collection[dg.AssetKey] = (),
    translator: T4tTranslator | None = None,
) -> list[dg.AssetSpec]:
    """What the sources of a project look like where no other integration makes them.

    Without these they are external assets all the same, with a key and nothing else. Dagster
    refuses two definitions of one key, so a source that another integration makes is left out here,
    which is why `build_t4t_definitions` adds none by itself.

    Args:
        project: The project, or the folder that holds `project.toml`.
        select: The models whose sources are given, as `t4t run --select`; all by default.
        exclude: As `t4t run --exclude`.
        made_elsewhere: The keys of sources that other assets of the code location have.
        translator: The one that made the assets.

    Raises:
        ProjectError: All that is wrong in the project.
        SelectionError: A selector matches nothing.
    """
    loaded = project if isinstance(project, Project) else load_project(project)
    translator = translator or T4tTranslator()
    specs: dict[dg.AssetKey, dg.AssetSpec] = {}
    for node in loaded.graph.select(select, exclude):
        for ref in loaded.graph.sources[node.name.key] if isinstance(node, Model) else ():
            if translator.is_asset(ref, loaded):
                spec = translator.get_source_spec(ref, loaded)
                specs[spec.key] = spec
    return [spec for key, spec in specs.items() if key not in made_elsewhere]
