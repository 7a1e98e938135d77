"""What a file's folder says about the schema."""

from __future__ import annotations

from pathlib import Path

from t4t_core.project.settings import Settings


def schema_of(file: Path, root: Path, settings: Settings) -> str:
    """The first folder below `models/`, `seeds/` or `functions/`, or `[connection] schema`."""
    folders = file.relative_to(root).parts[:-1]
    return folders[0] if folders else settings.default_schema
