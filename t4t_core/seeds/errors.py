"""What is told of a seed whose file cannot be loaded."""

from __future__ import annotations

import re

from t4t_core.errors import DatabaseError, Place, RunError, T4tError
from t4t_core.seeds.seed import Seed

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_COLUMN = re.compile(r'Error when converting column "(.*?)"\. (Could not .*?)(?: Column \S| \*|$)')

# What DuckDB adds to an error about CSV: its settings and what might be changed in them.
_ADVICE = re.compile(
    r" ?(?:Possible (?:fixes|solutions?|Solution)|The search space used was|file ?= |\* ).*", re.S
)


def seed_error(error: T4tError, seed: Seed) -> T4tError:
    """The error with the seed, and the line of its file where DuckDB names it."""
    if not isinstance(error, DatabaseError):
        return error.located(place=Place(seed.file), model=str(seed), noun="seed")
    line = _LINE.search(error.what)
    wrong = _COLUMN.search(error.what)
    place = Place(seed.file, None if line is None else int(line[1]))
    if wrong is not None:
        what = f"{wrong[2]} in the column {wrong[1]!r}"
        hint = "mend the file, or the datatype in its metadata"
    else:
        what = _ADVICE.sub("", error.what).strip()
        hint = error.hint or "mend the file, or say in its metadata how it is to be read"
    told = RunError(what, place=place, model=str(seed), noun="seed", hint=hint)
    told.is_transient = error.is_transient
    return told
