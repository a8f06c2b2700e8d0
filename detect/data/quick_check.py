"""Is a dataset fit to train and to measure with? Every image is decoded once.

What is wrong is reported, and what can still be used is handed on: an image that cannot be read is
left out, and of one whose annotation makes no sense what does is used (see `mend`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence

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
from detect.data.look import Look, Refused, look_at_all
from detect.data.mend import agreed, mended
from detect.data.sample import Dataset, Sample
from detect.data.sources.labels import fracture_classes

__all__ = ["CheckReport", "Problem", "judge", "quick_check"]


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
    looks = look_at_all(dataset.samples, workers=workers, on_image=on_image)
    return judge(dataset, looks, fracture_classes(dataset.classes))


def judge(
    dataset: Dataset, looks: Sequence[Look | Refused], fractures: Collection[str]
) -> CheckReport:
    """Compare what was seen of every image with what the dataset says of it.

    Args:
        dataset: with any classes.
        looks: at each image, in the dataset's order.
        fractures: the classes whose boxes make an image a fractured one.
    """
    refused: dict[tuple[ProblemKind, str], list[tuple[Sample, str]]] = defaultdict(list)
    found: dict[tuple[ProblemKind, str], list[Sample]] = defaultdict(list)
    hashed: list[tuple[str, Sample]] = []
    left_out: list[Sample] = []
    for sample, seen in zip(dataset.samples, looks, strict=True):

        def tell(kind: ProblemKind, what: str, sample: Sample = sample) -> None:
            found[kind, what].append(sample)

        if sample.conflict is not None:
            tell("label_box", sample.conflict)
        if isinstance(seen, Refused):
            refused[seen.kind, seen.reason].append((sample, seen.message))
            left_out.append(agreed(sample, fractures, tell))
        else:
            size = (seen.width, seen.height)
            hashed.append((seen.sha256, mended(sample, size, dataset.classes, fractures, tell)))
    copies, usable = identical_files(hashed)
    problems = [
        *(_refused_problem(*key, entries) for key, entries in refused.items()),
        *(problem_of(kind, samples, what) for (kind, what), samples in found.items()),
        *copies,
        *shared_groups(usable),
        *_unfit_splits(usable, fractures),
    ]
    return CheckReport(dataset.name, len(looks), tuple(problems), usable, tuple(left_out))


def _unfit_splits(samples: Sequence[Sample], fractures: Collection[str]) -> list[Problem]:
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
        if not any(box.label in fractures for sample in inside for box in sample.boxes or ()):
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
    images = tuple(sample.image for sample in samples)
    return Problem(kind, images, line, what=f"{reason}; left out")


def _messages(entries: Sequence[tuple[Sample, str]]) -> list[str]:
    # one file: say all about it; several: their names, the reason is told already
    if len(entries) == 1:
        return [entries[0][1]]
    return [sample.image.name for sample, _ in entries]
