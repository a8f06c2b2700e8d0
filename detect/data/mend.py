"""What is wrong with the annotation of one image, and how it can still be used.

A box that sticks out is cut. Where a fracture's box makes no sense, only the verdict of its image
is used, since leaving out the box alone would call its place healthy; of other things, the box
alone is left out. Label and boxes are brought into agreement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from detect.data.check_report import ProblemKind
from detect.data.sample import LabelledBox, Sample
from detect.record import Box

__all__ = ["Tell", "agreed", "cut", "mended"]

Tell = Callable[[ProblemKind, str], object]  # called with what is wrong, in words


def mended(
    sample: Sample,
    size: tuple[int, int],
    classes: Collection[str],
    fractures: Collection[str],
    tell: Tell,
) -> Sample:
    """Return the sample as it can be used.

    Args:
        sample: of an image that can be read.
        size: its width and height in pixels.
        classes: of the dataset.
        fractures: those whose boxes make an image a fractured one.
        tell: called once for each thing that was wrong.
    """
    if sample.boxes is None:
        return sample
    if any(entry.label not in classes for entry in sample.boxes):
        what = f"a box is of a class that is not among {', '.join(classes)}; boxes not used"
        tell("box_class", what)
        return replace(sample, boxes=None)
    inside = tuple(LabelledBox(cut(entry.box, size), entry.label) for entry in sample.boxes)
    empty = {entry.label for entry in inside if _is_empty(entry.box)}
    if not empty.isdisjoint(fractures):
        tell("box_empty", "a box is empty or outside the image; boxes not used")
        return replace(sample, boxes=None)
    for label in sorted(empty):
        tell("box_empty", f"a box of {label} is empty or outside the image; left out")
    boxes = tuple(entry for entry in inside if not _is_empty(entry.box))
    if any(entry not in sample.boxes for entry in boxes):
        tell("box_outside", "a box sticks out of the image; cut")
    if sample.boxes and not boxes:
        # only other things were boxed, and wrongly: not the same as annotated and without a box
        return replace(sample, boxes=None if sample.fractured else ())
    return agreed(replace(sample, boxes=boxes), fractures, tell)


def agreed(sample: Sample, fractures: Collection[str], tell: Tell) -> Sample:
    """Return the sample with its label and boxes in agreement."""
    if sample.fractured is False and any(e.label in fractures for e in sample.boxes or ()):
        tell("label_box", "labelled not fractured, but with a box of a fracture; the box counts")
        return replace(sample, fractured=True)
    if sample.fractured and sample.boxes == ():
        tell("label_box", "labelled fractured and annotated, but without a box; boxes not used")
        return replace(sample, boxes=None)
    return sample


def cut(box: Box, size: tuple[int, int]) -> Box:
    """Return the part of a box that is inside an image of some width and height; maybe empty."""
    x1, x2 = (min(max(x, 0.0), float(size[0])) for x in (box.x1, box.x2))
    y1, y2 = (min(max(y, 0.0), float(size[1])) for y in (box.y1, box.y2))
    return Box(x1, y1, x2, y2)


def _is_empty(box: Box) -> bool:
    return box.x1 >= box.x2 or box.y1 >= box.y2
