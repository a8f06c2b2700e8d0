"""An image on which boxes were drawn in pixels: its sample, whatever the form says.

Annotations state the size of the picture on which they were drawn. Where that is not the size
of the file as a viewer shows it, the boxes are brought there:

    the same shape, larger or smaller    the picture was resized: boxes are scaled
    that of the pixels as stored, of a   the tool did not follow the EXIF turn: boxes are turned
    file that EXIF turns sideways
    width and height swapped, no turn    a slip of the export: boxes stay, if they lie inside
    another shape                        cropped, or another picture: boxes are not used

An image turned by 180°, mirrored, or square cannot be told by its size; its boxes are taken to
be those of the picture shown, and that is noted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from detect.data.sample import LabelledBox, Sample
from detect.data.sources.files import count_note
from detect.data.sources.images import SIDEWAYS, cut_dust, orientation
from detect.record import Box

__all__ = ["Drawn", "Findings", "drawn_sample"]

Size = tuple[float, float]  # width, height in pixels
_SAME_SIZE = (2, 3, 4)  # EXIF orientations that mirror or turn by 180°


class Findings:
    """What a source meets on its way, by image; for the notes of its dataset."""

    def __init__(self) -> None:
        self._images: dict[str, list[str]] = defaultdict(list)

    def add(self, what: str, image: str) -> None:
        """Note `what` of an image, once."""
        if image not in self._images[what][-1:]:
            self._images[what].append(image)

    def notes(self) -> tuple[str, ...]:
        """Return a line for each thing that was found."""
        return tuple(
            note for what, images in self._images.items() for note in count_note(images, what)
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """One image, and what an annotation file says of it."""

    image: Path  # absolute
    boxes: tuple[LabelledBox, ...]  # in pixels of the picture of size `stated`
    stated: Size | None  # None: not stated, so that of the picture shown
    split: str | None = None
    group: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def drawn_sample(
    drawn: Drawn, shown: Size | None, fractures: Collection[str], findings: Findings
) -> Sample:
    """Return the sample, with its boxes in the frame of `detect.record`.

    Where a box has no area, or nobody can tell where the boxes belong, they are not used
    (`boxes is None`), since leaving one out would call its place healthy; what they say of the
    image stays: one with a box of a fracture is fractured.

    Args:
        drawn: image and boxes.
        shown: its size as a viewer shows it; None: the file cannot be read, and the boxes stay.
        fractures: the classes whose boxes make an image a fractured one.
        findings: takes what was changed.
    """
    name = drawn.image.name
    entries = tuple(dict.fromkeys(drawn.boxes))
    if len(entries) < len(drawn.boxes):
        findings.add("a box is listed twice; taken once", name)
    boxes = _shown([entry.box for entry in entries], drawn, shown, findings)
    if boxes is not None and any(box.x1 >= box.x2 or box.y1 >= box.y2 for box in boxes):
        findings.add("a box has no area; only the verdict is used", name)
        boxes = None
    sample = Sample(drawn.image, drawn.split, drawn.group, None, None, drawn.attributes)
    if boxes is None:
        fractured = any(entry.label in fractures for entry in entries)
        return replace(sample, fractured=True if fractured else None)
    size = shown or drawn.stated
    if size is not None:
        boxes = [cut_dust(box, *size) for box in boxes]
    labelled = zip(boxes, (entry.label for entry in entries), strict=True)
    return replace(sample, boxes=tuple(LabelledBox(box, label) for box, label in labelled))


def _shown(
    boxes: list[Box], drawn: Drawn, shown: Size | None, findings: Findings
) -> list[Box] | None:
    """Return the boxes in the frame of the picture as shown; None: nobody can tell where."""
    stated, name = drawn.stated, drawn.image.name
    if not boxes or stated is None or shown is None:
        return boxes
    swapped, turn = (shown[1], shown[0]), orientation(drawn.image)
    if turn in _SAME_SIZE or (turn in SIDEWAYS and shown == swapped):
        findings.add("EXIF turns it, which no size tells; boxes taken as drawn after that", name)
    if stated == shown:
        return boxes
    same_shape = _same_shape(stated, shown)
    if turn in SIDEWAYS and (
        stated == swapped or (_same_shape(stated, swapped) and not same_shape)
    ):
        findings.add("boxes were drawn before the EXIF turn; turned with it", name)
        return [_turned(_scaled(box, stated, swapped), swapped, turn) for box in boxes]
    if max(abs(a - b) for a, b in zip(stated, shown, strict=True)) <= 1:
        return boxes  # a rounding of the export
    if same_shape:
        findings.add("is not of the size that its boxes were drawn in; boxes scaled", name)
        return [_scaled(box, stated, shown) for box in boxes]
    if stated == swapped and all(_inside(box, shown) for box in boxes):
        findings.add("width and height are stated swapped; boxes kept", name)
        return boxes
    findings.add("is of another shape than its boxes were drawn in; only the verdict is used", name)
    return None


def _same_shape(one: Size, other: Size) -> bool:
    # a resized picture has each side rounded to whole pixels, up or down
    return abs(one[0] * other[1] - one[1] * other[0]) <= one[0] + one[1]


def _scaled(box: Box, from_size: Size, to_size: Size) -> Box:
    x, y = to_size[0] / from_size[0], to_size[1] / from_size[1]
    return Box(box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y)


def _turned(box: Box, stored: Size, turn: int) -> Box:
    """Return a box of the stored pixels in the picture that EXIF `turn` (5 to 8) shows."""
    width, height = stored
    xs = (box.y1, box.y2) if turn in (5, 8) else (height - box.y2, height - box.y1)
    ys = (box.x1, box.x2) if turn in (5, 6) else (width - box.x2, width - box.x1)
    return Box(xs[0], ys[0], xs[1], ys[1])


def _inside(box: Box, size: Size) -> bool:
    return box.x1 > -1 and box.y1 > -1 and box.x2 < size[0] + 1 and box.y2 < size[1] + 1
