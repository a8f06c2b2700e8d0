"""Stage 5: everything that the validation split decides, through the exported graph itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.calibrate import (
    DEFINITE_FP,
    SUSPICIOUS_FP,
    box_threshold,
    fit_calibration,
    operating_points,
)
from detect.evaluate.calibration_metrics import expected_calibration_error
from detect.in_order import in_order
from detect.model.bundle import BoxThresholds, CalibrationFit, InputForm
from detect.model.calibration import Calibration, box_logit
from detect.model.predictor import Predictor
from detect.model.runtime import open_runtime
from detect.progress import followed
from detect.read import read
from detect.train.prepared import Prepared

__all__ = ["ValidationImage", "settle_on_validation", "validation_images"]

_BINS = 10
_RAW = Calibration(0.0, 1.0, 0.0)  # the image logit as it is


@dataclass(frozen=True, slots=True, eq=False)
class ValidationImage:
    """One image that thresholds are settled on.

    Attributes:
        path: of its file.
        fractured: None where nobody knows.
        boxes: of all its fractures, float64 (n, 4), xyxy in its pixels; None where some or all
            are unknown.
    """

    path: Path
    fractured: bool | None
    boxes: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """What is settled on of a Prediction, which also holds the picture that the network saw."""

    image_logit: float
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]


def validation_images(prepared: Prepared) -> list[ValidationImage]:
    """Return the validation split of a training run."""
    return [
        ValidationImage(
            Path(entry.origin),
            None if entry.fractured < 0 else entry.fractured == 1,
            # Where there is no fracture every box is false, whether or not one was looked for.
            np.asarray(entry.boxes, np.float64).reshape(-1, 4) / entry.scale
            if entry.boxed or entry.fractured == 0
            else None,
        )
        for entry in prepared.splits["val"]
    ]


def settle_on_validation(
    images: Sequence[ValidationImage],
    graph: Path,
    form: InputForm,
    workers: int,
    show_progress: bool,
) -> dict[str, Any]:
    """Fit calibration, operating points and box thresholds; return them as manifest entries.

    Args:
        images: of the validation split.
        graph: the exported graph.
        form: of its input.
        workers: threads.
        show_progress: draw a bar on stderr.
    """
    predictor = Predictor(open_runtime(graph, threads=workers), form, _RAW)

    def work(image: ValidationImage) -> _Answer:
        (radiograph,) = read(image.path, str(image.path))
        found = predictor(radiograph)
        return _Answer(found.image_logit, found.boxes, found.scores)

    done = in_order(work, images, workers)
    answers = list(followed("calibrate", done, len(images), bar=show_progress))

    known = np.array([image.fractured is not None for image in images])
    labels = np.array([image.fractured is True for image in images])[known]
    image_logits = np.array([each.image_logit for each in answers])[known]
    box_logits = np.array(
        [box_logit(float(each.scores[0]) if len(each.scores) else 0.0) for each in answers]
    )[known]
    calibration = fit_calibration(labels, image_logits, box_logits)
    probabilities = calibration.probabilities(image_logits, box_logits)
    raw = _RAW.probabilities(image_logits, box_logits)

    boxed = [
        (image.boxes, answer)
        for image, answer in zip(images, answers, strict=True)
        if image.boxes is not None
    ]
    truths = [truth for truth, _ in boxed]
    boxes = [answer.boxes.astype(np.float64) for _, answer in boxed]
    scores = [answer.scores.astype(np.float64) for _, answer in boxed]
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
