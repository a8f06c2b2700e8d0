"""Which images of a split are measured on: one rule for training and for `evaluate`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from detect.data.check_report import CheckReport, ProblemKind
from detect.data.sample import Dataset, Sample
from detect.evaluate.copies import COPY, Copies

__all__ = ["measured_samples"]

# the problems for which the check leaves readable images out
_DROPPED: tuple[ProblemKind, ...] = ("duplicate_leak", "duplicate_label")


def measured_samples(
    dataset: Dataset, report: CheckReport, split: str, copies: Copies | None = None
) -> tuple[tuple[Sample, ...], dict[str, int]]:
    """Return the samples of a split that are measured on, and why how many others are not.

    Those that the check found usable, as it mended them, and those that it could not read: a
    file that cannot be read in the clinic is no reading either, so it counts as failed. Left
    out are copies of what a later split measures on, and copies with contradicting labels; and,
    if asked for, all that have a copy in another split.

    Args:
        dataset: the whole of it; `report` is of `quick_check` over it.
        report: what the check found.
        split: one of SPLITS.
        copies: of that split, to be left out; None: they stay.

    Returns:
        the samples in the dataset's order, and the number left out by the kind of problem, or
        as `COPY`.
    """
    elsewhere = {} if copies is None else copies.images
    found = {
        sample.image: sample
        for sample in (*report.usable, *report.refused)
        if sample.split == split and sample.image not in elsewhere
    }
    inside = dataset.split(split)
    samples = tuple(found[sample.image] for sample in inside if sample.image in found)
    why: dict[Path, str] = {
        image: problem.kind
        for problem in report.problems
        if problem.kind in _DROPPED
        for image in problem.images
    }
    why.update(dict.fromkeys(elsewhere, COPY))
    gone = (sample.image for sample in inside if sample.image not in found)
    return samples, dict(sorted(Counter(why[image] for image in gone).items()))
