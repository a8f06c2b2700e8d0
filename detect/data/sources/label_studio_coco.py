"""Label Studio's COCO export, of photographs that EXIF turns sideways.

Where Label Studio can open the image, its COCO export states the size of the pixels as stored;
rectangles are in pixels of the picture after the EXIF turn all the same, and outlines are shares
of that picture times the size as stored (`label_studio_sdk.converter`, 2.1.2;
https://github.com/HumanSignal/label-studio/issues/6608).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from detect.data.sources.coco_file import CocoImage
from detect.data.sources.images import displayed_size
from detect.record import Box

__all__ = ["LABEL_STUDIO", "upright"]

LABEL_STUDIO = "Label Studio"  # `info.contributor` of its files


def upright(image: CocoImage, path: Path) -> CocoImage:
    """Return the image with size and boxes of the picture as a viewer shows it.

    Args:
        image: an entry of a file that Label Studio wrote.
        path: of the picture, whose header is read.
    """
    if image.size is None or image.size[0] == image.size[1]:
        return image
    width, height = image.size
    if displayed_size(path) != (height, width):
        return image
    across, down = height / width, width / height
    boxes = tuple(
        replace(
            entry,
            box=Box(
                entry.box.x1 * across,
                entry.box.y1 * down,
                entry.box.x2 * across,
                entry.box.y2 * down,
            ),
        )
        if entry.outlined
        else entry
        for entry in image.boxes
    )
    return replace(image, size=(height, width), boxes=boxes)
