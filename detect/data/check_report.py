"""What a check of a dataset found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detect.data.sample import Dataset, Sample

__all__ = [
    "LABELS",
    "LEAKS",
    "Balance",
    "CheckReport",
    "FullReport",
    "Problem",
    "ProblemKind",
    "count",
    "few",
    "problem_of",
]

LABELS = {True: "fractured", False: "not fractured", None: "unlabelled"}

ProblemKind = Literal[
    "unreadable",  # left out
    "multi_frame",  # left out: nobody can tell which frame the labels are of
    "box_outside",  # sticks out of its image; cut
    "box_empty",  # nothing of it is inside the image; the image's boxes are not used
    "box_class",  # its class is none of the dataset's; the image's boxes are not used
    "label_box",  # label and boxes contradict each other
    "group_leak",  # one group in several splits; kept, so that the caller must decide
    "duplicate_leak",  # the same file in several splits; kept in the latest only
    "tied_groups",  # such copies prove their groups to overlap; the groups' other images stay
    "duplicate_label",  # the same file with different labels; left out
    "duplicate",  # the same file twice in one split; kept
    "no_split",  # in no split: neither trained on nor measured
    "split_unfit",  # a split lacks what its use needs
    # the thorough check alone finds these:
    "near_duplicate_leak",  # nearly the same picture in several splits
    "near_duplicate_label",  # nearly the same picture with different labels
    "near_duplicate",  # nearly the same picture twice in one split
    "box_whole",  # a box that covers its image: a label, no place
    "unlabelled",  # neither label nor boxes
    "size_label",  # the size of an image tells its label
    "attribute_label",  # an attribute, such as hardware, tells the label
    "burnt_in",  # marks that look like text written into the picture
]

# A split with one of these flatters every figure on val or test.
LEAKS: frozenset[ProblemKind] = frozenset(
    {"group_leak", "duplicate_leak", "tied_groups", "near_duplicate_leak"}
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, with all images that it concerns."""

    kind: ProblemKind
    images: tuple[Path, ...]  # in the dataset's order; empty: the whole split
    line: str  # for a person
    # images that belong together (copies of one picture, one patient's), to be shown side by side
    sets: tuple[tuple[Path, ...], ...] = ()
    what: str = ""  # the same of one image, without its name


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the check found."""

    dataset: str  # its name
    checked: int  # images
    problems: tuple[Problem, ...]
    usable: tuple[Sample, ...]  # in the dataset's order, mended where that is possible
    refused: tuple[Sample, ...] = ()  # the unreadable and the multi-frame, in its order

    @property
    def leaks(self) -> tuple[Problem, ...]:
        """What is still wrong with `usable` and makes figures on val or test worthless.

        Identical files in several splits are not among them: `usable` is free of those. What
        they tell of their groups (`tied_groups`) is reported and left to the caller.
        """
        return tuple(problem for problem in self.problems if problem.kind == "group_leak")


@dataclass(frozen=True, slots=True)
class Balance:
    """How images spread: a table for people, and plain numbers for programs.

    Every row has as many cells as `header`; numbers are int or float, shares lie in [0, 1].
    """

    name: str  # stable key, such as `split`, `region`, `image_size`
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class FullReport:
    """What the thorough check found: all that the quick one does, and more."""

    dataset: Dataset  # as loaded
    quick: CheckReport
    problems: tuple[Problem, ...]  # those of `quick` first
    balances: tuple[Balance, ...]

    @property
    def leaks(self) -> tuple[Problem, ...]:
        """Everything by which the dataset, as it stands, leaks across its splits."""
        return tuple(problem for problem in self.problems if problem.kind in LEAKS)


def problem_of(kind: ProblemKind, samples: Sequence[Sample], what: str) -> Problem:
    """Return the problem that `samples` share, with a line that names the first of them."""
    images = tuple(sample.image for sample in samples)
    line = f"{count(len(images), 'image')}: {what}: {few(image.name for image in images)}"
    return Problem(kind, images, line, what=what)


def count(number: int, noun: str) -> str:
    """Return "1 image", "2 images"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def few(texts: Iterable[str]) -> str:
    """Return the first five, joined by commas."""
    ordered = list(texts)
    return ", ".join(ordered[:5]) + (", …" if len(ordered) > 5 else "")
