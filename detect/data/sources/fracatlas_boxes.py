"""The three files in which FracAtlas states its boxes, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from detect.data.sources.coco_file import read_coco_file
from detect.data.sources.files import finite, read_text
from detect.data.sources.images import cut_dust
from detect.data.sources.voc_file import read_voc_file
from detect.errors import DataError
from detect.record import Box

__all__ = ["Annotation", "Corners", "compared", "read_coco", "read_voc", "read_yolo"]

# COCO rounded down (VOC) or to four decimals of the size (YOLO) stays below this, in pixels
ROUNDING = 1.5

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


def read_yolo(path: Path, like: Annotation) -> Annotation:
    """Return what a YOLO label file states, for a picture of the size of `like`.

    Args:
        path: of lines `class x_centre y_centre width height`, as shares of the picture's size.
        like: what COCO or VOC states.

    Raises:
        DataError: unreadable, or a line is malformed.
    """
    boxes = []
    for line, fields in enumerate(map(str.split, read_text(path).splitlines()), start=1):
        if not fields:
            continue
        where = f"{path}, line {line}"
        if len(fields) != 5:
            raise DataError(f"{where}: {len(fields)} fields, not 5; correct it")
        x, y, w, h = (finite(value, where) for value in fields[1:])
        x1, y1 = (x - w / 2) * like.width, (y - h / 2) * like.height
        boxes.append((x1, y1, x1 + w * like.width, y1 + h * like.height))
    return Annotation(like.width, like.height, tuple(boxes))


def compared(stated: Mapping[str, Annotation], name: str, found: dict[str, list[str]]) -> None:
    """Note whether the files that state an image's boxes agree with the first of them.

    Args:
        stated: kind of file → what it states; the first is the one that is used.
        name: of the image.
        found: remark → names of images; added to.
    """
    (used, first), *others = stated.items()
    differing = [kind for kind, other in others if not first.agrees(other, ROUNDING)]
    for kind in differing:
        found[f"boxes of {kind} disagree with {used}'s, which are used"].append(name)
    if others and not differing:
        kinds = ", ".join((used, *(kind for kind, _ in others[:-1])))
        found[f"boxes of {kinds} and {others[-1][0]} agree to within {ROUNDING} px"].append(name)
