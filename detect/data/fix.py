"""The dataset without what the full check found wrong, and what was done to which image.

What is measured on stays as published, and what is trained on gives way: of images that belong
together (copies of one file, one exposure in several files, one patient or group, and whatever
these have in common), those in the latest split stay, and those in earlier splits are left out.

How far that reaches is the caller's choice. A copy in another group shows that both groups may be
of one patient. Where groups are patients, all their images had better go; where they are no more
than neighbours in number, that costs many images that nothing else ties (of FracAtlas' 3,314
readable ones 452 in place of 50), so that the copies alone may.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from detect.data.check_report import FullReport, Problem, ProblemKind, count
from detect.data.check_text import path_in
from detect.data.copies import splits_of, tied_groups
from detect.data.sample import Dataset, Sample
from detect.data.units import units_of

__all__ = ["LEAVE_OUT", "LeaveOut", "clean", "still_tied"]

# What of images that copies tie to a later split is left out: the whole groups that are tied, or
# the copies alone. A group that is itself in several splits is parted in no case.
LeaveOut = Literal["groups", "copies"]
LEAVE_OUT: tuple[LeaveOut, ...] = get_args(LeaveOut)

_UNUSABLE: frozenset[ProblemKind] = frozenset({"unreadable", "multi_frame"})
_CONFLICTS: frozenset[ProblemKind] = frozenset({"duplicate_label", "near_duplicate_label"})
_MENDED: frozenset[ProblemKind] = frozenset(
    {"box_class", "box_empty", "box_outside", "box_whole", "label_box"}
)
_ALIKE: dict[ProblemKind, str] = {
    "duplicate_leak": "same file as",
    "duplicate_label": "same file as",
    "duplicate": "same file as",
    "near_duplicate_leak": "same picture as",
    "near_duplicate_label": "same picture as",
    "near_duplicate": "same picture as",
}


def clean(report: FullReport, leave_out: LeaveOut = "groups") -> tuple[Dataset, tuple[str, ...]]:
    """Return the dataset as it can be trained on and measured with, and what was changed.

    Left out are images that cannot be read or have several frames, copies with different labels,
    and images tied to a later split. Boxes and labels are mended as the quick check does (see
    `mend`); where a fracture's box covers its image, the label alone stays; of sources that
    contradict one another, what counts is kept. Suspicions (marks, shortcuts), unlabelled images,
    and copies within one split stay.

    A check of the result finds no leak: what belongs together is in one split, and whether two
    images belong together does not depend on others. With `leave_out="copies"` it can no longer
    see which groups the copies tied; the dataset's notes tell it (see `still_tied`).

    Returns:
        the dataset, its samples in the same order, with notes of what was done; and a line for
        each image left out or changed, in that order, images named below the dataset's root.
    """
    dataset = report.dataset
    why_out = _left_out(report, leave_out)
    changes = _changes(report)
    whole = {image for p in report.problems if p.kind == "box_whole" for image in p.images}
    usable = iter(report.quick.usable)
    following = next(usable, None)
    samples, lines = [], []
    for index, sample in enumerate(dataset.samples):
        mended = None
        # what is usable is in the dataset's order, with some left out
        if following is not None and _is_same(following, sample):
            mended, following = following, next(usable, None)
        if index in why_out:
            lines.append(f"{path_in(dataset, sample.image)}: {why_out[index]}")
            continue
        assert mended is not None  # the quick check leaves out nothing else
        if sample.image in whole:
            mended = replace(mended, boxes=None)
        if mended.fractured is not None:
            mended = replace(mended, conflict=None)  # settled: the check has said what counts
        if sample.fractured is None and mended.boxes is not None:
            mended = replace(mended, fractured=None)  # the boxes tell, as they did before
        if mended != sample:
            lines.append(f"{path_in(dataset, sample.image)}: {changes[sample.image]}")
        samples.append(mended)
    left_out = len(dataset.samples) - len(samples)
    note = f"cleaned: {count(left_out, 'image')} left out, {len(lines) - left_out} changed"
    notes = (*dataset.notes, note) if lines else dataset.notes
    cleaned = replace(dataset, samples=tuple(samples), notes=notes)
    tied = (problem.line for problem in still_tied(report, cleaned))
    return replace(cleaned, notes=(*notes, *tied)), tuple(lines)


def still_tied(report: FullReport, cleaned: Dataset) -> tuple[Problem, ...]:
    """Return what the cleaned dataset keeps of groups that copies tied to a later split.

    Args:
        report: of the dataset before.
        cleaned: as `clean` returns it.
    """
    kept = {(sample.split, sample.group) for sample in cleaned.samples}
    named: dict[Path, list[Sample]] = defaultdict(list)
    for sample in report.dataset.samples:
        if (sample.split, sample.group) in kept:  # a group that has gone ties none
            named[sample.image].append(sample)
    copies = [[s for image in alike for s in named[image]] for alike in _copies(report)]
    return tuple(tied_groups(copies, cleaned.samples, "pictures"))


def _copies(report: FullReport) -> list[tuple[Path, ...]]:
    return [alike for p in report.problems if p.kind in _ALIKE for alike in p.sets]


def _is_same(mended: Sample, sample: Sample) -> bool:
    return (mended.image, mended.split, mended.group) == (sample.image, sample.split, sample.group)


def _changes(report: FullReport) -> dict[Path, str]:
    """Return what is done to the annotation of each image, in words."""
    found: dict[Path, list[str]] = defaultdict(list)
    for problem in report.problems:
        if problem.kind in _MENDED:
            for image in problem.images:
                unused = "; boxes not used" if problem.kind == "box_whole" else ""
                found[image].append(problem.what + unused)
    return {image: "; ".join(dict.fromkeys(whats)) for image, whats in found.items()}


def _left_out(report: FullReport, leave_out: LeaveOut) -> dict[int, str]:
    """Return which samples are left out, by their index, and why."""
    dataset = report.dataset
    images: dict[Path, str] = {}
    for problem in report.problems:
        if problem.kind in _UNUSABLE:
            images.update(dict.fromkeys(problem.images, problem.what))
    readable = [i for i, sample in enumerate(dataset.samples) if sample.image not in images]
    for problem in report.problems:
        if problem.kind in _CONFLICTS:
            for alike in problem.sets:
                for image in alike:
                    other = path_in(dataset, next((i for i in alike if i != image), image))
                    what = f"{_ALIKE[problem.kind]} {other}, with another label; left out"
                    images.setdefault(image, what)
    why = {i: images[s.image] for i, s in enumerate(dataset.samples) if s.image in images}
    for unit in _units([dataset.samples[index] for index in readable], report, leave_out):
        members = [readable[index] for index in unit if readable[index] not in why]
        latest = splits_of(dataset.samples[index] for index in members)[-1:]
        stay = [index for index in members if dataset.samples[index].split in latest]
        for index in members:
            sample = dataset.samples[index]
            if sample.split is not None and sample.split not in latest:
                tie = _tie(sample, [dataset.samples[i] for i in stay], report)
                why[index] = f"{tie}; left out of {sample.split}"
    return why


def _units(
    samples: Sequence[Sample], report: FullReport, leave_out: LeaveOut
) -> list[tuple[int, ...]]:
    """Return the sets of samples that may not be in several splits, in the order to part them."""
    copies = _copies(report)
    if leave_out == "groups":
        return units_of(samples, copies)
    # groups first: what has gone with its group is no copy any more for which others should go
    return units_of(samples) + units_of([replace(one, group=None) for one in samples], copies)


def _tie(sample: Sample, later: Sequence[Sample], report: FullReport) -> str:
    """Say what ties a sample to those of a later split."""
    split, places = later[0].split, {other.image for other in later}
    for problem in report.problems:
        if problem.kind in _ALIKE:
            for other in _partners(sample.image, problem.sets):
                if other in places:
                    name = path_in(report.dataset, other)
                    return f"{_ALIKE[problem.kind]} {name} in {split}"
    if sample.group is not None and any(other.group == sample.group for other in later):
        return f"group {sample.group} is in {split}, too"
    own = f"its group {sample.group}" if sample.group is not None else "its copy's group"
    return f"{own} shares pictures with {split}, maybe by way of other groups"


def _partners(image: Path, sets: Iterable[tuple[Path, ...]]) -> Iterable[Path]:
    return (other for alike in sets if image in alike for other in alike if other != image)
