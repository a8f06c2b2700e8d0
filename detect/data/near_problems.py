"""What near duplicates mean for a dataset: leaks, contradicting labels, and groups that overlap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from detect.data.check_report import LABELS, Problem, ProblemKind, count, few
from detect.data.copies import splits_of, tied_groups
from detect.data.look import Look, Refused
from detect.data.near_duplicates import near_duplicates
from detect.data.sample import Sample

__all__ = ["alike_samples", "near_problems"]

_SAYS: dict[ProblemKind, str] = {
    "near_duplicate_leak": "in several splits",
    "near_duplicate_label": "with different labels",
    "near_duplicate": "more than once in one split",
}


def alike_samples(
    samples: Sequence[Sample], looks: Sequence[Look | Refused], *, workers: int | None = None
) -> list[tuple[Sample, ...]]:
    """Return the sets of samples that show the same exposure, in files that differ.

    Exact copies of one file alone are no such set; they are in it where others are.

    Args:
        samples: of a dataset.
        looks: thorough ones, at each sample.
        workers: threads; None: one per core.
    """
    same: dict[str, list[int]] = defaultdict(list)
    for index, seen in enumerate(looks):
        if isinstance(seen, Look):
            same[seen.sha256].append(index)
    files = list(same.values())
    firsts = [(samples[one[0]].image, looks[one[0]]) for one in files]
    readable = [(image, seen) for image, seen in firsts if isinstance(seen, Look) and seen.traits]
    sets = near_duplicates(
        [image for image, _ in readable],
        [seen.traits.fingerprint for _, seen in readable if seen.traits],
        [seen.width / seen.height for _, seen in readable],
        workers=workers,
    )
    return [
        tuple(samples[i] for i in sorted(i for one in alike for i in files[one])) for alike in sets
    ]


def near_problems(sets: Sequence[tuple[Sample, ...]], usable: Sequence[Sample]) -> list[Problem]:
    """Tell what is wrong with sets of near duplicates.

    Args:
        sets: as `alike_samples` returns them.
        usable: samples whose groups such sets may tie, in the dataset's order.
    """
    found: dict[ProblemKind, list[tuple[Sample, ...]]] = defaultdict(list)
    for alike in sets:
        splits = splits_of(alike)
        if len(splits) > 1:
            found["near_duplicate_leak"].append(alike)
        if len({sample.fractured for sample in alike} - {None}) > 1:
            found["near_duplicate_label"].append(alike)
        if len({sample.split for sample in alike}) < len(alike):
            found["near_duplicate"].append(alike)
    alike_images = {sample.image for alike in sets for sample in alike}
    others = [sample for sample in usable if sample.image not in alike_images]
    return [
        *(_problem(kind, found[kind]) for kind in _SAYS if kind in found),
        *tied_groups(sets, others, "nearly the same pictures"),
    ]


def _problem(kind: ProblemKind, sets: Sequence[tuple[Sample, ...]]) -> Problem:
    line = f"{count(len(sets), 'picture')} {_SAYS[kind]} in files that differ: "
    line += few(" ~ ".join(_named(sample, kind) for sample in alike) for alike in sets)
    images = tuple(sample.image for alike in sets for sample in alike)
    return Problem(kind, images, line, tuple(tuple(s.image for s in alike) for alike in sets))


def _named(sample: Sample, kind: ProblemKind) -> str:
    if kind == "near_duplicate_leak":
        return f"{sample.image.name} ({sample.split or 'no split'})"
    if kind == "near_duplicate_label":
        return f"{sample.image.name} ({LABELS[sample.fractured]})"
    return sample.image.name
