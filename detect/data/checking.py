"""`data check` from paths to files: load → check → check.json, check.html → cleaned dataset."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from detect.data.box_labels import labelled_by_boxes
from detect.data.canonical import DATASET_FILE, write_dataset
from detect.data.check_json import write_check_json
from detect.data.check_page import CheckPage, images_shown
from detect.data.check_report import FullReport
from detect.data.check_text import printable
from detect.data.fix import LeaveOut, clean, still_tied
from detect.data.full_check import full_check
from detect.data.load import load_dataset, load_fractures, merge_datasets
from detect.data.naming import file_name_of
from detect.data.output_folder import claim_output
from detect.data.sample import Dataset
from detect.data.sources.labels import fracture_classes
from detect.data.sources.options import ImportOptions
from detect.errors import DataError, InputError
from detect.progress import Progress
from detect.write.atomic import replacing_text

__all__ = ["JSON_NAME", "LEFT_OUT_NAME", "PAGE_NAME", "CheckRequest", "Checked", "check_datasets"]

JSON_NAME, PAGE_NAME, LEFT_OUT_NAME = "check.json", "check.html", "left_out.txt"


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What to check, and where the results go."""

    sources: tuple[Path, ...]
    out: Path | None = None  # folder of check.json and check.html; None: results/check-NAME
    form: str = "auto"
    # class → "fracture" or None, as of `load_fractures`; {}: every class of box is checked
    classes: Mapping[str, str | None] = field(default_factory=dict)
    fix: Path | None = None  # folder of the cleaned dataset; None: none is written
    leave_out: LeaveOut = "groups"  # of what copies tie to another split; for `fix`
    workers: int | None = None  # threads; None: one per core
    overwrite: bool = False
    show_progress: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found and wrote."""

    report: FullReport
    out: Path
    left_out: tuple[str, ...] = ()  # what the cleaned dataset lacks or has otherwise, a line each
    fixed: FullReport | None = None  # of the cleaned dataset; None: none was asked for
    tied: tuple[str, ...] = ()  # which groups it keeps though copies tied them, a line each

    @property
    def leaks(self) -> bool:
        """Whether the dataset leaks; where a cleaned one was written, whether that still does."""
        return bool((self.fixed or self.report).leaks)


def check_datasets(request: CheckRequest) -> Checked:
    """Check datasets as one, and write `check.json` and `check.html`.

    With `fix`, what is fit for use is written there in canonical form, beside a list of what was
    left out, and is itself checked: nobody need take it on trust. Images stay where they are.

    Raises:
        DataError: a source is missing, malformed or of no known form, or they do not go together;
            or nothing is left to be written to `fix`.
        InputError: results, or a dataset, are there already.
        OutputError: something cannot be written.
    """
    dataset = _load(request)
    out = request.out or Path("results") / f"check-{file_name_of(dataset.name, 'dataset')}"
    claim_output(out, JSON_NAME, dataset, overwrite=request.overwrite)
    if request.fix is not None:
        _claim_fix(request.fix, request)
    report = _check(dataset, request, "check")
    fractures = fracture_classes(dataset.classes)
    with Progress("thumbnails", len(images_shown(report)), bar=request.show_progress) as progress:
        CheckPage(report, fractures).write(
            out / PAGE_NAME, workers=request.workers, on_image=progress.advance
        )
    write_check_json(report, out / JSON_NAME)  # last: it marks the results as complete
    if request.fix is None:
        return Checked(report, out)
    folder = Path(os.path.realpath(request.fix))
    cleaned, lines = clean(report, request.leave_out)
    tied = tuple(problem.line for problem in still_tied(report, cleaned))
    if not cleaned.samples:
        message = f"--fix {request.fix}: not written, since no image is fit for use"
        raise DataError(f"{message}; see {out / PAGE_NAME}")
    cleaned = replace(cleaned, name=folder.name)
    write_dataset(cleaned, folder)
    with replacing_text(folder / LEFT_OUT_NAME) as file:
        file.writelines(f"{printable(line)}\n" for line in lines)
    return Checked(report, out, lines, _check(cleaned, request, "check again"), tied)


def _load(request: CheckRequest) -> Dataset:
    """Return the datasets as one; without a recipe, it keeps every class of box."""
    if request.classes:
        return load_fractures(request.sources, request.classes, request.form)
    options = ImportOptions(show_progress=request.show_progress)
    return merge_datasets(
        [labelled_by_boxes(load_dataset(path, request.form, options)) for path in request.sources]
    )


def _check(dataset: Dataset, request: CheckRequest, task: str) -> FullReport:
    with Progress(task, len(dataset.samples), bar=request.show_progress) as progress:
        return full_check(dataset, workers=request.workers, on_image=progress.advance)


def _claim_fix(folder: Path, request: CheckRequest) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--fix {folder}: is a file; name a folder")
    place = Path(os.path.realpath(folder))  # a link that leads to itself is for the writer to tell
    for source in request.sources:
        checked = Path(os.path.realpath(source))
        # a table in it would make the folder look like another form, too
        if place == checked.parent or (checked.is_dir() and place.is_relative_to(checked)):
            where = "is" if place in (checked, checked.parent) else "lies in"
            message = f"--fix {folder}: {where} the folder that is checked ({source}), which stays"
            raise InputError(f"{message} as it is; choose another")
    if (folder / DATASET_FILE).exists() and not request.overwrite:
        message = f"--fix {folder}: holds a dataset already; choose another, or --overwrite"
        raise InputError(message)
