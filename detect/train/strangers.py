"""Pictures that are no radiographs, made up: what a model must not give a firm verdict on.

They show how far from radiographs such pictures lie, so that a distance can be told as a
probability. None is of a person, and but for two photographs that come with scikit-learn (see
`sklearn.datasets.load_sample_images`) none is a file. All photographs are crops of these two, so
that one is never of a picture that another draw had not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "strangers"]

Picture = NDArray[np.uint8]
_SIDES = (240, 1200)  # pixels
_WORDS = (
    *("the", "of", "and", "report", "scan", "total", "date", "page", "name", "image", "no"),
    *("left", "right", "2024", "10", "%", "-", ":", "."),
)
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)


def strangers(count: int, rng: np.random.Generator) -> Iterator[tuple[str, Picture]]:
    """Yield `count` pictures, each with its kind, every kind in turn.

    Args:
        count: how many.
        rng: decides all; equal ones give equal pictures.
    """
    names = tuple(KINDS)
    for index in range(count):
        kind = names[index % len(names)]
        height, width = (int(side) for side in rng.integers(*_SIDES, 2))
        yield kind, KINDS[kind](height, width, rng)


def _blank(height: int, width: int, rng: np.random.Generator) -> Picture:
    """One grey, at times with the grain of a detector."""
    grey = np.full((height, width), rng.integers(256), np.float64)
    return _pixels(grey + rng.normal(0, rng.choice([0.0, 2.0, 6.0]), grey.shape))


def _noise(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Noise of some coarseness."""
    cell = int(rng.choice([1, 2, 4, 16, 64]))
    coarse = rng.uniform(0, 255, (height // cell + 1, width // cell + 1)).astype(np.float32)
    return _pixels(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def _gradient(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Greys that change evenly, along a line or away from a point."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    centre = rng.random(2)
    ramp = along if rng.random() < 0.5 else np.hypot(y - centre[0], x - centre[1])
    low, high = rng.uniform(0, 255, 2)
    return _pixels(low + (high - low) * (ramp - ramp.min()) / max(float(np.ptp(ramp)), 1e-9))


def _page(height: int, width: int, rng: np.random.Generator) -> Picture:
    """A page of writing, dark on light or the other way round."""
    paper, ink = rng.uniform(190, 255), rng.uniform(0, 90)
    if rng.random() < 0.2:
        paper, ink = ink, paper
    page = np.full((height, width), paper, np.uint8)
    size = rng.uniform(0.35, 1.1)
    font, step, margin = _FONTS[rng.integers(len(_FONTS))], int(34 * size) + 4, width // 12
    for line in range(step + margin, height - margin, step):
        if rng.random() < 0.12:
            continue  # between paragraphs
        words = " ".join(rng.choice(_WORDS, int(rng.integers(2, 14))))
        cv2.putText(page, words, (margin, line), font, size, float(ink), 1, cv2.LINE_AA)
    return _pixels(page + rng.normal(0, rng.uniform(0, 5), page.shape))


def _shapes(height: int, width: int, rng: np.random.Generator) -> Picture:
    """A drawing: rectangles, discs and lines of even greys."""
    drawing = np.full((height, width), rng.integers(256), np.uint8)
    for _ in range(int(rng.integers(3, 25))):
        x1, x2 = (int(x) for x in rng.integers(0, width, 2))
        y1, y2 = (int(y) for y in rng.integers(0, height, 2))
        grey, thickness = float(rng.integers(256)), int(rng.choice([-1, 1, 3, 8]))
        match rng.integers(3):
            case 0:
                cv2.rectangle(drawing, (x1, y1), (x2, y2), grey, thickness)
            case 1:
                cv2.circle(drawing, (x1, y1), int(rng.integers(5, width // 3)), grey, thickness)
            case _:
                cv2.line(drawing, (x1, y1), (x2, y2), grey, max(1, thickness))
    return drawing


def _photograph(height: int, width: int, rng: np.random.Generator) -> Picture:
    """A part of a photograph."""
    from sklearn.datasets import load_sample_images

    photographs = load_sample_images().images
    photograph = photographs[rng.integers(len(photographs))]
    grey = np.asarray(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY), np.uint8)
    high, wide = (round(side * rng.uniform(0.4, 1)) for side in grey.shape)
    top, left = rng.integers(grey.shape[0] - high + 1), rng.integers(grey.shape[1] - wide + 1)
    part = np.ascontiguousarray(grey[top : top + high, left : left + wide])
    scale = max(height, width) / max(part.shape)
    part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale), np.uint8)
    return np.ascontiguousarray(part[:, ::-1]) if rng.random() < 0.5 else part


KINDS: dict[str, Callable[[int, int, np.random.Generator], Picture]] = {
    "blank": _blank,
    "noise": _noise,
    "gradient": _gradient,
    "page": _page,
    "shapes": _shapes,
    "photograph": _photograph,
}


def _pixels(greys: NDArray[Any]) -> Picture:
    return np.rint(np.clip(greys, 0, 255)).astype(np.uint8)
