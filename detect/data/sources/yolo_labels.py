"""The lines of a YOLO label file."""

from __future__ import annotations

from pathlib import Path

from detect.data.sources.files import finite
from detect.errors import DataError

__all__ = ["Share", "parse_labels"]

# class index; x1, y1, x2, y2 as shares of width and height
Share = tuple[int, tuple[float, float, float, float]]
_SLACK = 0.01  # what ultralytics, too, lets pass beyond 0 and 1


def parse_labels(text: str, path: Path, classes: int) -> tuple[Share, ...]:
    """Return the boxes of a label file, a polygon as the box around it.

    Args:
        text: the file's text.
        path: the file, for messages.
        classes: how many classes there are.

    Raises:
        DataError: a line is malformed; the message names it.
    """
    shares = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if fields:
            shares.append(_parse_line(fields, f"{path}, line {number}", classes))
    return tuple(shares)


def _parse_line(fields: list[str], where: str, classes: int) -> Share:
    index = finite(fields[0], where)
    if index != int(index) or not 0 <= index < classes:
        message = f"{where}: class {fields[0]} is none of the {classes} in names; correct it"
        raise DataError(message)
    values = [finite(field, where) for field in fields[1:]]
    outside = [value for value in values if not -_SLACK <= value <= 1 + _SLACK]
    if outside:
        message = f"{where}: {outside[0]:g} is no share between 0 and 1; divide by the image's size"
        raise DataError(message)
    if len(values) == 4:
        x, y, width, height = values
        return int(index), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[0::2], values[1::2]
        return int(index), (min(xs), min(ys), max(xs), max(ys))
    message = f"{where}: {len(fields)} fields; a box has 5 and a polygon an odd number from 7 on"
    raise DataError(message)
