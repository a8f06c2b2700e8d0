"""YOLO label files: where they lie, and their lines."""

from __future__ import annotations

import os
from pathlib import Path

from detect.data.sample import LabelledBox
from detect.data.sources.files import finite, read_text
from detect.data.sources.images import cut_dust
from detect.errors import DataError
from detect.read.suffixes import IMAGE_SUFFIXES
from detect.record import Box

__all__ = ["Share", "label_path", "parse_labels", "read_boxes"]

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


def label_path(image: Path) -> Path:
    """Return where ultralytics looks for the labels of an image.

    The last folder named `images` on the way becomes `labels`; without one, they lie beside it.
    A name without a picture's suffix, as DICOM files have, is kept whole: what follows its last
    dot may be all that tells two UIDs apart.
    """
    images, labels = f"{os.sep}images{os.sep}", f"{os.sep}labels{os.sep}"
    path = Path(labels.join(str(image).rsplit(images, 1)))
    has_suffix = path.suffix.lower() in IMAGE_SUFFIXES
    return path.with_suffix(".txt") if has_suffix else path.with_name(f"{path.name}.txt")


def read_boxes(
    image: Path,
    size: tuple[int, int] | None,
    labels: Path,
    classes: tuple[str, ...],
    found: dict[str, list[str]],
) -> tuple[LabelledBox, ...] | None:
    """Return an image's boxes in pixels, or None where its size is not to be had.

    Args:
        image: the picture, for the notes.
        size: its width and height after the EXIF turn.
        labels: its label file; without one there are no boxes.
        classes: names, in index order.
        found: remark → names of images; added to.

    Raises:
        DataError: a line of the label file is malformed.
    """
    shares = parse_labels(read_text(labels), labels, len(classes)) if labels.is_file() else ()
    unique = tuple(dict.fromkeys(shares))
    if len(unique) < len(shares):
        found["a box is listed twice; taken once"].append(image.name)
    if not unique:
        return ()
    if size is None:
        found["with boxes, but its size cannot be read; left out"].append(image.name)
        return None
    width, height = size
    return tuple(
        LabelledBox(
            cut_dust(Box(x1 * width, y1 * height, x2 * width, y2 * height), width, height),
            classes[index],
        )
        for index, (x1, y1, x2, y2) in unique
    )


def _parse_line(fields: list[str], where: str, classes: int) -> Share:
    index = finite(fields[0], where)
    if index != int(index) or not 0 <= index < classes:
        message = (
            f"{where}: class {fields[0]} is none of the {classes} in names, 0 to {classes - 1}"
        )
        message += "; correct it"
        raise DataError(message)
    values = [finite(field, where) for field in fields[1:]]
    outside = [value for value in values if not -_SLACK <= value <= 1 + _SLACK]
    if outside:
        message = f"{where}: {outside[0]:g} is no share between 0 and 1; divide by the image's size"
        raise DataError(message)
    if len(values) == 4:
        x, y, width, height = values
        return int(index), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if len(values) == 5:
        message = f"{where}: 6 fields; the last is a confidence, so that a model wrote the file"
        raise DataError(f"{message}: give what people drew, or delete the last field")
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[0::2], values[1::2]
        return int(index), (min(xs), min(ys), max(xs), max(ys))
    message = f"{where}: {len(fields)} fields; a box has 5 and a polygon an odd number from 7 on"
    raise DataError(message)
