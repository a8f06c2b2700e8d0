"""Random views of annotated radiographs: one warp, then changes of grey value.

A view is cut at about the magnification that the network sees at inference, so that small
fractures keep their size while each step costs less than a whole image would.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.config import AugmentConfig
from detect.model.preprocess import PAD_VALUE
from detect.train.artefacts import add_artefacts

__all__ = ["Annotated", "random_view"]

_SEEN = 0.5  # a box is kept when at least this share of it is in view
_UNSEEN = 0.1  # a box counts as gone when at most this share of it is in view


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """A radiograph or a view of one, with its labels.

    Attributes:
        image: uint8 (h, w).
        boxes: float32 (n, 4), xyxy pixels of `image`.
        classes: int64 (n,), class index of each box.
        fractured: 1, 0, or -1 for unknown.
        boxed: whether all its fractures are boxed (of an image without any, this holds).
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    fractured: int
    boxed: bool


def random_view(
    sample: Annotated,
    image_size: int,
    recipe: AugmentConfig,
    rng: np.random.Generator,
    view_size: int | None = None,
) -> Annotated:
    """Cut one random view, `view_size` square, whose labels are true of what it shows.

    An image with a box label keeps the boxes of which half is in view; is *not fractured* when
    all its boxes are out of view; and is *unknown* where a box is cut. A fractured image without
    boxes is always shown whole, since nobody can say which part of it is fractured.
    """
    size = view_size or recipe.view_size
    height, width = sample.image.shape
    whole = not sample.boxed and sample.fractured == 1
    zoom = float(np.exp(rng.uniform(*np.log(recipe.scale))))
    scale = zoom * image_size / max(height, width)
    if size < recipe.view_size:
        scale = min(scale, size / max(height, width))
    matrix = _affine(sample, scale, size, recipe, rng, whole)
    image = cv2.warpAffine(
        _degrade(sample.image, recipe, rng),
        _between_pixel_centres(matrix),
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=PAD_VALUE,
    )
    boxes, share = _move_boxes(sample.boxes, matrix, size)
    seen = share >= _SEEN
    fractured = sample.fractured
    if sample.boxed and sample.fractured == 1 and len(boxes) and not seen.any():
        fractured = 0 if bool((share <= _UNSEEN).all()) else -1
    view = add_artefacts(image.astype(np.uint8, copy=False), boxes[share > 0], recipe, rng)
    return Annotated(
        _change_greys(view, recipe, rng),
        boxes[seen],
        sample.classes[seen],
        fractured,
        # A cut box is neither there nor background, so such a view is kept out of the box loss.
        sample.boxed and bool(((share >= _SEEN) | (share <= _UNSEEN)).all()),
    )


def _affine(
    sample: Annotated,
    scale: float,
    size: int,
    recipe: AugmentConfig,
    rng: np.random.Generator,
    whole: bool,
) -> NDArray[np.float64]:
    """Return the 2×3 matrix from image pixels to view pixels, in the frame of boxes."""
    height, width = sample.image.shape
    angle = np.deg2rad(rng.uniform(-recipe.turn_degrees, recipe.turn_degrees))
    if rng.random() < recipe.quarter_turn:
        angle += np.pi / 2 * rng.integers(1, 4)
    mirror_x = -1.0 if rng.random() < recipe.flip_horizontal else 1.0
    mirror_y = -1.0 if rng.random() < recipe.flip_vertical else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if whole:
        # Its fracture may lie in a corner, so the turned image must fit as well.
        scale = min(scale, size / float(np.abs(turn @ np.diag([width, height])).sum(1).max()))
    linear = scale * turn @ np.diag([mirror_x, mirror_y])

    reach = size / scale  # side of the view, in image pixels
    if not whole and len(sample.boxes) and rng.random() < recipe.focus:
        x1, y1, x2, y2 = sample.boxes[rng.integers(len(sample.boxes))]
        slack_x = max(0.0, (reach - (x2 - x1)) / 2 * 0.8)
        slack_y = max(0.0, (reach - (y2 - y1)) / 2 * 0.8)
        centre = np.array(
            [
                (x1 + x2) / 2 + rng.uniform(-slack_x, slack_x),
                (y1 + y2) / 2 + rng.uniform(-slack_y, slack_y),
            ]
        )
        # No need to look past the edge of the image further than the view must.
        centre[0] = _hold_inside(centre[0], width, reach)
        centre[1] = _hold_inside(centre[1], height, reach)
    else:
        spare = np.array([max(0.0, width - reach), max(0.0, height - reach)])
        jitter = np.where(spare > 0, spare / 2, 0.0 if whole else 0.05 * reach)
        centre = np.array([width / 2, height / 2]) + rng.uniform(-jitter, jitter)
    offset = size / 2 - linear @ centre
    return np.hstack([linear, offset[:, None]])


