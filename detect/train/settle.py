"""Stage 5: everything that the validation split decides, through the exported graph itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from detect.evaluate.calibrate import (
    DEFINITE_FP,
    SUSPICIOUS_FP,
    box_threshold,
    fit_calibration,
    operating_points,
)
from detect.evaluate.calibration_metrics import expected_calibration_error
from detect.model.bundle import BoxThresholds, CalibrationFit
from detect.model.calibration import Calibration, box_logit
from detect.model.predictor import Prediction, Predictor
from detect.model.runtime import open_runtime
from detect.progress import Progress
from detect.read import read
from detect.train.prepared import Prepared, PreparedImage

__all__ = ["settle_on_validation"]

_BINS = 10
_RAW = Calibration(0.0, 1.0, 0.0)  # the image logit as it is


def settle_on_validation(
    prepared: Prepared, graph: Path, workers: int, show_progress: bool
) -> dict[str, Any]:
    """Fit calibration, operating points and box thresholds; return them as manifest entries."""
    entries = prepared.splits["val"]
    predictor = Predictor(
        open_runtime(graph, threads=workers), prepared.recipe.model.image_size, _RAW
    )

    def work(entry: PreparedImage) -> Prediction:
        (radiograph,) = read(Path(entry.origin), entry.origin)
        return predictor(radiograph)

    predictions = []
    with (
        ThreadPoolExecutor(workers) as pool,
        Progress("calibrate", len(entries), bar=show_progress) as progress,
    ):
        try:
            for prediction in pool.map(work, entries):
                predictions.append(prediction)
                progress.advance()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once

    fractured = np.array([entry.fractured for entry in entries])
    known = fractured >= 0
    labels = fractured[known] == 1
    image_logits = np.array([p.image_logit for p in predictions])[known]
    box_logits = np.array(
        [box_logit(float(p.scores[0]) if len(p.scores) else 0.0) for p in predictions]
    )[known]
    calibration = fit_calibration(labels, image_logits, box_logits)
    probabilities = calibration.probabilities(image_logits, box_logits)
    raw = _RAW.probabilities(image_logits, box_logits)

    # Where there is no fracture every box is false, whether or not somebody looked for boxes.
    boxed = [i for i, entry in enumerate(entries) if entry.boxed or entry.fractured == 0]
    truths = [
        np.asarray(entries[i].boxes, np.float64).reshape(-1, 4) / entries[i].scale for i in boxed
    ]
    boxes = [predictions[i].boxes.astype(np.float64) for i in boxed]
    scores = [predictions[i].scores.astype(np.float64) for i in boxed]
    return {
        "calibration": CalibrationFit(
            intercept=calibration.intercept,
            image_weight=calibration.image_weight,
            box_weight=calibration.box_weight,
        ).model_dump(),
        "operating_points": {
            name: point.model_dump()
            for name, point in operating_points(labels, probabilities).items()
        },
        "box_thresholds": BoxThresholds(
            definite=box_threshold(truths, boxes, scores, DEFINITE_FP),
            suspicious=box_threshold(truths, boxes, scores, SUSPICIOUS_FP),
        ).model_dump(),
        "ece_on_val": {
            "before": expected_calibration_error(labels, raw, _BINS, "equal_width").value,
            "after": expected_calibration_error(labels, probabilities, _BINS, "equal_width").value,
        },
    }
