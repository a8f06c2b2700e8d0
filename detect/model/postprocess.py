"""From the network's raw boxes to a short list, with numpy and OpenCV alone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_BOXES", "MIN_SCORE", "NMS_IOU", "Selected", "select_boxes"]

MAX_BOXES = 100  # per image, as COCO's evaluation counts
MIN_SCORE = 0.001  # below this a box carries no information
NMS_IOU = 0.5  # two boxes that overlap more are one finding


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """Boxes float32 (n, 4) xyxy, scores float32 (n,) descending, classes int64 (n,)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


def select_boxes(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> Selected:
    """Keep the best class of each box, suppress overlaps, sort by descending score.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N, classes), in [0, 1].

    Suppression also runs for heads that claim not to need it: it changes nothing where they
    keep their word.
    """
    # the maximum of one column costs numpy as much as that of many
    best = scores[:, 0] if scores.shape[1] == 1 else scores.max(axis=1)
    candidates = np.flatnonzero(best >= MIN_SCORE)
    if len(candidates) > 10 * MAX_BOXES:
        top = np.argpartition(-best[candidates], 10 * MAX_BOXES)[: 10 * MAX_BOXES]
        candidates = candidates[np.sort(top)]
    if not len(candidates):
        return Selected(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)
        )
    chosen, chosen_scores = boxes[candidates], best[candidates]
    corner_size = np.hstack([chosen[:, :2], chosen[:, 2:] - chosen[:, :2]])
    keep = np.asarray(
        cv2.dnn.NMSBoxes(corner_size.tolist(), chosen_scores.tolist(), MIN_SCORE, NMS_IOU)
    ).reshape(-1)
    order = keep[np.lexsort((keep, -chosen_scores[keep]))][:MAX_BOXES]
    return Selected(
        chosen[order].astype(np.float32),
        chosen_scores[order].astype(np.float32),
        scores[candidates[order]].argmax(axis=1).astype(np.int64),
    )
