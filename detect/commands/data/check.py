"""`data check`: what is wrong with a dataset, as a table, JSON and a page; and it mended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.data.merged import FormName
from detect.commands.options import (
    DONE,
    LEAKS_FOUND,
    Overwrite,
    Quiet,
    Verbose,
    WorkersPerCore,
    one_of,
)
from detect.console import set_up_logging, shows_progress
from detect.extras import need_extra

__all__ = ["check"]


def check(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA...", help="Datasets, checked as one.")
    ],
    form: FormName = "auto",
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Recipe whose `classes:` say which boxes are fractures; others are dropped.",
            show_default="told by their names; every class is kept",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for check.json and check.html.", show_default="results/check-NAME"
        ),
    ] = None,
    fix: Annotated[
        Path | None,
        typer.Option("--fix", metavar="FOLDER", help="Write a cleaned dataset there, and why."),
    ] = None,
    leave_out: Annotated[
        str | None,
        typer.Option(
            "--leave-out",
            help="What --fix leaves out where copies tie groups of several splits: the groups, "
            "or the copies alone (it says which groups stay tied).",
            show_default="groups",
        ),
    ] = None,
    overwrite: Overwrite = False,
    workers: WorkersPerCore = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find leaks, damage, contradictions and shortcuts in datasets.

    Ends with exit code 3 when splits leak; with --fix, only if the cleaned dataset still does.
    """
    set_up_logging(quiet, verbose)
    need_extra("data", "imagehash", "jinja2", "scipy")
    from detect.config import TrainConfig, load_config
    from detect.data.check_table import check_lines, fix_lines
    from detect.data.checking import PAGE_NAME, CheckRequest, check_datasets
    from detect.data.fix import LEAVE_OUT

    if leave_out is not None and fix is None:
        raise typer.BadParameter("--leave-out says what --fix leaves out; give --fix FOLDER, too")
    checked = check_datasets(
        CheckRequest(
            sources=tuple(data),
            out=out,
            form=form,
            classes=load_config(config, TrainConfig).classes if config else {},
            fix=fix,
            leave_out=one_of("--leave-out", leave_out or "groups", LEAVE_OUT),  # type: ignore[arg-type]
            workers=workers,
            overwrite=overwrite,
            show_progress=shows_progress(quiet),
        )
    )
    if not quiet:
        for line in check_lines(checked.report):
            print(line)
        print(f"Every image, with pictures: {checked.out / PAGE_NAME}")
        if checked.fixed is not None:
            for line in fix_lines(checked.left_out, checked.fixed, checked.tied):
                print(line)
            print(f"Cleaned dataset in {fix}")
    raise typer.Exit(LEAKS_FOUND if checked.leaks else DONE)
