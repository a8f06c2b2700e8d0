"""What an annotation of Label Studio holds: regions of the image, and choices about all of it.

Form: https://labelstud.io/guide/task_format; of a region, https://labelstud.io/tags/rectanglelabels.
An annotation's `result` is a list; entries with the same `id` are of one region, so that its
shape, its labels and choices about it alone may come in several entries.

Coordinates are percent of the picture as the browser shows it, which is the one after the EXIF
turn: the editor takes `original_width` and `original_height` from the picture's natural size in
the browser. `image_rotation` is how far the annotator turned the view; it changes no coordinate.
A rectangle's `rotation` is clockwise, in degrees, around its top left corner, and in pixels: a
percent is not as long in x as in y.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detect.data.sources.files import finite
from detect.data.sources.label_studio_brush import brush_box
from detect.errors import DataError
from detect.record import Box

__all__ = ["Choice", "Region", "Result", "Size", "Unread", "read_result", "region_box"]

Size = tuple[float, float]  # width, height in pixels

UNNAMED = "region"  # class of what was drawn without a label, as in a project that has none
# controls that say something, but draw nothing
_SHAPELESS = frozenset(
    {
        "choices",
        "datetime",
        "number",
        "pairwise",
        "ranker",
        "rating",
        "taxonomy",
        "textarea",
    }
)
_RECTANGLE = ("x", "y", "width", "height")
_ELLIPSE = ("x", "y", "radiusX", "radiusY")


@dataclass(frozen=True, slots=True)
class Region:
    """One place that was drawn."""

    labels: tuple[str, ...]  # at least one
    shape: Mapping[str, Any]  # `value` of the entry that holds it
    size: Size | None  # `original_width` and `original_height`; None: not stated
    where: str  # file, task and region, for messages


@dataclass(frozen=True, slots=True)
class Unread:
    """A region of which no box can be told, such as a keypoint."""

    kind: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for the whole image."""

    control: str  # `from_name`: the name of the control in the project
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What one annotation holds."""

    regions: tuple[Region, ...]
    choices: tuple[Choice, ...]
    unread: tuple[Unread, ...]


def read_result(entries: object, where: str) -> Result:
    """Read the `result` of an annotation.

    Args:
        entries: as JSON holds it.
        where: file and task, for messages.

    Raises:
        DataError: it is malformed.
    """
    if not isinstance(entries, list):
        raise DataError(f"{where}: result is no list; export the file again")
    labels: dict[str, list[str]] = defaultdict(list)
    shapes: dict[str, Region] = {}
    kinds: dict[str, str] = {}
    choices = []
    for place, entry in enumerate(entries):
        here = f"{where}, result[{place}]"
        if not isinstance(entry, dict):
            raise DataError(f"{here}: {entry!r:.40} is no mapping; export the file again")
        kind, value = str(entry.get("type", "")).casefold(), entry.get("value")
        if value is None:  # an arrow from one region to another
            continue
        if not isinstance(value, dict):
            raise DataError(f"{here}: value is {value!r:.40}, no mapping; export the file again")
        drawn = _has_shape(value)
        if kind == "choices" and not drawn:
            choices.append(Choice(str(entry.get("from_name", kind)), _texts(value, kind, here)))
        if kind in _SHAPELESS:  # of a region they are not read
            continue
        identity = str(entry.get("id") or place)
        kinds.setdefault(identity, kind)
        labels[identity] += _texts(value, kind, here)
        if drawn and identity not in shapes:
            shapes[identity] = Region((), value, _size(entry, here), here)
    regions = tuple(
        Region(tuple(dict.fromkeys(labels[identity])) or (UNNAMED,), r.shape, r.size, r.where)
        for identity, r in shapes.items()
    )
    unread = tuple(
        Unread(kind or "unknown", tuple(labels[identity]))
        for identity, kind in kinds.items()
        if identity not in shapes
    )
    return Result(regions, tuple(choices), unread)


def region_box(region: Region, size: Size) -> Box | None:
    """Return the upright box around a region.

    Args:
        region: as `read_result` gives it.
        size: of the picture to whose pixels the box belongs; of a painted region, the one
            that it was painted in.

    Returns:
        The box in pixels; None where a painted region is empty.

    Raises:
        DataError: a coordinate is missing or no number.
    """
    shape, where = region.shape, region.where
    if "rle" in shape:
        return brush_box(shape["rle"], size, where)
    if "points" in shape:
        points = _points(shape["points"], size, where)
    else:
        keys = _ELLIPSE if "radiusX" in shape else _RECTANGLE
        x, y, across, down = (
            finite(shape[key], f"{where}, {key}") / 100 * side
            for key, side in zip(keys, (*size, *size), strict=True)
        )
        turn = math.radians(finite(shape.get("rotation") or 0, f"{where}, rotation"))
        cos, sin = math.cos(turn), math.sin(turn)
        if keys is _ELLIPSE:
            half_width = math.hypot(across * cos, down * sin)
            half_height = math.hypot(across * sin, down * cos)
            return Box(x - half_width, y - half_height, x + half_width, y + half_height)
        along = (across * cos, across * sin)  # the upper edge, and the left one
        aside = (-down * sin, down * cos)
        points = [
            (x + m * along[0] + n * aside[0], y + m * along[1] + n * aside[1])
            for m, n in ((0, 0), (1, 0), (1, 1), (0, 1))
        ]
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _has_shape(value: Mapping[str, Any]) -> bool:
    return bool(value.get("points") or value.get("rle")) or any(
        all(key in value for key in keys) for keys in (_RECTANGLE, _ELLIPSE)
    )


def _points(points: object, size: Size, where: str) -> list[tuple[float, float]]:
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 for point in points
    ):
        raise DataError(f"{where}: points is no list of [x, y]; export the file again")
    return [(finite(x, where) / 100 * size[0], finite(y, where) / 100 * size[1]) for x, y in points]


def _texts(value: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """Return the labels or choices in `value`, which has them under the type's own name."""
    texts = value.get(key) or []
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{where}: {key} is no list of texts; export the file again")
    return tuple(text.strip() for text in texts if text.strip())


def _size(entry: Mapping[str, Any], where: str) -> Size | None:
    stated = (entry.get("original_width"), entry.get("original_height"))
    if None in stated:
        return None
    width, height = (finite(side, where) for side in stated)
    if width < 1 or height < 1:
        raise DataError(f"{where}: its original size is {width:g} × {height:g}; export it again")
    return width, height
