"""The three files in which FracAtlas states its boxes, and whether they agree."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from detect.data.sources.files import finite, read_json, read_xml
from detect.data.sources.images import cut_dust
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
    content = read_json(path)
    try:
        images = {entry["id"]: entry for entry in content["images"]}
        boxes: dict[Any, list[Corners]] = {identity: [] for identity in images}
        for entry in content["annotations"]:
            where = f"{path}, annotation {entry['id']}"
            if entry["image_id"] not in images:
                raise DataError(f"{where}: no image has the id {entry['image_id']!r}; correct it")
            x, y, width, height = (finite(value, where) for value in entry["bbox"])
            boxes[entry["image_id"]].append((x, y, x + width, y + height))
        annotations = {}
        for identity, entry in images.items():
            where = f"{path}, image {identity}"
            width, height = finite(entry["width"], where), finite(entry["height"], where)
            cut = tuple(astuple(cut_dust(Box(*box), width, height)) for box in boxes[identity])
            annotations[str(entry["file_name"])] = Annotation(width, height, cut)
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path}: not COCO (missing or malformed: {error}); export it again"
        raise DataError(message) from error
    return annotations


def read_voc(path: Path) -> Annotation:
    """Return what a PASCAL VOC file states.

    Raises:
        DataError: unreadable, or an element is missing or no number.
    """
    root = read_xml(path)

    def number(tag: str, parent: Any) -> float:
        return finite(parent.findtext(tag), f"{path}, {tag}")

    boxes = []
    for item in root.iterfind("object"):
        x1, y1 = number("bndbox/xmin", item), number("bndbox/ymin", item)
        x2, y2 = number("bndbox/xmax", item), number("bndbox/ymax", item)
        boxes.append((x1, y1, x2, y2))
    return Annotation(number("size/width", root), number("size/height", root), tuple(boxes))


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
