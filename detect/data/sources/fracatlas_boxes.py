"""The three files in which FracAtlas states its boxes, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from detect.data.sources.coco_file import read_coco_file
from detect.data.sources.files import finite
from detect.data.sources.images import cut_dust
from detect.data.sources.voc_file import read_voc_file
from detect.errors import DataError
from detect.record import Box

__all__ = ["Annotation", "Corners", "read_coco", "read_voc", "yolo_agrees"]

Corners = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels


@dataclass(frozen=True, slots=True)
class Annotation:
    """Size and boxes of one image, in pixels of the picture after its EXIF turn."""

    width: float
    height: float
    boxes: tuple[Corners, ...]

    def agrees(self, other: Annotation, tolerance: float) -> bool:
        """Tell whether both have the same boxes, up to `tolerance` pixels an edge."""
        return len(self.boxes) == len(other.boxes) and all(
            abs(a - b) <= tolerance
            for mine, theirs in zip(sorted(self.boxes), sorted(other.boxes), strict=True)
            for a, b in zip(mine, theirs, strict=True)
        )


def read_coco(path: Path) -> dict[str, Annotation]:
    """Return the annotation of each image that a COCO file lists, by file name.

    A box that sticks out of its image by less than a pixel (floating-point dust of the
    published file) is cut; one that sticks out further is left for the check to report.

    Raises:
        DataError: unreadable, or an entry is malformed; the message names it.
    """
    return {
        image.name: _annotation(
            image.size, (entry.box for entry in image.boxes), f"{path}, image {image.identity!r}"
        )
        for image in read_coco_file(path).images
    }


def read_voc(path: Path) -> Annotation:
    """Return what a PASCAL VOC file states; boxes as in `read_coco`.

    Raises:
        DataError: unreadable, or an element is missing or no number.
    """
    file = read_voc_file(path)
    return _annotation(file.size, (entry.box for entry in file.objects), str(path))


def _annotation(size: tuple[float, float] | None, boxes: Iterable[Box], where: str) -> Annotation:
    if size is None:
        raise DataError(f"{where}: states no size of its image; export it again")
    return Annotation(*size, tuple(astuple(cut_dust(box, *size)) for box in boxes))


def yolo_agrees(annotation: Annotation, text: str, where: str, tolerance: float) -> bool:
    """Tell whether a YOLO label file states the boxes of `annotation`.

    Args:
        annotation: what COCO or VOC states.
        text: lines `class x_centre y_centre width height`, as shares of the image's size.
        where: the file's path, for the message.
        tolerance: of each edge, in pixels.

    Raises:
        DataError: a line is malformed.
    """
    boxes = []
    for line, fields in enumerate(map(str.split, text.splitlines()), start=1):
        if not fields:
            continue
        if len(fields) != 5:
            raise DataError(f"{where}, line {line}: {len(fields)} fields, not 5; correct it")
        x, y, w, h = (finite(value, f"{where}, line {line}") for value in fields[1:])
        width, height = annotation.width, annotation.height
        x1, y1 = (x - w / 2) * width, (y - h / 2) * height
        boxes.append((x1, y1, x1 + w * width, y1 + h * height))
    return annotation.agrees(
        Annotation(annotation.width, annotation.height, tuple(boxes)), tolerance
    )
