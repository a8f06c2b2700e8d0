"""Which images and boxes stand on which contact sheet: a draw that every machine repeats."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detect.data.check_report import LABELS
from detect.data.naming import LABEL_WORDS, UNASSIGNED, file_name_of, split_word
from detect.data.sample import SPLITS, Dataset, Sample
from detect.data.sources.labels import fracture_classes
from detect.errors import DataError

__all__ = ["CHOICES", "SPLIT_CHOICES", "Choice", "Pick", "SheetPlan", "plan_sheets"]

CHOICES = tuple(LABEL_WORDS.values())
SPLIT_CHOICES = (*SPLITS, UNASSIGNED)
_ON_A_SHEET = 24  # cells, or as many more as fill the last row


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be seen."""

    count: int = 24  # images, and boxes, of each split and label at most
    seed: int = 0  # other seeds draw other images
    columns: int = 6  # cells side by side
    label: str | None = None  # one of CHOICES; None: all
    box_class: str | None = None  # only images with such a box, and such boxes; None: all
    split: str | None = None  # one of SPLIT_CHOICES; None: all


@dataclass(frozen=True, slots=True)
class Pick:
    """What one cell shows: an image, or the surroundings of one of its boxes."""

    sample: Sample
    box: int | None = None  # place in `sample.boxes`; None: the whole image


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What one contact sheet shows."""

    file: str  # its name
    title: str
    columns: int
    picks: tuple[Pick, ...]  # row by row


def plan_sheets(dataset: Dataset, choice: Choice) -> list[SheetPlan]:
    """Draw images for each split and label, and boxes for each split, and lay them on sheets.

    The draw is that of the smallest sha256 of seed and path, relative to the folder that all
    images of one origin lie in; so the same dataset gives the same sheets on any machine and
    wherever it lies, and a larger `count` only adds to what a smaller one shows.

    Boxes drawn are those of `choice.box_class`, else of the classes that are fractures.

    Raises:
        DataError: the dataset has no such class, or nothing is left to be shown.
    """
    if choice.box_class is not None and choice.box_class not in dataset.classes:
        message = f"--class {choice.box_class}: {dataset.name} has no such class"
        raise DataError(f"{message}; choose from {', '.join(dataset.classes)}")
    classes = fracture_classes(dataset.classes)
    if choice.box_class is not None:
        classes = frozenset({choice.box_class})
    images: dict[tuple[str | None, bool | None], list[tuple[bytes, Pick]]] = defaultdict(list)
    boxes: dict[str | None, list[tuple[bytes, Pick]]] = defaultdict(list)
    for sample, key in zip(dataset.samples, _keys(dataset.samples, choice.seed), strict=True):
        if not _wanted(sample, choice):
            continue
        images[sample.split, sample.fractured].append((_digest(key), Pick(sample)))
        for place, entry in enumerate(sample.boxes or ()):
            if entry.label in classes:
                boxes[sample.split].append((_digest(f"{key}#{place}"), Pick(sample, place)))
    if not dataset.samples:
        raise DataError(f"{dataset.name}: holds no image; nothing can be shown")
    if not images:
        raise DataError(f"{dataset.name}: no image fits {_options(choice)}; leave one out")
    plans: list[SheetPlan] = []
    for split in (*SPLITS, None):
        for label, word in LABEL_WORDS.items():
            what = (split_word(split), word, LABELS[label], "images")
            plans += _sheets(dataset, choice, images[split, label], *what)
        kind, shown = "fractures", "fractures"
        if choice.box_class is not None:
            kind, shown = f"{file_name_of(choice.box_class, 'class')}-boxes", choice.box_class
        what = (split_word(split), kind, shown, "boxes")
        plans += _sheets(dataset, choice, boxes[split], *what)
    return plans


def _wanted(sample: Sample, choice: Choice) -> bool:
    return (
        (choice.label is None or LABEL_WORDS[sample.fractured] == choice.label)
        and (choice.split is None or split_word(sample.split) == choice.split)
        and (
            choice.box_class is None
            or any(entry.label == choice.box_class for entry in sample.boxes or ())
        )
    )


def _options(choice: Choice) -> str:
    given = (("--split", choice.split), ("--only", choice.label), ("--class", choice.box_class))
    return " ".join(f"{option} {value}" for option, value in given if value is not None)


def _keys(samples: Sequence[Sample], seed: int) -> Iterator[str]:
    # merged sets lie in places that have nothing to do with one another
    origins = [(s.attributes.get("dataset", ""), s.image.anchor) for s in samples]
    parents: dict[tuple[str, str], set[Path]] = defaultdict(set)
    for sample, origin in zip(samples, origins, strict=True):
        parents[origin].add(sample.image.parent)
    tops = {origin: Path(os.path.commonpath(folders)) for origin, folders in parents.items()}
    for sample, origin in zip(samples, origins, strict=True):
        yield f"{seed}/{origin[0]}/{sample.image.relative_to(tops[origin]).as_posix()}"


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _sheets(
    dataset: Dataset,
    choice: Choice,
    drawn: Sequence[tuple[bytes, Pick]],
    split: str,
    kind: str,
    shown: str,
    noun: str,
) -> Iterator[SheetPlan]:
    picks = [pick for _, pick in sorted(drawn, key=lambda one: one[0])][: choice.count]
    size = -(-_ON_A_SHEET // choice.columns) * choice.columns
    sheets = -(-len(picks) // size)
    for number in range(1, sheets + 1):
        title = f"{dataset.name} · {split} · {shown}: {len(picks)} of {len(drawn)} {noun}"
        title += f", drawn with seed {choice.seed} · sheet {number} of {sheets}"
        yield SheetPlan(
            file=f"{split}-{kind}-{number}.jpg",
            title=title,
            columns=choice.columns,
            picks=tuple(picks[(number - 1) * size : number * size]),
        )
