"""`dg scaffold defs t4t_dagster.T4tProjectComponent`."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
from pydantic import BaseModel, Field

from t4t_core.commands.new_project import write_new_project
from t4t_core.errors import UsageError
from t4t_core.project.settings import FILE_NAME


class T4tScaffoldParams(BaseModel):
    """What the command takes."""

    project_path: str | None = Field(
        default=None,
        description="The folder of an existing t4t project; without it a small new one is written.",
    )


class T4tProjectScaffolder(dg.Scaffolder[T4tScaffoldParams]):
    """Writes the `defs.yaml` of a T4tProjectComponent and, without a path, a project to begin with.

    The new project stands in the Dagster project's own folder, by the component's name, where
    `t4t run` finds it as easily as Dagster.
    """

    @classmethod
    def get_scaffold_params(cls) -> type[T4tScaffoldParams]:
        return T4tScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[T4tScaffoldParams]) -> None:
        """Writes the files.

        Raises:
            UsageError: There is no project at the path, or the new project's folder is taken.
        """
        root = (request.project_root or Path.cwd()).resolve()
        if request.params.project_path is not None:
            folder = Path(request.params.project_path).expanduser().resolve()
            if not (folder / FILE_NAME).is_file():
                raise UsageError(
                    f"there is no {FILE_NAME} in {folder}",
                    hint="give the folder of a t4t project, or leave --project-path out",
                )
        else:
            folder = root / request.target_path.name
            write_new_project(folder)
        below = Path(os.path.relpath(folder, root)).as_posix()
        dg.scaffold_component(request, {"project": f"{{{{ context.project_root }}}}/{below}"})
