"""Contact sheets of a dataset, for a person who looks whether its boxes and labels are right.

In the folder: a JPEG per sheet, named split-label-number.jpg (whole images) or
split-fractures-number.jpg (each box with its surroundings), and `preview.json`, schema version
1.0, by which the folder is known:

    schema_version, kind   "1.0", "dataset_preview"
    version                of this program
    dataset, seed          name; of the draw
    sheets                 [{file, images [path]}], row by row
    unreadable             [{path, message}], each image once; null: the run was broken off
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detect import __version__
from detect.cores import cores_allowed
from detect.data.check_text import path_in
from detect.data.preview_cell import PAPER, TILE, Cell, draw_cell
from detect.data.preview_choice import SPLIT_CHOICES, SheetPlan
from detect.data.sample import Dataset
from detect.data.sources.labels import fracture_classes
from detect.draw.jpeg import encode_jpeg
from detect.draw.style import PLAIN, Colour
from detect.draw.text import Paragraph, Span, text_strip
from detect.write.atomic import naming_output, replacing_bytes

__all__ = ["PREVIEW_NAME", "PREVIEW_SCHEMA_VERSION", "class_colours", "draw_sheets"]

PREVIEW_NAME = "preview.json"
PREVIEW_SCHEMA_VERSION = "1.0"
# Bright variants of the colours of Okabe and Ito (see `detect.draw.style`)
_COLOURS: tuple[Colour, ...] = (
    (255, 150, 20),  # orange
    (56, 172, 255),  # sky blue
    (240, 228, 66),  # yellow
    (225, 140, 190),  # reddish purple
    (0, 200, 150),  # bluish green
    (255, 95, 50),  # vermillion
    (200, 200, 200),
    (165, 145, 255),  # violet
    (190, 140, 80),  # brown
)
_SHEET = re.compile(rf"({'|'.join(SPLIT_CHOICES)})-.+-\d+\.jpg")
_GAP = 6  # pixels between cells
_TITLE = 16  # pixels


def class_colours(dataset: Dataset) -> dict[str, Colour]:
    """Return a colour for each class: fractures first, and again from the start where they end."""
    fractures = fracture_classes(dataset.classes)
    ordered = sorted(dataset.classes, key=lambda name: name not in fractures)
    return {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(ordered)}


def draw_sheets(
    dataset: Dataset,
    plans: Sequence[SheetPlan],
    seed: int,
    out: Path,
    *,
    workers: int | None = None,
    on_cell: Callable[[], object] | None = None,
) -> dict[Path, str]:
    """Draw contact sheets into `out`, in place of those of an earlier run.

    No more than one sheet is held in memory, and no more images are decoded at once than
    there are workers. The same dataset and plans give the same bytes.

    Args:
        dataset: of the plans; names what is written.
        plans: as `plan_sheets` returns them.
        seed: of the plans, for `preview.json`.
        out: the folder; made where missing.
        workers: threads; None: one per core.
        on_cell: called after each cell, for a progress bar.

    Returns:
        Each image that could not be read, and why; it has a cell that says so.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    _clear(out)
    _write_index(dataset, plans, seed, None, out)
    colours = class_colours(dataset)
    unreadable: dict[Path, str] = {}
    with ThreadPoolExecutor(workers or cores_allowed()) as pool:
        try:
            for plan in plans:
                cells = []
                drawn = pool.map(lambda pick: draw_cell(pick, colours), plan.picks)
                for pick, cell in zip(plan.picks, drawn, strict=True):
                    cells.append(cell)
                    if cell.failure is not None:
                        unreadable[pick.sample.image] = cell.failure
                    if on_cell is not None:
                        on_cell()
                encode_jpeg(_sheet(plan, cells), out / plan.file)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once
    _write_index(dataset, plans, seed, unreadable, out)
    return unreadable


def _clear(out: Path) -> None:
    """Remove the sheets of an earlier run; a folder that holds none is left alone."""
    if not (out / PREVIEW_NAME).is_file():
        return
    with naming_output(out):
        for file in out.iterdir():
            if _SHEET.fullmatch(file.name) and file.is_file():
                file.unlink()


def _write_index(
    dataset: Dataset,
    plans: Sequence[SheetPlan],
    seed: int,
    unreadable: Mapping[Path, str] | None,
    out: Path,
) -> None:
    sheets = [
        {
            "file": plan.file,
            "images": [path_in(dataset, pick.sample.image) for pick in plan.picks],
        }
        for plan in plans
    ]
    failures = None
    if unreadable is not None:
        failures = [
            {"path": path_in(dataset, image), "message": why} for image, why in unreadable.items()
        ]
    plain = {
        "schema_version": PREVIEW_SCHEMA_VERSION,
        "kind": "dataset_preview",
        "version": __version__,
        "dataset": dataset.name,
        "seed": seed,
        "sheets": sheets,
        "unreadable": failures,
    }
    text = json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    with replacing_bytes(out / PREVIEW_NAME) as file:
        # lone surrogates of undecodable names become escapes, which JSON knows
        file.write(text.encode("utf-8", "backslashreplace"))


def _sheet(plan: SheetPlan, cells: Sequence[Cell]) -> NDArray[np.uint8]:
    """Return the sheet: BGR, uint8, shape (h, w, 3); rows are as high as their longest caption."""
    columns = min(plan.columns, len(cells))
    width = columns * TILE + (columns + 1) * _GAP
    title = Paragraph((Span(plan.title, PLAIN),), _TITLE, bold=True)
    parts = [text_strip([title], width, _GAP + 4, PAPER)]
    for first in range(0, len(cells), columns):
        row = [cell.pixels for cell in cells[first : first + columns]]
        height = max(map(len, row))
        band = np.full((height + _GAP, width, 3), PAPER[::-1], np.uint8)
        for place, pixels in enumerate(row):
            left = _GAP + place * (TILE + _GAP)
            band[: len(pixels), left : left + TILE] = pixels
        parts.append(band)
    return np.vstack(parts)
