"""How a command ends when something is wrong: with words and the exit status of its kind."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, NoReturn

import click


class Group(click.Group):
    """A group whose errors are one screen of words, with the exit status of their kind."""

    def invoke(self, ctx: click.Context) -> Any:
        from t4t_core.errors import T4tError

        try:
            return super().invoke(ctx)
        except T4tError as error:
            fail(error, ctx)
        except KeyboardInterrupt:
            click.echo("stopped; what was committed stays, the rest was rolled back", err=True)
            sys.exit(130)


def fail(error: Exception, ctx: click.Context) -> NoReturn:
    """Ends the program with an error's words, as the command's flags ask for them."""
    from t4t_core.errors import T4tError

    assert isinstance(error, T4tError), "other errors are not caught"
    words = ctx.meta.get("t4t.flags", {})
    if words.get("verbose"):
        logging.getLogger("t4t").error("", exc_info=error)
    if words.get("as_json"):
        click.echo(json.dumps({"status": "failed", "error": str(error), "models": []}))
    click.echo(f"error: {error}", err=True)
    sys.exit(error.exit_status)
