"""The few figures that steer a run: mAP and the image logit's AUROC on a prepared split."""

from __future__ import annotations

import numpy as np

from detect.evaluate.box_metrics import coco_metrics
from detect.evaluate.verdict_metrics import area_under_roc
from detect.train.infer import RawPredictions
from detect.train.prepared import Prepared

__all__ = ["METRIC_KEYS", "MonitorResult", "measure"]

METRIC_KEYS = ["metrics/mAP50", "metrics/mAP50-95", "metrics/AUROC"]


class MonitorResult(dict[str, float]):
    """Figures of one look at the validation split, by METRIC_KEYS, and `fitness`."""


def measure(raw: RawPredictions, prepared: Prepared, split: str) -> MonitorResult:
    """Return mAP over all boxed images of a split, normals included, and the logit's AUROC."""
    entries = prepared.splits[split]
    boxed = [i for i, entry in enumerate(entries) if entry.boxed]
    precision = coco_metrics(
        [np.asarray(entries[i].boxes, np.float64).reshape(-1, 4) for i in boxed],
        [raw.boxes[i].astype(np.float64) for i in boxed],
        [raw.scores[i].astype(np.float64) for i in boxed],
    )
    labels = np.array([entry.fractured for entry in entries])
    known = labels >= 0
    area = area_under_roc(labels[known] == 1, raw.image_logit[known].astype(np.float64))
    map50, map50_95 = precision.map50.value or 0.0, precision.map50_95.value or 0.0
    return MonitorResult(
        zip(METRIC_KEYS, (map50, map50_95, float("nan") if area is None else area), strict=True),
        fitness=0.5 * map50 + 0.5 * (area or 0.0),
    )
