"""Small pictures of a dataset's images, with their boxes, for pages that stand alone."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import astuple, dataclass
from functools import partial

import cv2
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from detect.cores import cores_allowed
from detect.data.sample import Sample
from detect.draw.style import BOX_STYLES
from detect.errors import ReadError
from detect.read import read

__all__ = ["LONG_SIDE", "Thumbnail", "thumbnails"]

LONG_SIDE = 224  # pixels of the longer side of a thumbnail
_QUALITY = 82  # JPEG; about 6 kB a thumbnail
_REACH = 0.25  # of an image's side: how far beyond it a box is still shown
# of other boxes and of fractures; told apart by colour-blind readers
_PALETTE = sv.ColorPalette(
    [sv.Color(*BOX_STYLES[style].colour) for style in ("suspicious", "definite")]
)
_AROUND = 96  # grey of what lies beyond the image


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of one image, or why there is none.

    Attributes:
        uri: JPEG as a data URI; None: the image cannot be read.
        width, height: of the thumbnail in pixels; 0 without one.
        image_width, image_height: of the image as a viewer shows it; 0 where unknown.
        reason: why there is no picture; empty if there is one.
    """

    uri: str | None
    width: int
    height: int
    image_width: int
    image_height: int
    reason: str = ""


def thumbnails(
    samples: Sequence[Sample],
    fractures: Collection[str],
    *,
    workers: int | None = None,
    on_image: Callable[[], object] | None = None,
) -> Iterator[Thumbnail]:
    """Yield a thumbnail per sample, in order; no more images are decoded at once than `workers`.

    Boxes are outlined. Where one sticks out, the picture is widened with grey, so that it can be
    seen; a box that lies farther out is cut there. Of a file with several frames the first is
    shown.

    Args:
        samples: boxes in the frame of `detect.record`.
        fractures: classes whose boxes are orange; others are blue, and below them.
        workers: threads; None: one per core. The pictures do not depend on it.
        on_image: called after each image, for a progress bar.
    """
    with ThreadPoolExecutor(workers or cores_allowed()) as pool:
        try:
            for thumbnail in pool.map(partial(_thumbnail, fractures=fractures), samples):
                if on_image is not None:
                    on_image()
                yield thumbnail
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once


def _thumbnail(sample: Sample, fractures: Collection[str]) -> Thumbnail:
    try:
        with closing(read(sample.image, sample.image.name)) as frames:  # type: ignore[type-var]
            pixels = next(frames).pixels
    except ReadError as error:
        return Thumbnail(None, 0, 0, 0, 0, reason=str(error))
    height, width = pixels.shape
    entries = sorted(sample.boxes or (), key=lambda entry: entry.label in fractures)
    boxes = np.array([astuple(entry.box) for entry in entries], float).reshape(-1, 4)
    picture = _draw(pixels, boxes, [int(entry.label in fractures) for entry in entries])
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    uri = "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
    return Thumbnail(uri, picture.shape[1], picture.shape[0], width, height)


def _draw(
    pixels: NDArray[np.uint8], boxes: NDArray[np.float64], colours: Sequence[int]
) -> NDArray[np.uint8]:
    """Return BGR, uint8: the image made small, as much around it as its boxes need, the boxes."""
    height, width = pixels.shape
    size = np.array([width, height, width, height], float)
    reach = np.array([-_REACH, -_REACH, 1 + _REACH, 1 + _REACH]) * size
    boxes = np.clip(boxes, reach[[0, 1, 0, 1]], reach[[2, 3, 2, 3]])
    low = np.minimum(0, boxes[:, :2].min(axis=0, initial=0))
    high = np.maximum(size[:2], boxes[:, 2:].max(axis=0, initial=0))
    scale = min(1.0, LONG_SIDE / float((high - low).max()))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    left, top = np.ceil(-low * scale).astype(int).tolist()
    right, bottom = np.ceil((high - size[:2]) * scale).astype(int).tolist()
    padded = np.pad(resized, ((top, bottom), (left, right)), constant_values=_AROUND)
    picture = np.asarray(cv2.cvtColor(padded, cv2.COLOR_GRAY2BGR), np.uint8)
    if len(boxes):
        corners = boxes * scale + np.array([left, top, left, top])
        last = np.array([picture.shape[1], picture.shape[0]] * 2) - 1
        xyxy = np.clip(corners, 0, last).astype(np.float32)
        detections = sv.Detections(xyxy=xyxy, class_id=np.array(colours))
        sv.BoxAnnotator(_PALETTE, thickness=1).annotate(picture, detections)
    return picture
