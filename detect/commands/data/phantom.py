"""`data phantom`: synthetic radiographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detect.commands.options import Overwrite, Quiet, one_of
from detect.console import shows_progress

__all__ = ["phantom"]


def phantom(
    out: Annotated[Path, typer.Argument(help="Folder to write the dataset into.")],
    count: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same bytes.")] = 0,
    fractured: Annotated[
        float, typer.Option("--fractured", min=0, max=1, help="Share that is fractured.")
    ] = 0.5,
    form: Annotated[str, typer.Option("--form", help="png (16 bit), dicom (DX) or both.")] = "png",
    split: Annotated[
        str | None, typer.Option("--split", help="train, val or test.", show_default="70:15:15")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Render the eight of datasets/demo instead.")
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Render synthetic radiographs with exact boxes, of no patient."""
    from tqdm import tqdm

    from detect.data.phantom import write_demo, write_phantoms

    if demo:
        table = write_demo(out, overwrite=overwrite)
    else:
        chosen = one_of("--form", form, ("png", "dicom", "both"))
        with tqdm(
            total=count, desc="phantom", unit="image", disable=not shows_progress(quiet)
        ) as bar:
            table = write_phantoms(
                out,
                count,
                seed=seed,
                fractured_share=fractured,
                form=chosen,  # type: ignore[arg-type]
                split=split,
                overwrite=overwrite,
                progress=bar.update,
            )
    if not quiet:
        print(f"Synthetic radiographs with their truth: {table}")