def _between_pixel_centres(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `matrix` for OpenCV, whose (0, 0) is the centre of the first pixel, not its corner.

    Without this, a mirrored view would lie a whole pixel beside its boxes.
    """
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    return moved


def _hold_inside(centre: float, extent: float, reach: float) -> float:
    if reach >= extent:
        return extent / 2
    return float(np.clip(centre, reach / 2, extent - reach / 2))


def _move_boxes(
    boxes: NDArray[np.float32], matrix: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return boxes around the moved boxes, clipped to the view, and the share of each in view.

    A turned box grows; it is shrunk towards the box of the inscribed ellipse, which follows the
    finding better than the box of the corners does.
    """
    if not len(boxes):
        return np.zeros((0, 4), np.float32), np.zeros(0)
    centre = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], 1)
    half = np.stack([(boxes[:, 2] - boxes[:, 0]) / 2, (boxes[:, 3] - boxes[:, 1]) / 2], 1)
    moved = centre @ matrix[:, :2].T + matrix[:, 2]
    reach = np.sqrt((half**2) @ (matrix[:, :2] ** 2).T)
    full = np.hstack([moved - reach, moved + reach])
    clipped = full.clip(0, size)
    area = np.prod(full[:, 2:] - full[:, :2], axis=1)
    inside = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    return clipped.astype(np.float32), inside / np.maximum(area, 1e-9)


def _degrade(
    image: NDArray[np.uint8], recipe: AugmentConfig, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Add noise and compress at the file's own resolution, whose grain and blocks are scaled.

    Nothing is drawn from `rng` for what the recipe leaves out, so that recipes of before give the
    views of before.
    """
    if recipe.source_noise and rng.random() < recipe.source_noise:
        image = _grainy(image, rng, 10)
    if recipe.source_jpeg and rng.random() < recipe.source_jpeg:
        image = _compressed(image, int(rng.integers(10, 75)))
    return image


def _grainy(image: NDArray[np.uint8], rng: np.random.Generator, most: float) -> NDArray[np.uint8]:
    grain = rng.normal(0, rng.uniform(2, most), image.shape).astype(np.float32)
    return (image + grain).clip(0, 255).astype(np.uint8)


def _compressed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def _change_greys(
    image: NDArray[np.uint8], recipe: AugmentConfig, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Vary exposure, sharpness, noise and compression, as other machines and archives would."""
    if recipe.local_contrast and rng.random() < recipe.local_contrast:
        tiles = int(rng.integers(4, 11))
        equaliser = cv2.createCLAHE(rng.uniform(1.0, 4.0), (tiles, tiles))
        image = np.asarray(equaliser.apply(image), np.uint8)
    if recipe.resample and rng.random() < recipe.resample:
        height, width = image.shape
        share = rng.uniform(0.4, 0.9)
        smaller = (max(1, round(width * share)), max(1, round(height * share)))
        coarse = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
    levels = np.arange(256) / 255.0
    levels = levels ** np.exp(rng.uniform(-recipe.gamma, recipe.gamma))
    gain = 1 + rng.uniform(-recipe.contrast, recipe.contrast)
    shift = rng.uniform(-recipe.brightness, recipe.brightness)
    table = ((levels - 0.5) * gain + 0.5 + shift).clip(0, 1) * 255
    image = cv2.LUT(image, table.round().astype(np.uint8)).astype(np.uint8, copy=False)
    if rng.random() < recipe.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4)).astype(np.uint8, copy=False)
    if rng.random() < recipe.sharpen:
        soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2.5))
        amount = rng.uniform(0.3, 1.5)
        image = cv2.addWeighted(image, 1 + amount, soft, -amount, 0).astype(np.uint8, copy=False)
    if rng.random() < recipe.noise:
        image = _grainy(image, rng, 12)
    if rng.random() < recipe.jpeg:
        image = _compressed(image, int(rng.integers(35, 90)))
    return image
