"""The boxes of a dataset as arrays: sizes, shapes and positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.data.sample import Dataset

__all__ = ["BoxValues", "Size", "box_values", "quantiles"]

Size = tuple[int, int]  # width, height in pixels, as displayed

_QUANTILES = {
    "min": 0.0,
    "p05": 0.05,
    "p25": 0.25,
    "median": 0.5,
    "p75": 0.75,
    "p95": 0.95,
    "max": 1.0,
}


@dataclass(frozen=True, slots=True, eq=False)
class BoxValues:
    """Boxes that have an area; n of them, in the dataset's order.

    Attributes:
        labels: str, shape (n,): class names.
        xyxy: float64, shape (n, 4): in the frame of `detect.record`, pixels, not cut.
        frames: float64, shape (n, 2): width and height of each box's image, pixels; NaN where
            the image's size could not be read.
        degenerate: class name of each box without an area, which is in none of the arrays.
    """

    labels: NDArray[np.str_]
    xyxy: NDArray[np.float64]
    frames: NDArray[np.float64]
    degenerate: tuple[str, ...]

    @property
    def sides(self) -> NDArray[np.float64]:
        """Width and height in pixels, > 0; shape (n, 2)."""
        return self.xyxy[:, 2:] - self.xyxy[:, :2]

    @property
    def relative_areas(self) -> NDArray[np.float64]:
        """Area as a share of the image's, NaN where its size is unknown; shape (n,)."""
        return np.asarray(self.sides.prod(axis=1) / self.frames.prod(axis=1), np.float64)

    @property
    def aspects(self) -> NDArray[np.float64]:
        """Width divided by height; shape (n,)."""
        return np.asarray(self.sides[:, 0] / self.sides[:, 1], np.float64)

    def of(self, chosen: NDArray[np.bool_]) -> BoxValues:
        """Return the boxes for which `chosen`, bool of shape (n,), holds."""
        return BoxValues(self.labels[chosen], self.xyxy[chosen], self.frames[chosen], ())


def box_values(dataset: Dataset, sizes: Sequence[Size | None]) -> BoxValues:
    """Gather the boxes of all samples.

    Args:
        dataset: any.
        sizes: of the image of each sample; None where it cannot be read.
    """
    labels: list[str] = []
    corners: list[tuple[float, float, float, float]] = []
    frames: list[tuple[float, float]] = []
    degenerate: list[str] = []
    for sample, size in zip(dataset.samples, sizes, strict=True):
        for entry in sample.boxes or ():
            box = entry.box
            if box.x1 < box.x2 and box.y1 < box.y2:
                labels.append(entry.label)
                corners.append((box.x1, box.y1, box.x2, box.y2))
                frames.append(size or (np.nan, np.nan))
            else:
                degenerate.append(entry.label)
    return BoxValues(
        np.array(labels, np.str_),
        np.array(corners, np.float64).reshape(-1, 4),
        np.array(frames, np.float64).reshape(-1, 2),
        tuple(degenerate),
    )


def quantiles(values: NDArray[np.float64]) -> dict[str, float | int | None]:
    """Return n and the quantiles of the values that are not NaN, linearly interpolated.

    Keys: n, min, p05, p25, median, p75, p95, max; all but n are None where n is 0.
    """
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return {"n": 0, **dict.fromkeys(_QUANTILES)}
    found = np.quantile(known, list(_QUANTILES.values()))
    return {"n": len(known), **dict(zip(_QUANTILES, found.tolist(), strict=True))}
