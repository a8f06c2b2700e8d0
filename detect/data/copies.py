"""Images and patients that occur more than once, so that a measurement would flatter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations

from detect.data.check_report import Problem, ProblemKind, count, few
from detect.data.sample import SPLITS, Sample

__all__ = ["identical_files", "shared_groups", "splits_of", "tied_groups"]


def identical_files(
    hashed: Sequence[tuple[str, Sample]],
) -> tuple[list[Problem], tuple[Sample, ...]]:
    """Find files with the same bytes.

    Of copies in several splits, those in test stay, else those in val: what is measured on
    stays as published, and what is trained on gives way. Copies with different labels are all
    left out, since nobody can tell which is right. Copies in one split stay.

    Copies in several splits also prove that their groups overlap, whatever their names: the
    other images of such a group are reported and stay, since only new splits could part them.

    Args:
        hashed: (sha256, sample), in the dataset's order.

    Returns:
        The problems, and the samples that stay, in the dataset's order.
    """
    by_hash: dict[str, list[Sample]] = defaultdict(list)
    for digest, sample in hashed:
        by_hash[digest].append(sample)
    found: dict[ProblemKind, list[list[Sample]]] = defaultdict(list)
    keeps: dict[str, str | None] = {}  # sha256 → the one split where its copies stay
    conflicting = set()
    for digest, same in by_hash.items():
        if len(same) < 2:
            continue
        if len({sample.fractured for sample in same} - {None}) > 1:
            found["duplicate_label"].append(same)
            conflicting.add(digest)
            continue
        splits = splits_of(same)
        if len(splits) > 1:
            found["duplicate_leak"].append(same)
            keeps[digest] = splits[-1]
        if len({sample.split for sample in same}) < len(same):
            found["duplicate"].append(same)
    says: dict[ProblemKind, str] = {
        "duplicate_leak": "in several splits; kept in test, else in val",
        "duplicate_label": "with different labels; left out",
        "duplicate": "more than once in one split; kept",
    }
    problems: list[Problem] = [_problem(kind, sets, says[kind]) for kind, sets in found.items()]
    stay = tuple(
        sample
        for digest, sample in hashed
        if digest not in conflicting
        # what is in no split takes nothing from one
        and (sample.split is None or keeps.get(digest, sample.split) == sample.split)
    )
    return [*problems, *tied_groups(by_hash.values(), stay)], stay


def tied_groups(
    copies: Iterable[Sequence[Sample]], stay: Sequence[Sample], share: str = "files"
) -> Iterator[Problem]:
    """Find what stays of groups that copies tie to a group of a later split.

    Args:
        copies: sets of samples that are copies of one another.
        stay: the samples to look among, in the dataset's order.
        share: what such groups share, for the line.
    """
    tied: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for same in copies:
        placed = [(s.split, s.group) for s in same if s.split is not None and s.group is not None]
        for (split, group), (later, other) in permutations(placed, 2):
            if group != other and SPLITS.index(split) < SPLITS.index(later):
                tied[split, group].add((later, other))
    left = [s for s in stay if s.split is not None and (s.split, s.group) in tied]
    for split in SPLITS:
        images = tuple(sample.image for sample in left if sample.split == split)
        if images:
            ties = {group: others for (place, group), others in tied.items() if place == split}
            laters = {later for others in ties.values() for later, _ in others}
            where = " and ".join(sorted(laters, key=SPLITS.index))
            names = sorted({other for others in ties.values() for _, other in others})
            line = f"{count(len(images), 'image')} of {split} in groups {few(sorted(ties))}, "
            line += f"which share {share} with groups {few(names)} of {where}; kept"
            yield Problem("tied_groups", images, line)


def shared_groups(samples: Iterable[Sample]) -> list[Problem]:
    """Find groups, patients mostly, with samples in several splits."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.group is not None and sample.split is not None:
            groups[sample.group].append(sample)
    leaking = {name: group for name, group in groups.items() if len(splits_of(group)) > 1}
    if not leaking:
        return []
    shown = few(f"{name} in {' and '.join(splits_of(group))}" for name, group in leaking.items())
    images = tuple(sample.image for group in leaking.values() for sample in group)
    line = f"{count(len(leaking), 'group')} in several splits: {shown}"
    sets = tuple(tuple(sample.image for sample in group) for group in leaking.values())
    return [Problem("group_leak", images, line, sets)]


def _problem(kind: ProblemKind, sets: Sequence[Sequence[Sample]], what: str) -> Problem:
    images = tuple(sample.image for same in sets for sample in same)
    shown = few(" = ".join(sample.image.name for sample in same) for same in sets)
    together = tuple(tuple(sample.image for sample in same) for same in sets)
    return Problem(kind, images, f"{count(len(sets), 'identical file')} {what}: {shown}", together)


def splits_of(samples: Iterable[Sample]) -> list[str]:
    """Return the splits that samples are in, the earliest first."""
    return sorted({s.split for s in samples if s.split is not None}, key=SPLITS.index)
