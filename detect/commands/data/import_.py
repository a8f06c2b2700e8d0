"""`data import`: a dataset of any known form, or several, in canonical form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.options import Overwrite, Quiet, Verbose
from detect.console import set_up_logging, shows_progress

__all__ = ["import_"]


def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE...", help="Folders or files to read as one.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the dataset, datasets/NAME.")],
    form: Annotated[
        str, typer.Option("--form", help="Of the sources; auto tells it from what lies there.")
    ] = "auto",
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the images, too; else they stay where they are.")
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of the images, if not beside the annotations."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="CSV with the labels of a folder of DICOM.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="ROLE=NAME", help="Column of a CSV, as in fractured=Befund."
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option("--value", metavar="WORD=MEANING", help="Label in a CSV, as in ja=yes."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Of CSV files.", show_default="UTF-8")
    ] = None,
    fractured_if: Annotated[
        str | None,
        typer.Option(
            "--fractured-if",
            metavar="ATTRIBUTE=VALUE",
            help="Take an attribute for the label where there is none, as in abnormal=yes.",
        ),
    ] = None,
    group_pattern: Annotated[
        str | None,
        typer.Option("--group-pattern", help=r"Patient, told from the path, as in '(patient\d+)'."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Recipe whose `classes:` say which boxes are fractures; others are dropped.",
            show_default="every class is kept",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the dataset.", show_default="the folder's")
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read datasets of any known form, and write them as one in canonical form."""
    set_up_logging(quiet, verbose)
    from detect.config import TrainConfig, load_config
    from detect.data.import_table import import_lines
    from detect.data.importing import ImportRequest, import_datasets
    from detect.data.sources.options import ImportOptions

    dataset = import_datasets(
        ImportRequest(
            sources=tuple(sources),
            out=out,
            form=form,
            options=ImportOptions(
                images=images,
                labels=labels,
                columns=dict(_pair(text, "--column ROLE=NAME") for text in column or ()),
                values=dict(_pair(text, "--value WORD=MEANING") for text in value or ()),
                encoding=encoding,
                show_progress=shows_progress(quiet),
            ),
            name=name,
            fractured_if=fractured_if,
            group_pattern=group_pattern,
            classes=load_config(config, TrainConfig).classes if config else None,
            copy=copy,
            overwrite=overwrite,
            show_progress=shows_progress(quiet),
        )
    )
    if not quiet:
        for line in import_lines(dataset):
            print(line)
        print(f"Dataset in {out}. Next: python cli.py data check {out}")


def _pair(text: str, usage: str) -> tuple[str, str]:
    left, sign, right = text.partition("=")
    if not (left and sign and right):
        raise typer.BadParameter(f"{text}: write it as {usage}")
    return left, right
