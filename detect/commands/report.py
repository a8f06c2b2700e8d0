"""`report`: saved results in other formats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from detect.commands.options import (
    DONE,
    FORMAT_HELP,
    SOME_FAILED,
    Embed,
    Quiet,
    SecondaryCaptureOf,
    Verbose,
)
from detect.console import not_written_lines, set_up_logging, shows_progress

__all__ = ["report"]


def report(
    results: Annotated[Path, typer.Argument(help="A results.jsonl, or the folder that holds it.")],
    formats: Annotated[list[str], typer.Option("--format", help=FORMAT_HELP)],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            help="Folder that the paths in the results are below, if it has moved.",
        ),
    ] = None,
    embed: Embed = False,
    secondary_capture_of: SecondaryCaptureOf = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Turn saved results into other formats, without running the model again."""
    set_up_logging(quiet, verbose)
    from detect.reporting import report_results
    from detect.write.context import FormatOptions

    options = FormatOptions(embed, secondary_capture_of)
    missed = report_results(
        results,
        formats,
        out,
        images=images,
        options=options,
        show_progress=shows_progress(quiet),
    )
    if not quiet:
        print(f"{', '.join(dict.fromkeys(formats))} in {out}")
    for line in not_written_lines(missed):
        print(line, file=sys.stderr)
    raise typer.Exit(SOME_FAILED if missed else DONE)
