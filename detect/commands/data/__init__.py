"""`data …`: make, mend and look at datasets; one file a command."""

from __future__ import annotations

import typer

from detect.commands.data.check import check
from detect.commands.data.fetch import fetch
from detect.commands.data.import_ import import_
from detect.commands.data.phantom import phantom
from detect.commands.data.preview import preview
from detect.commands.data.split import split
from detect.commands.data.stats import stats

__all__ = ["app"]

app = typer.Typer(help="Make, mend and look at datasets.", no_args_is_help=True)
app.command("import")(import_)
app.command()(check)
app.command()(fetch)
app.command()(split)
app.command()(stats)
app.command()(preview)
app.command()(phantom)
