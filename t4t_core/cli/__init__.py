"""The command `t4t`.

What a command needs is imported when it runs, so that `t4t --help` is quick.
"""

from __future__ import annotations

import click

from t4t_core.cli.docs import docs
from t4t_core.cli.group import Group
from t4t_core.cli.preview import compile, plan
from t4t_core.cli.project import debug, init, state
from t4t_core.cli.run import build, run, seed
from t4t_core.cli.test import test


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="t4t-dagster", prog_name="t4t")
def main() -> None:
    """Incremental data models on DuckDB that neither lose nor double a row."""


for command in (init, run, seed, build, test, compile, plan, state, debug, docs):
    main.add_command(command)
