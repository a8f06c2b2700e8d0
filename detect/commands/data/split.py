"""`data split`: new splits by patient."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.data.merged import FormName
from detect.commands.options import Overwrite, Quiet, Verbose
from detect.console import set_up_logging, shows_progress, typed_command
from detect.extras import need_extra

__all__ = ["split"]


def split(
    sources: Annotated[
        list[Path], typer.Argument(metavar="DATA...", help="Datasets to split as one.")
    ],
    ratios: Annotated[
        str, typer.Option("--ratios", metavar="TRAIN,VAL,TEST", help="Shares of the images.")
    ] = "0.7,0.1,0.2",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another one, other splits.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the result, datasets/NAME.",
            show_default="in place, if in canonical form",
        ),
    ] = None,
    stratify: Annotated[
        str | None,
        typer.Option(
            "--stratify",
            metavar="ATTRIBUTE,...",
            help="Spread these evenly, beside label and boxes; '' for none.",
            show_default="region, if known",
        ),
    ] = None,
    near_duplicates: Annotated[
        bool,
        typer.Option(
            "--near-duplicates/--no-near-duplicates",
            help="Keep pictures of the same exposure together, too; all are decoded for that.",
        ),
    ] = True,
    form: FormName = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Split a dataset anew: whole patients, copies together, fractures and regions alike."""
    set_up_logging(quiet, verbose)
    if near_duplicates:
        need_extra("data", "imagehash")
    from detect.data.split_summary import split_lines
    from detect.data.splitting import SplitRequest, split_datasets

    folder, summary = split_datasets(
        SplitRequest(
            sources=tuple(sources),
            ratios=_ratios(ratios),
            seed=seed,
            out=out,
            form=form,
            near_duplicates=near_duplicates,
            stratify=None if stratify is None else _names(stratify),
            overwrite=overwrite,
            command=typed_command(),
            show_progress=shows_progress(quiet),
        )
    )
    if not quiet:
        for line in split_lines(summary):
            print(line)
        print(f"Dataset in {out or folder}. Next: python cli.py data check {out or folder}")


def _ratios(text: str) -> tuple[float, float, float]:
    try:
        train, val, test = (float(share) for share in text.split(","))
    except ValueError:
        message = f"--ratios {text}: write three shares, as in 0.7,0.1,0.2"
        raise typer.BadParameter(message) from None
    return train, val, test


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
