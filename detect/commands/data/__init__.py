"""`data …`: make, mend and look at datasets; one file a command."""

from __future__ import annotations

import typer

from detect.commands.data.import_ import import_
from detect.commands.data.phantom import phantom

__all__ = ["app"]

app = typer.Typer(help="Make, mend and look at datasets.", no_args_is_help=True)
app.command("import")(import_)
app.command()(phantom)
