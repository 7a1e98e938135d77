"""Which release of t4t this is."""

from typing import Final

# As in pyproject.toml. To ask for the installed package's takes tens of milliseconds.
RELEASE: Final = "0.2.0"
