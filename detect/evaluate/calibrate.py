"""Calibration, operating points and box thresholds, from the validation split alone.

One rule for the models trained here and for any other detector that is measured beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.errors import DataError
from detect.evaluate.matching import match_boxes
from detect.model.bundle import BoxThreshold, OperatingPoint
from detect.model.calibration import Calibration

__all__ = [
    "DEFINITE_FP",
    "SUSPICIOUS_FP",
    "box_threshold",
    "fit_calibration",
    "operating_points",
]

DEFINITE_FP = 0.1  # false positives per image at which a box is called definite
SUSPICIOUS_FP = 0.5
_DECIMALS = 6  # of a probability in a reading
_TARGET = 0.95  # sensitivity of screening, specificity of confirm
_MATCH_IOU = 0.3  # readers mark loosely


@dataclass(frozen=True, slots=True)
class _Rates:
    threshold: float
    sensitivity: float
    specificity: float


def fit_calibration(
    labels: NDArray[np.bool_], image_logits: NDArray[np.float64], box_logits: NDArray[np.float64]
) -> Calibration:
    """Fit the logistic model over [image logit, box logit] by maximum likelihood.

    Weak ridge (scikit-learn's C = 1 on standardised inputs) keeps it finite where a split is
    separable.

    Args:
        labels: (n,), fractured.
        image_logits, box_logits: (n,).
    """
    from sklearn.linear_model import LogisticRegression

    features = np.stack([image_logits, box_logits], axis=1)
    mean, spread = features.mean(0), features.std(0)
    spread = np.where(spread < 1e-6, 1.0, spread)  # an opinion that never varies gets no say
    model = LogisticRegression(C=1.0, max_iter=1000).fit((features - mean) / spread, labels)
    weights = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - (weights * mean).sum())
    return Calibration(intercept, float(weights[0]), float(weights[1]))


def operating_points(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> dict[str, OperatingPoint]:
    """Choose the three thresholds on the calibrated probability.

    `screening`: the highest threshold with sensitivity ≥ 0.95; `confirm`: the lowest threshold
    with specificity ≥ 0.95; `balanced`: greatest Youden index (1950) between the two. Where a
    model is so good that the first two cross, they change places, and each is better than its
    rule asks. Thresholds lie halfway between neighbouring probabilities.

    Raises:
        DataError: one of the two kinds of image is missing.
    """
    rates = _rates(labels, probabilities)
    sensitive = max(
        (r for r in rates if r.sensitivity >= _TARGET), key=lambda r: r.threshold, default=rates[0]
    )
    specific = min(
        (r for r in rates if r.specificity >= _TARGET), key=lambda r: r.threshold, default=rates[-1]
    )
    screening, confirm = sorted((sensitive, specific), key=lambda r: r.threshold)
    between = [r for r in rates if screening.threshold <= r.threshold <= confirm.threshold]
    balanced = max(between, key=lambda r: r.sensitivity + r.specificity)
    rules = {
        "screening": (screening, f"sensitivity ≥ {_TARGET} on val"),
        "balanced": (balanced, "greatest Youden index between the two on val"),
        "confirm": (confirm, f"specificity ≥ {_TARGET} on val"),
    }
    return {
        name: OperatingPoint(
            threshold=r.threshold,
            rule=rule,
            sensitivity=round(r.sensitivity, 4),
            specificity=round(r.specificity, 4),
        )
        for name, (r, rule) in rules.items()
    }


def _rates(labels: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> list[_Rates]:
    """Return the rates at every distinct threshold, ascending."""
    probabilities = probabilities.round(_DECIMALS)  # as readings state them
    values = np.unique(probabilities)
    halfway = ((values[1:] + values[:-1]) / 2).round(_DECIMALS)
    halfway = np.where(halfway > values[:-1], halfway, values[1:])
    last = min(1.0, round(float(values[-1]) + 10.0**-_DECIMALS, _DECIMALS))
    cuts = np.concatenate([[0.0], halfway, [last]])
    positives, negatives = probabilities[labels], probabilities[~labels]
    if not len(positives) or not len(negatives):
        raise DataError("val needs fractured and not fractured images to set thresholds")
    return [
        _Rates(
            float(cut),
            float((positives >= cut).mean()),
            float((negatives < cut).mean()),
        )
        for cut in cuts
    ]


def box_threshold(
    truths: Sequence[NDArray[np.float64]],
    boxes: Sequence[NDArray[np.float64]],
    scores: Sequence[NDArray[np.float64]],
    false_positives_per_image: float,
) -> BoxThreshold:
    """Return the lowest score whose false positives per image stay within the given rate.

    All images count in the denominator, normals included; a box is right at IoU ≥ 0.3. The score
    has four decimals, and the rates are those at just that score, ties included.

    Args:
        truths: annotated boxes of each image, (k, 4) xyxy.
        boxes: detected boxes of each image, (m, 4) xyxy.
        scores: their scores, (m,).
    """
    matches = match_boxes(truths, boxes, scores, least_iou=_MATCH_IOU)
    cuts = np.unique(np.ceil(matches.scores * 1e4) / 1e4)
    false = _at_or_above(cuts, matches.scores[~matches.hits]) / len(truths)
    allowed = np.flatnonzero(false <= false_positives_per_image)
    if not len(allowed):
        return BoxThreshold(score=1.0, false_positives_per_image=0.0, sensitivity=0.0)
    lowest = int(allowed[0])  # false positives only fall as the score rises
    found = int(_at_or_above(cuts, matches.scores[matches.hits])[lowest])
    return BoxThreshold(
        score=round(float(cuts[lowest]), 4),
        false_positives_per_image=round(float(false[lowest]), 4),
        sensitivity=round(found / max(1, int(matches.n_truths.sum())), 4),
    )


def _at_or_above(cuts: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Count the scores at or above each cut."""
    return len(scores) - np.searchsorted(np.sort(scores), cuts, side="left")
