"""`data preview`: contact sheets of a dataset with its boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.data.merged import Datasets, FormName, merged
from detect.commands.options import SOME_FAILED, Overwrite, Quiet, Verbose, one_of
from detect.console import set_up_logging, shows_progress

__all__ = ["preview"]

_MOST_LINES = 20  # unreadable images; preview.json has all


def preview(
    data: Datasets,
    form: FormName = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the sheets.", show_default="results/preview-NAME"),
    ] = None,
    count: Annotated[
        int,
        typer.Option("--count", min=1, help="Images of each split and label, boxes of each split."),
    ] = 24,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed draws other images; alike everywhere.")
    ] = 0,
    columns: Annotated[
        int, typer.Option("--columns", min=1, max=24, help="Images side by side.")
    ] = 6,
    only: Annotated[
        str | None, typer.Option("--only", help="fractured, not_fractured or unknown.")
    ] = None,
    box_class: Annotated[
        str | None, typer.Option("--class", help="Only images with a box of this class.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="train, val, test or unassigned.")
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Draw contact sheets: images with their boxes, and each fracture with its surroundings."""
    set_up_logging(quiet, verbose)
    from detect.data.check_text import printable
    from detect.data.naming import file_name_of
    from detect.data.output_folder import claim_output
    from detect.data.preview import PREVIEW_NAME, draw_sheets
    from detect.data.preview_choice import CHOICES, SPLIT_CHOICES, Choice, plan_sheets
    from detect.progress import Progress

    choice = Choice(
        count=count,
        seed=seed,
        columns=columns,
        label=None if only is None else one_of("--only", only, CHOICES),
        box_class=box_class,
        split=None if split is None else one_of("--split", split, SPLIT_CHOICES),
    )
    bar = shows_progress(quiet)
    dataset = merged(data, form, show_progress=bar)
    folder = out or Path("results") / f"preview-{file_name_of(dataset.name, 'dataset')}"
    claim_output(folder, PREVIEW_NAME, dataset, overwrite=overwrite)
    plans = plan_sheets(dataset, choice)
    with Progress("preview", sum(len(plan.picks) for plan in plans), bar=bar) as progress:
        unreadable = draw_sheets(dataset, plans, seed, folder, on_cell=progress.advance)
    if not quiet:
        for plan in plans:
            print(f"{folder / plan.file}: {len(plan.picks)} cells")
        for why in list(unreadable.values())[:_MOST_LINES]:
            print(f"unreadable: {printable(why)}")
        if len(unreadable) > _MOST_LINES:
            print(f"… and {len(unreadable) - _MOST_LINES} more in {folder / PREVIEW_NAME}")
        if all(pick.box is None for plan in plans for pick in plan.picks):
            print("no box of a fracture among them: no sheets of fractures")
    if unreadable:
        raise typer.Exit(SOME_FAILED)
