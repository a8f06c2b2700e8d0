"""The check of a dataset before a split of it is measured on."""

from __future__ import annotations

import logging

from detect.data.check_report import CheckReport
from detect.data.label_rule import require_labels
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset
from detect.errors import DataError
from detect.evaluate.copies import Copies, copies_in_other_splits
from detect.evaluate.measured import measured_samples
from detect.progress import Progress

__all__ = ["NO_IMAGE", "check_split", "check_split_for_copies"]

LOGGER = logging.getLogger(__name__)
NO_IMAGE = "the split has no image; choose another --split or assign splits"
_TOLD_LATER = ("unreadable", "multi_frame")  # as failures, when their turn comes


def check_split(
    dataset: Dataset, split: str, *, workers: int = 1, show_progress: bool = False
) -> CheckReport:
    """Check a dataset and tell what is wrong with the split that is to be measured on.

    The whole dataset is checked, since copies in other splits decide what is measured on.

    Args:
        dataset: as `load_fractures` returns it.
        split: one of SPLITS.
        workers: threads.
        show_progress: draw a bar on stderr.

    Raises:
        DataError: there is nothing to measure on.
    """
    _require_images(dataset, split)
    with Progress("check", len(dataset.samples), bar=show_progress) as progress:
        report = quick_check(dataset, workers=workers, on_image=progress.advance)
    _tell(dataset, report, split)
    return report


def check_split_for_copies(
    dataset: Dataset, split: str, *, workers: int = 1, show_progress: bool = False
) -> tuple[CheckReport, Copies]:
    """Check a dataset as `check_split` does, and find what the split shares with the others.

    Args:
        dataset, split, workers, show_progress: as for `check_split`.

    Returns:
        the same report, and the copies to leave out, of which a line is logged.

    Raises:
        DataError: there is nothing to measure on, or nothing but copies.
        ReadError: an image that could be read can no longer be.
    """
    _require_images(dataset, split)
    from detect.data.full_check import full_check  # needs the extra `data`, unlike all else here

    with Progress("compare", len(dataset.samples), bar=show_progress) as progress:
        full = full_check(dataset, workers=workers, on_image=progress.advance)
    _tell(dataset, full.quick, split)
    copies = copies_in_other_splits(full, split)
    level = logging.INFO if copies.compared_with else logging.WARNING
    LOGGER.log(level, "%s: %s", dataset.name, copies.told())
    if copies.images and not measured_samples(dataset, full.quick, split, copies)[0]:
        message = f"{dataset.root}: without the {len(copies.images)} that have a copy in another "
        message += f"split, no image of {split} is left to measure on"
        raise DataError(f"{message}; give images that are in no other split")
    return full.quick, copies


def _require_images(dataset: Dataset, split: str) -> None:
    if not dataset.split(split):
        raise DataError(f"{dataset.root}: {NO_IMAGE}")
    require_labels(dataset, (split,))


def _tell(dataset: Dataset, report: CheckReport, split: str) -> None:
    """Log what is wrong with a split."""
    inside = {sample.image for sample in dataset.split(split)}
    for problem in report.problems:
        if problem.kind not in _TOLD_LATER and not inside.isdisjoint(problem.images):
            LOGGER.warning("%s: %s", dataset.name, problem.line)
