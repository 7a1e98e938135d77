"""Where an asset's files are, for Dagster's link to them."""

from __future__ import annotations

from typing import Any

import dagster as dg

from t4t_core.errors import Place
from t4t_core.models import Model
from t4t_core.seeds.seed import Seed


def code_references(node: Model | Seed) -> dict[str, Any]:
    """Metadata with the file of a model or seed, and that of its metadata where it is another.

    `dagster.link_code_references_to_git` turns local files into links to a repository.
    """
    own = Place(node.file) if isinstance(node, Seed) else node.place
    places = {str(place.file): place for place in (node.config_place, own)}
    return {
        "dagster/code_references": dg.CodeReferencesMetadataValue(
            code_references=[
                dg.LocalFileCodeReference(file_path=file, line_number=place.line or 1)
                for file, place in reversed(places.items())
            ]
        )
    }
