"""The figures under a condition, and by how much they differ from those of the clean images.

Figures are those of `metrics.json`, by the same functions; here each is measured on the images of
which the truth still holds under the condition and that were read both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate import box_metrics, froc
from detect.evaluate.bootstrap import Statistics, bootstrap_differences, bootstrap_estimates
from detect.evaluate.box_metrics import MOST_DETECTIONS, NO_TRUTH_BOX
from detect.evaluate.calibration_metrics import expected_calibration_error
from detect.evaluate.cases import Case
from detect.evaluate.estimate import Estimate
from detect.evaluate.matching import match_boxes
from detect.evaluate.paired import Difference
from detect.evaluate.ranking import rank
from detect.evaluate.robustness.read import AlteredCases
from detect.evaluate.settings import Settings
from detect.evaluate.verdict_metrics import NEEDS_BOTH_CLASSES

__all__ = ["FIGURES", "FP_RATE", "measure_condition"]

VERDICT_FIGURES = ("auroc", "sensitivity_at_specificity", "sensitivity", "specificity", "ece")
BOX_FIGURES = ("map50", "froc")
FIGURES = (*VERDICT_FIGURES, *BOX_FIGURES)
FP_RATE = 0.5  # false positives per image, at which fractures found are given
_NO_IMAGE = "no image was read both ways"

Pairs = Sequence[tuple[Case, Case]]  # altered, clean


def measure_condition(
    altered: AlteredCases, clean: AlteredCases, settings: Settings, point: str
) -> dict[str, Any]:
    """Return counts, figures and their differences from the clean images, as plain JSON types.

    Args:
        altered, clean: of the same truths in the same order; of the clean images themselves the
            two are one, and there are no differences.
        settings: thresholds, specificity, bins, IoU, resamples and seed.
        point: the operating point at which sensitivity and specificity are given.

    Returns:
        n (images measured), n_fractured, n_failed (not read one way or the other), n_cut (images
        left out, since a fracture is cut off), n_warned (readings with a warning), figures {name
        of `FIGURES`: estimate} and differences {the same: difference} or null.
    """
    both = list(zip(altered.cases, clean.cases, strict=True))
    holding = [pair for pair in both if pair[0].truth.path in altered.holds]
    read = [pair for pair in holding if not any(case.failure for case in pair)]
    known = [pair for pair in read if pair[0].fractured is not None]
    boxed = [pair for pair in read if pair[0].truth_boxes is not None]
    figures: dict[str, Estimate] = {}
    differences: dict[str, Difference] = {}
    for names, pairs, statistics, undefined in (
        (VERDICT_FIGURES, known, _verdict_statistics, NEEDS_BOTH_CLASSES),
        (BOX_FIGURES, boxed, _box_statistics, NO_TRUTH_BOX),
    ):
        now, before = (
            statistics([pair[which] for pair in pairs], settings, point) for which in (0, 1)
        )
        found = _estimates(now, pairs, undefined, settings, len(names))
        figures |= dict(zip(names, found, strict=True))
        if altered is not clean:
            minus = _differences(now, before, pairs, undefined, settings, len(names))
            differences |= dict(zip(names, minus, strict=True))
    return {
        "n": len(read),
        "n_fractured": sum(one.fractured is True for one, _ in read),
        "n_failed": len(holding) - len(read),
        "n_cut": len(both) - len(holding),
        "n_warned": altered.warned,
        "figures": {name: one.to_json() for name, one in figures.items()},
        "differences": {name: one.to_json() for name, one in differences.items()} or None,
    }


def _verdict_statistics(cases: Sequence[Case], settings: Settings, point: str) -> Statistics:
    """Return what gives `VERDICT_FIGURES` of some of the cases."""
    labels = np.array([case.fractured for case in cases], dtype=np.bool_)
    scores = np.array([case.probability for case in cases], dtype=np.float64)
    ranking = rank(labels, scores)
    right = (scores >= settings.operating_points[point]) == labels

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        auroc, _, sensitivity = ranking.figures(drawn, settings.specificity)
        some = labels[drawn]
        rates = [
            float(right[drawn][some == among].mean()) if (some == among).any() else None
            for among in (True, False)
        ]
        ece = expected_calibration_error(some, scores[drawn], settings.ece_bins, "equal_width")
        return [auroc, sensitivity, *rates, ece.value]

    return statistics


def _box_statistics(cases: Sequence[Case], settings: Settings, _point: str) -> Statistics:
    """Return what gives `BOX_FIGURES` of some of the cases."""
    truths = [case.truth_boxes for case in cases if case.truth_boxes is not None]
    boxes, scores = [case.boxes for case in cases], [case.scores for case in cases]
    half = match_boxes(truths, boxes, scores, least_iou=0.5, most_per_image=MOST_DETECTIONS)
    loose = match_boxes(truths, boxes, scores, least_iou=settings.froc_iou)

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        found = froc.sensitivities_at(loose, (FP_RATE,), drawn)
        precision = box_metrics.average_precision_of(half, drawn)
        return [precision, None if found is None else found[0][0]]

    return statistics


def _estimates(
    statistics: Statistics, pairs: Pairs, undefined: str, settings: Settings, count: int
) -> tuple[Estimate, ...]:
    if not pairs:
        return (Estimate(None, reason=_NO_IMAGE),) * count
    positive, groups = _drawn_by(pairs)
    return bootstrap_estimates(
        statistics,
        positive,
        groups,
        undefined,
        n_resamples=settings.n_resamples,
        seed=settings.seed,
    )


def _differences(
    now: Statistics,
    before: Statistics,
    pairs: Pairs,
    undefined: str,
    settings: Settings,
    count: int,
) -> tuple[Difference, ...]:
    if not pairs:
        return (Difference(Estimate(None, reason=_NO_IMAGE), None, "none"),) * count

    def minus(drawn: NDArray[np.intp]) -> list[float | None]:
        return [
            None if one is None or other is None else one - other
            for one, other in zip(now(drawn), before(drawn), strict=True)
        ]

    positive, groups = _drawn_by(pairs)
    return bootstrap_differences(
        minus,
        positive,
        groups,
        undefined,
        n_resamples=settings.n_resamples,
        seed=settings.seed,
    )


def _drawn_by(pairs: Pairs) -> tuple[NDArray[np.bool_], list[str | None]]:
    """Return which images are fractured, and the groups that are drawn together."""
    positive = np.array([one.fractured is True for one, _ in pairs], dtype=np.bool_)
    return positive, [one.truth.group for one, _ in pairs]
