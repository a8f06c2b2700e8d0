"""COCO's figures for many resamples of the same images, which are matched only once.

A resample counts images with repeats, and matches never cross images: so every image is matched
once at each of COCO's IoU thresholds, and a resample only weighs what was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.box_metrics import (
    MOST_DETECTIONS,
    BoxScores,
    interpolated_precision,
)
from detect.evaluate.matching import Boxes, match_boxes

__all__ = ["CocoMatches", "match_as_coco"]

_IOUS = np.linspace(0.5, 0.95, 10)
_MOST_FOR_RECALL = (1, 10, MOST_DETECTIONS)  # detections of an image, of AR1, AR10 and AR100


@dataclass(frozen=True, slots=True, eq=False)
class CocoMatches:
    """n images matched at each of COCO's ten IoU thresholds; make it with `match_as_coco`.

    Attributes:
        images: intp, shape (d,); image of each detection, by descending score.
        hits: one array per IoU threshold: places in `images` of the detections that found a
            fracture.
        n_found: float64, shape (3, n); fractures found in each image by its first 1, 10 and 100
            detections, in the mean over the IoU thresholds.
        n_truths: intp, shape (n,); annotated boxes of each image.
    """

    images: NDArray[np.intp]
    hits: tuple[NDArray[np.intp], ...]
    n_found: NDArray[np.float64]
    n_truths: NDArray[np.intp]

    def figures(self, drawn: NDArray[np.intp]) -> list[float | None]:
        """Return what `box_metrics.coco_metrics` gives for some images, in `BoxScores`' order.

        All None without an annotated box.

        Args:
            drawn: indices of images, shape (k,), with repeats.
        """
        weights = np.bincount(drawn, minlength=len(self.n_truths))
        n_truths = int(weights @ self.n_truths)
        if n_truths == 0:
            return [None] * len(BoxScores.__slots__)
        counts = weights[self.images]
        ranks = np.cumsum(counts)
        precisions = [
            float(interpolated_precision(np.cumsum(counts[hits]), ranks[hits], n_truths).mean())
            for hits in self.hits
        ]
        recalls: list[float] = (self.n_found @ weights / n_truths).tolist()
        return [precisions[0], precisions[5], sum(precisions) / len(precisions), *recalls]


def match_as_coco(
    truths: Sequence[Boxes], boxes: Sequence[Boxes], scores: Sequence[NDArray[np.float64]]
) -> CocoMatches:
    """Return the matches of n images at IoU 0.5, 0.55 .. 0.95, of 100 detections an image.

    Args:
        truths, boxes, scores: as for `match_boxes`.

    Raises:
        ValueError: as `match_boxes`.
    """
    found = [
        match_boxes(truths, boxes, scores, least_iou=float(iou), most_per_image=MOST_DETECTIONS)
        for iou in _IOUS
    ]
    # scores alone order the detections, so the order is one at every threshold
    images, n = found[0].images, len(truths)
    hits = tuple(np.flatnonzero(matches.hits) for matches in found)
    place = _places(images, n)
    n_found = [
        np.bincount(np.concatenate([images[hit[place[hit] < most]] for hit in hits]), minlength=n)
        for most in _MOST_FOR_RECALL
    ]
    return CocoMatches(images, hits, np.array(n_found) / len(_IOUS), found[0].n_truths)


def _places(images: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Return how many detections of its image come before each one."""
    order = np.argsort(images, kind="stable")
    lengths = np.bincount(images, minlength=n)
    places = np.empty(len(images), dtype=np.intp)
    places[order] = np.arange(len(images)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return places
