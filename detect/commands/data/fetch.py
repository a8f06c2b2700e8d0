"""`data fetch`: published datasets, downloaded."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from detect.commands.options import Overwrite, Quiet, Verbose
from detect.console import set_up_logging, shows_progress

__all__ = ["fetch"]


def fetch(
    name: Annotated[
        str | None, typer.Argument(help="Of the dataset, as --list names it.", show_default=False)
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Say what can be fetched, and what cannot and why.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder.", show_default="datasets/published/NAME"),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            envvar="FRACTURE_LOCATOR_FIGSHARE",
            help="Mirror of figshare's API.",
            show_default="https://api.figshare.com/v2",
        ),
    ] = None,
    keep_archives: Annotated[
        bool, typer.Option("--keep-archives", help="Keep the zip files after unpacking.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Download a published dataset; run it again to go on after a break."""
    set_up_logging(quiet, verbose)
    from detect.data.fetch import API, FetchRequest, catalogue_lines, find
    from detect.data.fetch import fetch as fetch_dataset

    if listing:
        for line in catalogue_lines():
            print(line)
        return
    if name is None:
        raise typer.BadParameter("name a dataset, or ask for --list")
    folder = out or Path("datasets") / "published" / find(name).name
    try:
        fetched = fetch_dataset(
            FetchRequest(
                name=name,
                out=folder,
                api=url or API,
                keep_archives=keep_archives,
                overwrite=overwrite,
                show_progress=shows_progress(quiet),
            )
        )
    except KeyboardInterrupt:
        print("what has come is kept; run the same command again to go on", file=sys.stderr)
        raise
    if quiet:
        return
    published = fetched.published
    number = len(fetched.article.files)
    print(
        f"{published.title}, version {fetched.article.version}: {len(fetched.new)} of {number} "
        f"files fetched, {number - len(fetched.new)} were there; all as published (MD5)."
    )
    print(f"Licence {fetched.article.licence}; cite {published.citation}")
    target = shlex.quote(str(Path("datasets") / published.name))
    print(f"Next: python cli.py data import {shlex.quote(str(fetched.folder))} --out {target}")
    print(f"then: python cli.py data check {target}")
