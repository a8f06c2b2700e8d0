"""`report`: saved results in other formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.options import Quiet, Verbose
from detect.console import set_up_logging

__all__ = ["report"]


def report(
    results: Annotated[Path, typer.Argument(help="A results.jsonl, or the folder that holds it.")],
    formats: Annotated[list[str], typer.Option("--format", help="Output format.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")],
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Turn saved results into other formats, without running the model again."""
    set_up_logging(quiet, verbose)
    from detect.errors import InputError
    from detect.write.formats import known_formats, write_formats
    from detect.write.json_lines import RESULTS_NAME
    from detect.write.results import read_results

    names = known_formats(formats)
    source = results / RESULTS_NAME if results.is_dir() else results
    if "json" in names and source.resolve() == (out / RESULTS_NAME).resolve():
        raise InputError(f"--out {out}: would write over the results that are read")
    write_formats(read_results(source), out, names)
    if not quiet:
        print(f"{', '.join(names)} in {out}")
