"""Reading a project's files."""

from t4t_core.project.load import Project, load_project, with_variables

__all__ = ["Project", "load_project", "with_variables"]
