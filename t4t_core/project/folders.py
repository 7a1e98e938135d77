"""What a file's folder says about the schema."""

from __future__ import annotations

from pathlib import Path

from t4t_core.project.settings import Settings


def schema_of(file: Path, root: Path, settings: Settings) -> str:
    """The first folder below `models/`, `seeds/` or `functions/`, or `[connection] schema`."""
    depth = len(root.parts)
    return file.parts[depth] if len(file.parts) > depth + 1 else settings.default_schema
