"""From datasets in whatever form to one in canonical form: load → label → group → copy → write."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from detect.data.canonical import DATASET_FILE, TABLE_FILE, write_dataset
from detect.data.copying import copy_images
from detect.data.fractures import fractures_only
from detect.data.grouping import grouped_by
from detect.data.label_rule import fractured_if
from detect.data.load import load_dataset, merge_datasets
from detect.data.sample import Dataset
from detect.data.sources.files import count_note
from detect.data.sources.options import PLAIN, ImportOptions
from detect.errors import InputError
from detect.progress import Progress

__all__ = ["ImportRequest", "import_datasets"]

LOGGER = logging.getLogger(__name__)
_IMAGES = "images"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to read, how to understand it, and where the result goes."""

    sources: tuple[Path, ...]
    out: Path  # folder of the canonical dataset
    form: str = "auto"
    options: ImportOptions = PLAIN
    name: str | None = None  # None: that of `out`
    fractured_if: str | None = None  # rule as of `label_rule.fractured_if`
    group_pattern: str | None = None  # as of `grouping.grouped_by`
    # class → "fracture" or None, as of `fractures_only`; None: every class is kept
    classes: Mapping[str, str | None] | None = None
    copy: bool = False  # the images' bytes into `out`
    overwrite: bool = False
    show_progress: bool = field(default=False)


def import_datasets(request: ImportRequest) -> Dataset:
    """Read all sources as one dataset and write it in canonical form.

    Without `copy`, images stay where they are and are named by their absolute paths. The table
    is in place before the file that makes the folder a dataset, and the images before both: a
    broken-off import leaves no dataset, or the old one.

    Raises:
        DataError: a source is missing, malformed, of no known form, or fits no rule.
        InputError: an option cannot be used, or `out` holds a dataset, or a table, already.
        OutputError: `out` cannot be written.
    """
    out = _resolved(request.out)
    _claim(request, out)
    loaded = [_load(source, request) for source in request.sources]
    dataset = _merged(loaded, request)  # what cannot be is refused before anything is copied
    if request.copy:
        copied = _copied(loaded, out, show_progress=request.show_progress)
        dataset = _merged(copied, request)
    dataset = replace(dataset, name=request.name or out.name)
    write_dataset(dataset, out)
    return replace(dataset, root=out)


def _load(source: Path, request: ImportRequest) -> Dataset:
    dataset = _without_dead_links(load_dataset(source, request.form, request.options))
    if request.classes is not None:
        dataset = fractures_only(dataset, request.classes)
    if request.group_pattern is not None:
        dataset = grouped_by(dataset, request.group_pattern)
    LOGGER.info("%s: %d images", source, len(dataset.samples))
    return dataset


def _without_dead_links(dataset: Dataset) -> Dataset:
    # the canonical form refuses a row whose image is not there
    found = [(sample, sample.image.is_file()) for sample in dataset.samples]
    dead = (sample.image.name for sample, is_here in found if not is_here)
    notes = count_note(dead, "a link that leads to no file; left out")
    here = tuple(sample for sample, is_here in found if is_here)
    return replace(dataset, samples=here, notes=(*dataset.notes, *notes))


def _merged(datasets: list[Dataset], request: ImportRequest) -> Dataset:
    merged = merge_datasets(datasets)
    if request.fractured_if is None:
        return merged
    return fractured_if(merged, request.fractured_if)  # the attribute may be in one of them alone


def _copied(datasets: list[Dataset], out: Path, *, show_progress: bool) -> list[Dataset]:
    total = sum(len(dataset.samples) for dataset in datasets)
    with Progress("copy", total, bar=show_progress) as progress:
        return [
            copy_images(
                dataset,
                # several sets may name their images alike
                out / _IMAGES / (f"{place}-{dataset.name}" if len(datasets) > 1 else ""),
                on_image=progress.advance,
            )
            for place, dataset in enumerate(datasets, start=1)
        ]


def _resolved(path: Path) -> Path:
    # not Path.resolve: it ends with a RuntimeError at a link that leads to itself
    return Path(os.path.realpath(path))


def _claim(request: ImportRequest, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {request.out}: is a file; name a folder")
    present = [name for name in (DATASET_FILE, TABLE_FILE) if (out / name).exists()]
    if present and not request.overwrite:
        message = f"--out {request.out}: holds {present[0]} already"
        raise InputError(f"{message}; choose another, or --overwrite")
    for source in request.sources:
        place = _resolved(source)
        if request.copy and (out == place or out.is_relative_to(place)):
            message = f"--out {request.out}: lies in {source}, whose images would be copied into it"
            raise InputError(f"{message}; choose another, or leave out --copy")
