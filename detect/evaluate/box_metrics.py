"""Average precision and recall of boxes, over every image, normals included.

One class ("fracture"): labels of boxes do not matter. Boxes are float64, shape (k, 4), as
x1, y1, x2, y2; an image without an annotated box has shape (0, 4), and what is detected
there counts as false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import Estimate
from detect.evaluate.matching import Boxes, Matches

__all__ = [
    "MOST_DETECTIONS",
    "NO_TRUTH_BOX",
    "BoxScores",
    "average_precision_of",
    "coco_metrics",
    "interpolated_precision",
    "precision_recall_points",
]

MOST_DETECTIONS = 100  # per image, COCO's largest maxDets
RECALLS = np.linspace(0, 1, 101)
NO_TRUTH_BOX = "no annotated fracture box"


@dataclass(frozen=True, slots=True)
class BoxScores:
    """COCO's figures; `map` here is the average precision of the one class."""

    map50: Estimate
    map75: Estimate
    map50_95: Estimate
    ar1: Estimate
    ar10: Estimate
    ar100: Estimate

    def bounded_by(self, others: Sequence[Estimate]) -> BoxScores:
        """Return these values with the intervals of others, in this order."""
        own = (getattr(self, name) for name in self.__slots__)
        return BoxScores(*(one.bounded_by(other) for one, other in zip(own, others, strict=True)))

    def to_json(self) -> dict[str, Any]:
        """Return each figure as plain JSON types."""
        return {name: getattr(self, name).to_json() for name in self.__slots__}


def coco_metrics(
    truths: Sequence[Boxes], boxes: Sequence[Boxes], scores: Sequence[NDArray[np.float64]]
) -> BoxScores:
    """Return COCO's mAP50, mAP75, mAP50-95 and AR at 1, 10 and 100 detections an image.

    Lin et al., "Microsoft COCO", ECCV 2014, and https://cocodataset.org/#detection-eval,
    computed by faster-coco-eval: 101-point interpolation, all areas, and for AP the 100
    highest scores of each image. Without an annotated box every figure is undefined;
    without a detected one every figure is 0.

    Args:
        truths: annotated boxes of each of n images.
        boxes: detected boxes of each image.
        scores: their scores, shape (k,) each.

    Raises:
        ValueError: the sequences differ in length.
    """
    if not len(truths) == len(boxes) == len(scores):
        raise ValueError(f"{len(truths)} images, {len(boxes)} boxes, {len(scores)} scores")
    if not any(len(truth) for truth in truths):
        return BoxScores(*[Estimate(None, reason=NO_TRUTH_BOX)] * 6)
    if not any(len(box) for box in boxes):
        return BoxScores(*[Estimate(0.0)] * 6)
    stats = _run_coco(truths, boxes, scores)
    names = ("AP_50", "AP_75", "AP_all", "AR_all", "AR_second", "AR_third")
    return BoxScores(*(Estimate(stats[name]) for name in names))


def _run_coco(
    truths: Sequence[Boxes], boxes: Sequence[Boxes], scores: Sequence[NDArray[np.float64]]
) -> dict[str, float]:
    from faster_coco_eval import COCO, COCOeval_faster

    annotations = [
        {"image_id": image, "category_id": 1, "iscrowd": 0, "bbox": xywh, "area": xywh[2] * xywh[3]}
        for image, truth in enumerate(truths, start=1)
        for xywh in _xywh(truth)
    ]
    for number, annotation in enumerate(annotations, start=1):
        annotation["id"] = number  # from 1: COCO's matching takes 0 for "no match"
    detections = [
        {"image_id": image, "category_id": 1, "bbox": xywh, "score": float(value)}
        for image, (box, score) in enumerate(zip(boxes, scores, strict=True), start=1)
        for xywh, value in zip(_xywh(box), score, strict=True)
    ]
    truth_set = COCO(
        {
            "info": {},
            "images": [{"id": image} for image in range(1, len(truths) + 1)],
            "categories": [{"id": 1, "name": "fracture"}],
            "annotations": annotations,
        }
    )
    evaluation = COCOeval_faster(truth_set, truth_set.loadRes(detections), "bbox")
    evaluation.run()
    stats: dict[str, float] = evaluation.stats_as_dict
    return stats


def _xywh(boxes: Boxes) -> list[list[float]]:
    return [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in boxes.tolist()]


def precision_recall_points(
    matches: Matches, drawn: NDArray[np.intp] | None = None
) -> NDArray[np.float64] | None:
    """Return COCO's interpolated precision at recall 0, 0.01 .. 1, shape (101,).

    Precision at a recall is the highest at that recall or beyond; 0 where it is not
    reached. None without an annotated box.

    Args:
        matches: with at most `MOST_DETECTIONS` an image, to agree with `coco_metrics`.
        drawn: image indices with repeats, for the bootstrap; None: every image once.
    """
    weights = matches.weights(drawn)
    n_truths = int(weights @ matches.n_truths)
    if n_truths == 0:
        return None
    counts = weights[matches.images]
    hits = np.flatnonzero(matches.hits)
    return interpolated_precision(np.cumsum(counts[hits]), np.cumsum(counts)[hits], n_truths)


def interpolated_precision(
    found: NDArray[np.intp], ranks: NDArray[np.intp], n_truths: int
) -> NDArray[np.float64]:
    """Return COCO's interpolated precision at recall 0, 0.01 .. 1, shape (101,).

    Precision is highest where a fracture was just found, so only these places are asked for.

    Args:
        found: shape (h,); at each detection that found a fracture, by descending score, how many
            were found up to there.
        ranks: shape (h,); how many detections were made up to there.
        n_truths: annotated boxes, at least one.
    """
    # a detection of an image that was not drawn has rank 0 at the start, and has found nothing
    precision = found / np.maximum(ranks, 1)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    points: NDArray[np.float64] = envelope[np.searchsorted(found / n_truths, RECALLS, side="left")]
    return points


def average_precision_of(matches: Matches, drawn: NDArray[np.intp] | None = None) -> float | None:
    """Return the mean of `precision_recall_points`: COCO's AP at the matches' IoU."""
    points = precision_recall_points(matches, drawn)
    return None if points is None else float(points.mean())
