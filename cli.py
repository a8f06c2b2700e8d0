"""Fracture Locator's command line: parse → call `detect` → print → exit code.

Exit codes: 0 done; 1 a mistake that the user can mend; 2 wrong usage; 3 done, but some inputs
failed, or could not be written in a format or sent (they are listed), or `data check` found that
splits leak; 130 interrupted.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from detect import __version__
from detect.commands import data
from detect.commands.benchmark import benchmark
from detect.commands.card import card
from detect.commands.detect import detect
from detect.commands.evaluate import evaluate
from detect.commands.export import export
from detect.commands.options import INTERRUPTED, MISTAKE
from detect.commands.report import report
from detect.commands.robustness import robustness
from detect.commands.send import send
from detect.commands.train import train
from detect.errors import FractureLocatorError


class _Commands(TyperGroup):
    """Says that Ctrl-C ended a command, and how to go on; Typer ends it without a word."""

    def invoke(self, ctx: Any) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            command = self.commands.get(ctx.invoked_subcommand or "")
            resumable = any(option.name == "resume" for option in getattr(command, "params", ()))
            print("interrupted" + "; go on with --resume" * resumable, file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Commands,
    help="Find fractures on radiographs: a calibrated verdict and boxes. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (detect, train, evaluate, robustness, report, send, card, export, benchmark):
    app.command()(_command)
app.add_typer(data.app, name="data")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; every foreseen error becomes one line and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may hold what it cannot
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except FractureLocatorError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(MISTAKE)
    except OSError as error:  # a path that the system refuses, or a full disk behind stdout
        logging.getLogger("detect").debug("", exc_info=True)
        print(f"error: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        _abandon_stdout()
        sys.exit(MISTAKE)


def _abandon_stdout() -> None:
    """Keep Python from complaining once more of what stdout did not take."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())


if __name__ == "__main__":
    main()
