"""Annotated radiographs as training and evaluation see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detect.record import Box

__all__ = ["SPLITS", "Dataset", "LabelledBox", "Sample"]

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """One annotated box, in the coordinate frame of `detect.record`."""

    box: Box
    label: str  # class name


@dataclass(frozen=True, slots=True)
class Sample:
    """One image with what is known of it.

    `boxes is None` means nobody drew boxes (the image has at most a yes/no label);
    `boxes == ()` means that it was annotated and has none.
    """

    image: Path  # absolute
    split: str | None  # one of SPLITS, or None: unassigned
    group: str | None  # patient or nearest known grouping
    fractured: bool | None  # None: unknown
    boxes: tuple[LabelledBox, ...] | None
    attributes: Mapping[str, str] = field(default_factory=dict)
    # what its sources say of it against one another, and what counts; None: they agree
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A list of samples and what they have in common."""

    name: str
    root: Path
    classes: tuple[str, ...]  # class names that boxes carry, in index order
    samples: tuple[Sample, ...]
    licence: str | None = None
    origin: str | None = None
    notes: tuple[str, ...] = ()  # what the importer found and left out, a line each

    def split(self, name: str) -> tuple[Sample, ...]:
        """Return the samples of one split, in the dataset's order."""
        return tuple(sample for sample in self.samples if sample.split == name)
