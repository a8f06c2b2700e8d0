"""One Pascal VOC annotation file, read strictly.

Form: "The PASCAL Visual Object Classes Challenge 2012 Development Kit", section 4.1,
http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/. There the top-left pixel is (1, 1) and
`xmax`, `ymax` belong to the box. The tools that write this form today (labelImg, CVAT, Label
Studio, Roboflow, FracAtlas' authors) write edges counted from 0 instead, and nothing in a file
tells which it is. So the numbers are taken as they are. Of a file counted from 1, the right and
lower edges are then exact, and the left and upper ones a pixel too far in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from detect.data.sources.files import finite, read_xml
from detect.errors import DataError
from detect.record import Box

__all__ = ["VocFile", "VocObject", "read_voc_file"]


@dataclass(frozen=True, slots=True)
class VocObject:
    """One annotated object."""

    label: str
    box: Box  # pixels of the picture of the file's stated size
    difficult: bool


@dataclass(frozen=True, slots=True)
class VocFile:
    """What one file holds."""

    path: Path
    image_name: str | None  # `filename`, as it stands: often outdated, or without its suffix
    size: tuple[float, float] | None  # width, height in pixels; None: not stated
    objects: tuple[VocObject, ...]


def read_voc_file(path: Path) -> VocFile:
    """Read a Pascal VOC file.

    Raises:
        DataError: unreadable, or an element is missing or no number; the message names it.
    """
    root = read_xml(path)
    if root.tag != "annotation":
        raise DataError(f"{path}: its root is <{root.tag:.40}>, not <annotation>; not Pascal VOC")
    objects = tuple(
        _object(item, f"{path}, object {number}")
        for number, item in enumerate(root.iterfind("object"), start=1)
    )
    return VocFile(path, _text(root, "filename"), _size(root, path), objects)


def _object(item: Element, where: str) -> VocObject:
    label = _text(item, "name")
    if label is None:
        raise DataError(f"{where}: has no name; say what it is, or remove it")
    corners = []
    for tag in ("xmin", "ymin", "xmax", "ymax"):
        text = _text(item, f"bndbox/{tag}")
        if text is None:
            raise DataError(f"{where}: has no bndbox/{tag}; draw a box, or remove it")
        corners.append(finite(text, f"{where}, {tag}"))
    return VocObject(label, Box(*corners), _text(item, "difficult") in ("1", "true", "True"))


def _size(root: Element, path: Path) -> tuple[float, float] | None:
    stated = [_text(root, f"size/{tag}") for tag in ("width", "height")]
    width, height = (finite(text or 0, f"{path}, size") for text in stated)
    if width < 0 or height < 0:
        raise DataError(f"{path}: its size is {width:g} × {height:g}; correct it")
    return (width, height) if width and height else None


def _text(element: Element, path: str) -> str | None:
    return (element.findtext(path) or "").strip() or None
