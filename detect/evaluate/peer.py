"""A plain detector as a fair peer: it gets a verdict, by the code that gives bundles theirs.

An ultralytics detector says nothing of the whole image. Its best fracture box does: that score is
calibrated on the validation split of the dataset, where operating points and box thresholds are
chosen, too, by the rules of `detect.evaluate.calibrate` and from the same images that a bundle
trained on this dataset was settled on. In `metrics.json`, `system` then also holds

    file, classes, fractures  its name; its class names, and those that count as fractures
    fractures_by              why those do, in words
    image_size                side of its input, pixels
    least_score, most_boxes   which boxes it was asked for
    calibration               {split, n, n_fractured, n_failed, intercept, box_weight}: P(fracture)
                              = logistic(intercept + box_weight · logit of the best score)
    rules                     {operating point: the rule that chose it}
    box_thresholds            {definite, suspicious}: scores from which boxes are shown
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.data.sample import Sample
from detect.errors import DataError
from detect.evaluate.calibrate import (
    DEFINITE_FP,
    SUSPICIOUS_FP,
    box_threshold,
    fit_calibration,
    operating_points,
)
from detect.evaluate.detector import LEAST_SCORE, MOST_BOXES, Detected, Detector
from detect.evaluate.readings import Readings, read_each
from detect.evaluate.systems import System
from detect.model.bundle import BoxThresholds, OperatingPoint
from detect.model.calibration import Calibration, box_logit
from detect.model.coherence import decide, place_findings
from detect.read import Radiograph
from detect.record import Box, Failure, Reading, Source

__all__ = ["calibrate_peer"]

_DEFAULT_POINT = "balanced"  # as of bundles
_VERDICT = "best score of its fracture boxes, calibrated on val by the code that calibrates bundles"


@dataclass(frozen=True, slots=True)
class _Settled:
    """What validation decided."""

    calibration: Calibration
    points: dict[str, OperatingPoint]
    boxes: BoxThresholds


def calibrate_peer(
    detector: Detector,
    val: Sequence[Sample],
    *,
    name: str,
    recipe: str | None = None,
    workers: int = 1,
    show_progress: bool = False,
) -> System:
    """Run a detector over the validation split, settle its verdict there, return it as a system.

    Args:
        detector: opened.
        val: samples of the split `val`, boxes of fractures only; those with unknown label settle
            nothing.
        name, recipe: of the system.
        workers: threads that decode.
        show_progress: draw a bar on stderr.

    Raises:
        DataError: of the images that could be read, none is fractured, or all are.
    """

    def detect(radiograph: Radiograph) -> Detected:
        return detector(radiograph.pixels)

    found = read_each(val, detect, workers=workers, show_progress=show_progress, task="calibrate")
    settled = _settle(name, val, found)

    def read(samples: Sequence[Sample], folder: Path | None) -> Readings:
        uncalibrated: dict[str, float] = {}

        def work(radiograph: Radiograph) -> Reading:
            detected = detector(radiograph.pixels)
            uncalibrated[radiograph.source.path] = _best(detected)
            return _compose(radiograph.source, detected, detector, settled)

        records = read_each(
            samples, work, workers=workers, show_progress=show_progress, folder=folder
        )
        return Readings(records, uncalibrated)

    return System(
        name=name,
        kind="ultralytics",
        model=detector.info,
        operating_points={key: point.threshold for key, point in settled.points.items()},
        read=read,
        about=_about(detector, settled, val, found),
        recipe=recipe,
    )


def _settle(name: str, val: Sequence[Sample], found: Sequence[Detected | Failure]) -> _Settled:
    read = [(s, d) for s, d in zip(val, found, strict=True) if isinstance(d, Detected)]
    known = [(s.fractured, d) for s, d in read if s.fractured is not None]
    labels = np.array([fractured for fractured, _ in known], dtype=np.bool_)
    if labels.all() or not labels.any():
        which = "fractured" if len(labels) and labels.all() else "not fractured"
        what = f"all {len(labels)} readable images are {which}" if len(labels) else "none is there"
        raise DataError(
            f"{name}: cannot be calibrated on val, which needs fractured images and others: {what}"
        )
    logits = np.array([box_logit(_best(detected)) for _, detected in known])
    nothing = np.zeros(len(logits))  # it has no other opinion of the image
    calibration = fit_calibration(labels, nothing, logits)
    judged = [(drawn, d) for s, d in read if (drawn := _drawn(s)) is not None]
    truths = [_array(drawn) for drawn, _ in judged]
    boxes, scores = [d.boxes for _, d in judged], [d.scores for _, d in judged]
    definite, suspicious = (
        box_threshold(truths, boxes, scores, rate) for rate in (DEFINITE_FP, SUSPICIOUS_FP)
    )
    return _Settled(
        calibration,
        operating_points(labels, calibration.probabilities(nothing, logits)),
        BoxThresholds(definite=definite, suspicious=suspicious),
    )


def _drawn(sample: Sample) -> list[Box] | None:
    """Return where its fractures are, or None where nobody has said.

    A box on an image known not to be fractured is false, whether or not somebody looked for
    boxes to draw there; so all such images count among those of the rate. One that is fractured
    without a box drawn says nothing: what is found there may be the fracture.
    """
    if sample.boxes:
        return [entry.box for entry in sample.boxes]
    known = sample.fractured is False or (sample.fractured is None and sample.boxes is not None)
    return [] if known else None


def _compose(source: Source, detected: Detected, detector: Detector, settled: _Settled) -> Reading:
    """Return the record of an image: every box, shown ones by the rule of `model.coherence`.

    There is no evidence map to outline, so a fractured verdict without a box above a threshold
    shows the best box: that is what the verdict came from.
    """
    probability = settled.calibration.probability(0.0, _best(detected))
    verdict = decide(probability, settled.points, _DEFAULT_POINT)
    findings = place_findings(
        detected.boxes,
        detected.scores,
        detected.labels,
        settled.boxes,
        fractured=verdict.label == "fractured",
        min_score=LEAST_SCORE,
    )
    hidden = all(finding.certainty == "none" for finding in findings)
    if verdict.label == "fractured" and findings and hidden:
        findings[0] = replace(findings[0], certainty="suspicious")
    numbered = (replace(finding, finding_id=f"F{n}") for n, finding in enumerate(findings, 1))
    return Reading(source, verdict, tuple(numbered), detector.info)


def _about(
    detector: Detector,
    settled: _Settled,
    val: Sequence[Sample],
    found: Sequence[Detected | Failure],
) -> dict[str, Any]:
    labels = [
        sample.fractured
        for sample, detected in zip(val, found, strict=True)
        if sample.fractured is not None and isinstance(detected, Detected)
    ]
    return {
        "verdict": _VERDICT,
        "file": detector.path.name,
        "classes": list(detector.classes),
        "fractures": list(detector.fractures),
        "fractures_by": detector.fractures_by,
        "image_size": detector.image_size,
        "least_score": LEAST_SCORE,
        "most_boxes": MOST_BOXES,
        "calibration": {
            "split": "val",
            "n": len(labels),
            "n_fractured": sum(labels),
            "n_failed": sum(isinstance(one, Failure) for one in found),
            "intercept": settled.calibration.intercept,
            "box_weight": settled.calibration.box_weight,
        },
        "rules": {name: point.rule for name, point in settled.points.items()},
        "box_thresholds": {
            "definite": settled.boxes.definite.score,
            "suspicious": settled.boxes.suspicious.score,
        },
    }


def _best(detected: Detected) -> float:
    return float(detected.scores[0]) if len(detected.scores) else 0.0


def _array(boxes: Sequence[Box]) -> NDArray[np.float64]:
    rows = [(box.x1, box.y1, box.x2, box.y2) for box in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
