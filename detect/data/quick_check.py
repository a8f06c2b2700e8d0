"""Is a dataset fit to train and to measure with? Every image is decoded once.

What is wrong is reported, and what can still be used is handed on: an image that cannot be
read is left out, a box that sticks out is cut, and where a box makes no sense only the
verdict of its image is used, since leaving out the box alone would call its place healthy.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

from detect.data.check_report import (
    LABELS,
    CheckReport,
    Problem,
    ProblemKind,
    count,
    few,
    problem_of,
)
from detect.data.copies import identical_files, shared_groups
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import ReadError
from detect.read import read
from detect.record import Box

__all__ = ["CheckReport", "Problem", "quick_check"]


@dataclass(frozen=True, slots=True)
class _Decoded:
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Refused:
    kind: ProblemKind
    reason: str
    message: str


def quick_check(
    dataset: Dataset,
    *,
    workers: int | None = None,
    on_image: Callable[[], object] | None = None,
) -> CheckReport:
    """Decode every image and compare it with what the dataset says of it.

    Args:
        dataset: as `load_fractures` returns it: its one class is `fracture`.
        workers: threads that decode; None: one per core. The report does not depend on it.
        on_image: called after each image, for a progress bar.
    """
    results: list[_Decoded | _Refused] = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        try:
            for result in pool.map(_decode, dataset.samples):
                results.append(result)
                if on_image is not None:
                    on_image()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once
    refused: dict[tuple[ProblemKind, str], list[tuple[Sample, str]]] = defaultdict(list)
    found: dict[tuple[ProblemKind, str], list[Sample]] = defaultdict(list)
    hashed: list[tuple[str, Sample]] = []
    left_out: list[Sample] = []
    for sample, result in zip(dataset.samples, results, strict=True):
        if isinstance(result, _Refused):
            refused[result.kind, result.reason].append((sample, result.message))
            left_out.append(_agreed(sample, found))
            continue
        mended = _mend(sample, result, dataset.classes, found)
        hashed.append((result.sha256, mended))
    copies, usable = identical_files(hashed)
    problems = [
        *(_refused_problem(*key, entries) for key, entries in refused.items()),
        *(problem_of(kind, samples, what) for (kind, what), samples in found.items()),
        *copies,
        *shared_groups(usable),
        *_unfit_splits(usable),
    ]
    return CheckReport(dataset.name, len(results), tuple(problems), usable, tuple(left_out))


def _decode(sample: Sample) -> _Decoded | _Refused:
    try:
        with closing(read(sample.image, sample.image.name)) as frames:  # type: ignore[type-var]
            radiograph = next(frames)
    except ReadError as error:
        return _Refused("unreadable", error.reason, str(error))
    source = radiograph.source
    if source.frame is not None:
        message = f"{sample.image.name}: has several frames; store each as an image of its own"
        return _Refused("multi_frame", "several frames", message)
    assert source.sha256 is not None  # whoever decoded the bytes has hashed them
    height, width = radiograph.pixels.shape
    return _Decoded(source.sha256, width, height)


def _mend(
    sample: Sample,
    image: _Decoded,
    classes: Sequence[str],
    found: dict[tuple[ProblemKind, str], list[Sample]],
) -> Sample:
    """Return the sample as it can be used; what was changed is added to `found`."""
    if sample.boxes is None:
        return sample
    if any(entry.label not in classes for entry in sample.boxes):
        what = f"a box is of a class that is not among {', '.join(classes)}; boxes not used"
        found["box_class", what].append(sample)
        return replace(sample, boxes=None)
    cut = tuple(LabelledBox(_cut(entry.box, image), entry.label) for entry in sample.boxes)
    if any(entry.box.x1 >= entry.box.x2 or entry.box.y1 >= entry.box.y2 for entry in cut):
        found["box_empty", "a box is empty or outside the image; boxes not used"].append(sample)
        return replace(sample, boxes=None)
    if cut != sample.boxes:
        found["box_outside", "a box sticks out of the image; cut"].append(sample)
    return _agreed(replace(sample, boxes=cut), found)


def _agreed(sample: Sample, found: dict[tuple[ProblemKind, str], list[Sample]]) -> Sample:
    """Return the sample with its label and boxes in agreement."""
    if sample.boxes and sample.fractured is False:
        what = "labelled not fractured, but with a box of a fracture; the box counts"
        found["label_box", what].append(sample)
        return replace(sample, fractured=True)
    if sample.fractured and sample.boxes == ():
        what = "labelled fractured and annotated, but without a box; boxes not used"
        found["label_box", what].append(sample)
        return replace(sample, boxes=None)
    return sample


def _cut(box: Box, image: _Decoded) -> Box:
    x1, x2 = (min(max(x, 0.0), float(image.width)) for x in (box.x1, box.x2))
    y1, y2 = (min(max(y, 0.0), float(image.height)) for y in (box.y1, box.y2))
    return Box(x1, y1, x2, y2)


def _unfit_splits(samples: Sequence[Sample]) -> list[Problem]:
    problems = []
    unassigned = [sample for sample in samples if sample.split is None]
    if unassigned:
        problems.append(problem_of("no_split", unassigned, "in no split; not used"))
    for split in ("train", "val"):
        inside = [sample for sample in samples if sample.split == split]
        labels = {sample.fractured for sample in inside}
        for fractured in (True, False):
            if fractured not in labels:
                line = f"{split}: no image is labelled {LABELS[fractured]}"
                problems.append(Problem("split_unfit", (), line))
        if not any(sample.boxes for sample in inside):
            problems.append(Problem("split_unfit", (), f"{split}: no image has a box"))
    return problems


def _refused_problem(
    kind: ProblemKind, reason: str, entries: Sequence[tuple[Sample, str]]
) -> Problem:
    samples = [sample for sample, _ in entries]
    labels = Counter(LABELS[sample.fractured] for sample in samples)
    if len(labels) == 1:
        balance = f"all labelled {next(iter(labels))}" if len(samples) > 1 else next(iter(labels))
    else:
        balance = ", ".join(f"{number} {label}" for label, number in sorted(labels.items()))
    line = f"{count(len(samples), 'file')} {reason}; left out; {balance}: {few(_messages(entries))}"
    return Problem(kind, tuple(sample.image for sample in samples), line)


def _messages(entries: Sequence[tuple[Sample, str]]) -> list[str]:
    # one file: say all about it; several: their names, the reason is told already
    if len(entries) == 1:
        return [entries[0][1]]
    return [sample.image.name for sample, _ in entries]
