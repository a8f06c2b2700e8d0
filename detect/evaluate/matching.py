"""Which detected box answers which annotated one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "Criterion", "Matches", "match_boxes"]

Boxes = NDArray[np.float64]  # (k, 4) as x1, y1, x2, y2, in the frame of `detect.record`
Criterion = Literal["iou", "centre"]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Every detection of a set of images, by descending score.

    Attributes:
        scores: float64, shape (d,).
        images: intp, shape (d,); index of the image of each detection.
        hits: bool, shape (d,); whether the detection found a fracture of its own.
        found: intp, shape (d,); which annotated box that is, counted through all images in
            their order; -1 where there is none.
        n_truths: intp, shape (n,); annotated boxes of each image, 0 for a normal one.
    """

    scores: NDArray[np.float64]
    images: NDArray[np.intp]
    hits: NDArray[np.bool_]
    found: NDArray[np.intp]
    n_truths: NDArray[np.intp]

    def weights(self, drawn: NDArray[np.intp] | None) -> NDArray[np.intp]:
        """Return how often each image counts, shape (n,): once, or as drawn with repeats."""
        if drawn is None:
            return np.ones(len(self.n_truths), dtype=np.intp)
        return np.bincount(drawn, minlength=len(self.n_truths))


def match_boxes(
    truths: Sequence[Boxes],
    boxes: Sequence[Boxes],
    scores: Sequence[NDArray[np.float64]],
    *,
    criterion: Criterion = "iou",
    least_iou: float = 0.5,
    most_per_image: int | None = None,
) -> Matches:
    """Match greedily within each image, as COCO does.

    By descending score, a detection takes the annotated box of highest IoU that is still
    free and that it answers: `iou`, the two overlap by at least `least_iou`; `centre`, the
    detection's centre lies in the annotated box. So each fracture is found once, and a
    second detection of it is a false positive. Since a match never depends on detections
    of lower score, the result holds at every score threshold.

    Args:
        truths: annotated boxes of each of n images; (0, 4) for an image without.
        boxes: detected boxes of each image.
        scores: their scores, shape (k,) each.
        criterion: what counts as found.
        least_iou: for the criterion `iou`.
        most_per_image: only so many detections of highest score count; None: all.

    Raises:
        ValueError: the sequences or an image's boxes and scores differ in length, or a
            score is not finite.
    """
    all_scores, all_images, all_found = [], [], []
    before = 0  # annotated boxes of earlier images
    for image, (truth, box, score) in enumerate(zip(truths, boxes, scores, strict=True)):
        if len(box) != len(score) or not np.isfinite(score).all():
            raise ValueError(f"image {image}: {len(box)} boxes need as many finite scores")
        order = np.argsort(-score, kind="stable")[:most_per_image]
        all_scores.append(score[order])
        all_images.append(np.full(len(order), image, dtype=np.intp))
        found = _match_image(truth, box[order], criterion, least_iou)
        all_found.append(np.where(found >= 0, found + before, -1))
        before += len(truth)
    if not all_scores:
        nothing = np.empty(0, dtype=np.intp)
        return Matches(np.empty(0), nothing, np.empty(0, dtype=np.bool_), nothing, nothing)
    flat = np.concatenate(all_scores)
    order = np.argsort(-flat, kind="stable")
    found = np.concatenate(all_found)[order]
    return Matches(
        scores=flat[order],
        images=np.concatenate(all_images)[order],
        hits=found >= 0,
        found=found,
        n_truths=np.array([len(truth) for truth in truths], dtype=np.intp),
    )


def _match_image(
    truth: Boxes, boxes: Boxes, criterion: Criterion, least_iou: float
) -> NDArray[np.intp]:
    """Return the annotated box that each detection takes, or -1."""
    found = np.full(len(boxes), -1, dtype=np.intp)
    if not len(truth) or not len(boxes):
        return found
    overlap = _iou(boxes, truth)
    if criterion == "iou":
        answers = overlap >= least_iou
    else:
        centre = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
        inside = (centre >= truth[:, :2]) & (centre <= truth[:, 2:])
        answers = inside[..., 0] & inside[..., 1]
    affinity = np.where(answers, overlap, -1.0)
    for index, row in enumerate(affinity):
        best = len(row) - 1 - int(np.argmax(row[::-1]))  # of equals the last, as COCO
        if row[best] >= 0:
            found[index] = best
            affinity[:, best] = -1.0
    return found


def _iou(boxes: Boxes, truth: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union of each pair, shape (k, m)."""
    from faster_coco_eval.core import mask

    def xywh(xyxy: Boxes) -> Boxes:
        return np.ascontiguousarray(
            np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1, dtype=np.float64)
        )

    overlap = mask.iou(xywh(boxes), xywh(truth), [0] * len(truth))
    return np.asarray(overlap, dtype=np.float64).reshape(len(boxes), len(truth))
