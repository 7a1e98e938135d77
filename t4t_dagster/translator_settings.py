"""What of a translator is off until asked for."""

from dataclasses import dataclass

import dagster as dg

# Dagster reads the annotations for the schema of a `defs.yaml`, so they must not be text.


@dataclass(frozen=True)
class T4tTranslatorSettings(dg.Resolvable):
    """What is off until asked for, since Dagster calls it beta or preview and warns of it.

    Attributes:
        enable_code_references: A link from each asset to the files that define it (beta).
        enable_views_as_virtual_assets: Views are virtual assets, so that conditions and staleness
            look through them to what they read (preview).
    """

    enable_code_references: bool = False
    enable_views_as_virtual_assets: bool = False
