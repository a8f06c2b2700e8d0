"""The box around a COCO segmentation.

Three encodings, https://cocodataset.org/#format-data: polygons; run lengths; and run lengths
packed into text, as `rleToString` of the COCO API does (six bits a character, differences to
the last run but one). Runs go down the columns, background first. Boxes are those that
`pycocotools.mask.toBbox` and its result loader give.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detect.data.sources.files import finite
from detect.errors import DataError
from detect.record import Box

__all__ = ["box_of_segmentation"]

_LONGEST = 60  # bits of a packed run: more than any picture has pixels


def box_of_segmentation(segmentation: Any, where: str) -> Box | None:
    """Return the box around a segmentation, in pixels; None where it is empty.

    Args:
        segmentation: as JSON holds it.
        where: file and annotation, for the message.

    Raises:
        DataError: it is malformed.
    """
    if isinstance(segmentation, dict):
        return _box_of_runs(segmentation, where)
    if not isinstance(segmentation, list):
        raise DataError(f"{where}: segmentation is neither polygons nor run lengths; correct it")
    polygons = segmentation if any(isinstance(p, list) for p in segmentation) else [segmentation]
    xs: list[float] = []
    ys: list[float] = []
    for polygon in polygons:
        if not isinstance(polygon, list) or len(polygon) % 2:
            raise DataError(f"{where}: a polygon is no list of x, y, x, y …; correct it")
        values = [finite(value, where) for value in polygon]
        xs += values[0::2]
        ys += values[1::2]
    return Box(min(xs), min(ys), max(xs), max(ys)) if xs else None


def _box_of_runs(content: dict[str, Any], where: str) -> Box | None:
    size, counts = content.get("size"), content.get("counts")
    if not isinstance(size, list) or len(size) != 2:
        raise DataError(f"{where}: run lengths need size, as [height, width]; correct it")
    height, width = (_whole(value, where) for value in size)
    if isinstance(counts, str):
        runs: Sequence[int] = _unpacked(counts, where)
    elif isinstance(counts, list):
        runs = [_whole(value, where) for value in counts]
    else:
        raise DataError(f"{where}: run lengths need counts, as list or text; correct it")
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        message = f"{where}: the run lengths do not add up to the size, {height} × {width} pixels"
        raise DataError(f"{message}; export it again")
    boxes = []
    start = 0
    for index, run in enumerate(runs):
        if index % 2 and run:
            left, top = divmod(start, height)
            right, bottom = divmod(start + run - 1, height)
            if left != right:  # goes through the end of a column and the start of the next
                top, bottom = 0, height - 1
            boxes.append((left, top, right + 1, bottom + 1))
        start += run
    if not boxes:
        return None
    x1s, y1s, x2s, y2s = zip(*boxes, strict=True)
    return Box(float(min(x1s)), float(min(y1s)), float(max(x2s)), float(max(y2s)))


def _unpacked(text: str, where: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > _LONGEST:
            raise DataError(f"{where}: counts holds {character!r}, no packed run; export it again")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:  # another character of this number follows
            continue
        if bits & 0x10:  # negative
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs


def _whole(value: object, where: str) -> int:
    number = finite(value, where)
    if number != int(number) or number < 0:
        raise DataError(f"{where}: {value!r} is no count of pixels; correct it")
    return int(number)
