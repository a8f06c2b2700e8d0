"""Everything that `data check` finds in a dataset; every image is decoded once.

All that the quick check finds, and: near duplicates, boxes that cover their image, images that
nobody labelled, what tells the label beside the fracture, and marks burnt into the picture.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from detect.data.balances import balances_of
from detect.data.check_report import LABELS, FullReport, Problem, ProblemKind, few, problem_of
from detect.data.copies import splits_of
from detect.data.fractures import fracture_names, fractures_only
from detect.data.look import Look, Refused, look_at_all
from detect.data.mend import cut, mended
from detect.data.near_problems import alike_samples, near_problems
from detect.data.quick_check import judge
from detect.data.sample import Dataset, Sample
from detect.data.shortcuts import shortcuts
from detect.record import Box

__all__ = ["full_check"]

Size = tuple[int, int]  # width, height in pixels

_WHOLE = 0.9  # share of the image from which on a box names no place
_BY_NAME: Mapping[str, str | None] = {}


def full_check(
    dataset: Dataset,
    *,
    classes: Mapping[str, str | None] = _BY_NAME,
    workers: int | None = None,
    on_image: Callable[[], object] | None = None,
) -> FullReport:
    """Check a dataset thoroughly.

    Boxes are checked whatever their class; label and boxes are compared for fractures alone. An
    image without a label counts as training sees it: by its boxes of fractures.

    Args:
        dataset: as `load_dataset` or `merge_datasets` returns it, with all its classes.
        classes: class → "fracture", or None for one that is none; {}: told by the names.
        workers: threads; None: one per core. The report does not depend on it.
        on_image: called after each image is decoded, for a progress bar.

    Raises:
        DataError: `classes` does not name a class of the dataset that has boxes.
        ReadError: an image that could be read can no longer be.
    """
    told = fractures_only(dataset, classes).samples
    samples = tuple(
        replace(sample, fractured=seen.fractured)
        for sample, seen in zip(dataset.samples, told, strict=True)
    )
    looks = look_at_all(samples, thorough=True, workers=workers, on_image=on_image)
    labelled = replace(dataset, samples=samples)
    fractures = fracture_names(dataset.classes, classes)
    quick = judge(labelled, looks, fractures)
    counted = _counted(samples, looks, dataset.classes, fractures)
    alike = alike_samples(counted, looks, workers=workers)
    sizes = [(seen.width, seen.height) if isinstance(seen, Look) else None for seen in looks]
    problems = (
        *quick.problems,
        *_contradicting_leaks(counted, looks),
        *near_problems(alike, quick.usable),
        *_whole_boxes(samples, sizes, fractures),
        *_unlabelled(samples),
        *shortcuts(samples, sizes),
        *_marks(samples, looks),
    )
    return FullReport(dataset, quick, problems, balances_of(samples, sizes, dataset.classes))


def _counted(
    samples: Sequence[Sample],
    looks: Sequence[Look | Refused],
    classes: Collection[str],
    fractures: Collection[str],
) -> list[Sample]:
    """Return the samples with the labels that count once each is mended, as copies have them."""

    def already_told(kind: ProblemKind, what: str) -> None:
        """Leave what is wrong to the quick check."""

    return [
        replace(
            sample,
            fractured=mended(
                sample, (seen.width, seen.height), classes, fractures, already_told
            ).fractured,
        )
        if isinstance(seen, Look)
        else sample
        for sample, seen in zip(samples, looks, strict=True)
    ]


def _contradicting_leaks(
    samples: Sequence[Sample], looks: Sequence[Look | Refused]
) -> Iterator[Problem]:
    """Find copies in several splits that the quick check leaves out for their labels."""
    same: dict[str, list[Sample]] = defaultdict(list)
    for sample, seen in zip(samples, looks, strict=True):
        if isinstance(seen, Look):
            same[seen.sha256].append(sample)
    sets = [
        copies
        for copies in same.values()
        if len(splits_of(copies)) > 1 and len({sample.fractured for sample in copies} - {None}) > 1
    ]
    if sets:
        shown = few(
            " = ".join(f"{s.image.name} ({s.split}, {LABELS[s.fractured]})" for s in copies)
            for copies in sets
        )
        line = f"identical files in several splits, with different labels: {shown}"
        together = tuple(tuple(sample.image for sample in copies) for copies in sets)
        yield Problem("duplicate_leak", tuple(chain.from_iterable(together)), line, together)


def _whole_boxes(
    samples: Sequence[Sample], sizes: Sequence[Size | None], fractures: Collection[str]
) -> Iterator[Problem]:
    whole = [
        sample
        for sample, size in zip(samples, sizes, strict=True)
        if size is not None
        and any(e.label in fractures and _share(e.box, size) >= _WHOLE for e in sample.boxes or ())
    ]
    if whole:
        yield problem_of("box_whole", whole, f"a box covers {_WHOLE:.0%} of the image or more")


def _share(box: Box, size: Size) -> float:
    """Return the share of the image that a box covers, what sticks out left aside."""
    inside = cut(box, size)
    area = max(0.0, inside.x2 - inside.x1) * max(0.0, inside.y2 - inside.y1)
    return area / (size[0] * size[1])


def _unlabelled(samples: Sequence[Sample]) -> Iterator[Problem]:
    found = [sample for sample in samples if sample.fractured is None and not sample.boxes]
    if found:
        yield problem_of("unlabelled", found, "neither a label nor boxes")


def _marks(samples: Sequence[Sample], looks: Sequence[Look | Refused]) -> Iterator[Problem]:
    marked: dict[str, list[Sample]] = defaultdict(list)
    for sample, seen in zip(samples, looks, strict=True):
        if isinstance(seen, Look) and seen.traits is not None:
            for mark in seen.traits.marks:
                marked[mark].append(sample)
    for mark, found in sorted(marked.items()):
        labels = Counter(LABELS[sample.fractured] for sample in found)
        balance = ", ".join(f"{number} {label}" for label, number in sorted(labels.items()))
        what = f"suspected marks in the picture: {mark} ({balance}; {len(found) / len(samples):.1%}"
        yield problem_of("burnt_in", found, f"{what} of all images)")
