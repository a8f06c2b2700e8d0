"""The conditions under which a model is measured: each a named change of a stated strength.

What X-rays of other origin differ in: exposure and processing, film and detector, archive and
screenshot, how the limb lay and how the image was cut. A change depends on the image and the
condition alone, so that every run and every model meets the same altered images.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.matching import Boxes
from detect.evaluate.robustness import greys, places
from detect.evaluate.robustness.altered import Altered

__all__ = ["CLEAN", "CONDITIONS", "Condition", "alter"]

Alter = Callable[[NDArray[np.uint8], Boxes, np.random.Generator], Altered]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One way to alter images.

    Attributes:
        name: unique, as `--condition` takes it.
        strength: in words, with numbers.
        change: from pixels (uint8 (h, w)), boxes ((n, 4) xyxy) and a generator, to what became
            of them.
        cuts: whether pixels are cut away, and with them maybe a fracture.
    """

    name: str
    strength: str
    change: Alter
    cuts: bool = False


def _grey(name: str, strength: str, change: greys.Change) -> Condition:
    return Condition(name, strength, lambda pixels, boxes, rng: Altered(change(pixels, rng), boxes))


def _place(name: str, strength: str, move: places.Move, *, cuts: bool = False) -> Condition:
    return Condition(name, strength, lambda pixels, boxes, _rng: move(pixels, boxes), cuts)


CLEAN = Condition("clean", "as it is", lambda pixels, boxes, _rng: Altered(pixels, boxes))
"""No change: what every condition is compared with."""

CONDITIONS = (
    _grey("darker", "20 % of the range less", greys.brightened(-0.2)),
    _grey("brighter", "20 % of the range more", greys.brightened(0.2)),
    _grey("low contrast", "× 0.5 around mid grey", greys.contrasted(0.5)),
    _grey("high contrast", "× 1.6 around mid grey", greys.contrasted(1.6)),
    _grey("gamma 0.6", "greys to the power of 0.6", greys.gamma_changed(0.6)),
    _grey("gamma 1.7", "greys to the power of 1.7", greys.gamma_changed(1.7)),
    _grey("inverted", "bone dark on light", greys.inverted()),
    _grey("noise 5", "Gaussian, σ 5 of 255", greys.noisy(5)),
    _grey("noise 15", "Gaussian, σ 15 of 255", greys.noisy(15)),
    _grey("blur", "Gaussian, σ 0.3 % of the longer side", greys.blurred(0.003)),
    _grey("sharpened", "unsharp mask, 1.5 at σ 0.4 %", greys.sharpened(1.5, 0.004)),
    _grey("JPEG 30", "quality 30", greys.jpeg_compressed(30)),
    _grey("JPEG 10", "quality 10", greys.jpeg_compressed(10)),
    _place("half size", "half the pixels a side", places.shrunk(0.5)),
    _place("turned 10", "10°, corners black", places.turned(10)),
    _place("rotated 90", "anticlockwise", places.quarter_turned(1)),
    _place("rotated 180", "upside down", places.quarter_turned(2)),
    _place("rotated 270", "anticlockwise", places.quarter_turned(3)),
    _place("mirrored", "left and right exchanged", places.mirrored()),
    _place("cropped", "the middle 80 % of either side", places.cropped(0.8), cuts=True),
    _place("black border", "15 % of the side, on each side", places.bordered(0.15, 0)),
    _place("white border", "5 % of the side, on each side", places.bordered(0.05, 255)),
    _place("marker", "a bright letter, 6 % of the longer side", places.marked(0.08)),
)


def alter(
    condition: Condition, pixels: NDArray[np.uint8], boxes: Boxes, sha256: str | None
) -> Altered:
    """Return an image and its boxes under a condition.

    Args:
        condition: what to change.
        pixels: uint8 (h, w); left as they are.
        boxes: (n, 4), xyxy pixels of `pixels`.
        sha256: of the image's file, hex; with the condition it seeds what is random.
    """
    seed = [int(sha256 or "0", 16), zlib.crc32(condition.name.encode())]
    return condition.change(pixels, boxes, np.random.default_rng(seed))
