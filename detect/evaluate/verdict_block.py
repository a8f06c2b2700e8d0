"""The verdict's figures of one set of cases, as plain JSON types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate import calibration_metrics, verdict_metrics
from detect.evaluate.bootstrap import bootstrap_estimates
from detect.evaluate.cases import Case
from detect.evaluate.estimate import Estimate
from detect.evaluate.settings import Settings
from detect.evaluate.verdict_metrics import NEEDS_BOTH_CLASSES, Confusion

__all__ = ["verdict_block"]


def verdict_block(cases: Sequence[Case], settings: Settings, *, curves: bool) -> dict[str, Any]:
    """Return the figures of the verdict over the cases whose truth is known.

    Failed cases enter only `with_failures_as_errors`, where each counts as read wrongly.
    """
    known = [case for case in cases if case.fractured is not None]
    read = [case for case in known if case.probability is not None]
    labels = np.array([case.fractured for case in read], dtype=np.bool_)
    scores = np.array([case.probability for case in read], dtype=np.float64)
    failed = [bool(case.fractured) for case in known if case.probability is None]
    block: dict[str, Any] = {
        "n": len(read),
        "n_fractured": int(labels.sum()),
        "n_not_fractured": int((~labels).sum()),
        "n_failed_fractured": sum(failed),
        "n_failed_not_fractured": len(failed) - sum(failed),
        "auroc": verdict_metrics.auroc_delong(labels, scores).to_json(),
        **_bootstrapped_verdict(read, labels, scores, settings),
        "calibration": {
            **_calibration(labels, scores, settings),
            "before": _before(read, settings),
        },
        "operating_points": {},
    }
    for name, threshold in settings.operating_points.items():
        confusion = verdict_metrics.confusion_at(labels, scores, threshold)
        wrong = confusion.with_errors(sum(failed), len(failed) - sum(failed)).rates()
        block["operating_points"][name] = {
            "threshold": threshold,
            **confusion.to_json(),
            "at_prevalence": _at_prevalence(confusion, settings.prevalence),
            "with_failures_as_errors": {
                rate: wrong[rate].to_json() for rate in ("sensitivity", "specificity")
            },
        }
    if curves:
        points = verdict_metrics.roc_points(labels, scores)
        block["roc_curve"] = points and {
            "false_positive_rate": points[0].tolist(),
            "true_positive_rate": points[1].tolist(),
            "threshold": points[2],
        }
        precision = verdict_metrics.precision_recall(labels, scores)
        block["precision_recall_curve"] = precision and {
            "recall": precision[0].tolist(),
            "precision": precision[1].tolist(),
        }
    return block


def _at_prevalence(confusion: Confusion, prevalence: float | None) -> dict[str, Any] | None:
    if prevalence is None:
        return None
    values = confusion.at_prevalence(prevalence)
    return {"prevalence": prevalence, **{name: value.to_json() for name, value in values.items()}}


def _before(read: Sequence[Case], settings: Settings) -> dict[str, Any] | None:
    """Return the same figures of what the model said before calibration, where it is known."""
    values = [case.uncalibrated for case in read]
    known = [value for value in values if value is not None]
    if not read or len(known) < len(read):
        return None
    labels = np.array([case.fractured for case in read], dtype=np.bool_)
    return _calibration(labels, np.array(known, dtype=np.float64), settings)


def _bootstrapped_verdict(
    read: Sequence[Case],
    labels: NDArray[np.bool_],
    scores: NDArray[np.float64],
    settings: Settings,
) -> dict[str, Any]:
    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        some, values = labels[drawn], scores[drawn]
        found = verdict_metrics.sensitivity_at_specificity(some, values, settings.specificity)
        return [
            verdict_metrics.area_under_roc(some, values),
            verdict_metrics.average_precision(some, values),
            None if found is None else found[0],
        ]

    auroc = precision = sensitivity = Estimate(None, reason=NEEDS_BOTH_CLASSES)
    if len(read):
        auroc, precision, sensitivity = bootstrap_estimates(
            statistics,
            labels,
            [case.truth.group for case in read],
            NEEDS_BOTH_CLASSES,
            n_resamples=settings.n_resamples,
            seed=settings.seed,
        )
    found = verdict_metrics.sensitivity_at_specificity(labels, scores, settings.specificity)
    return {
        "auroc_bootstrap": auroc.to_json(),
        "average_precision": precision.to_json(),
        "sensitivity_at_specificity": {
            "specificity": settings.specificity,
            "threshold": None if found is None else found[1],
            "sensitivity": sensitivity.to_json(),
        },
    }


def _calibration(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], settings: Settings
) -> dict[str, Any]:
    block: dict[str, Any] = {"n_bins": settings.ece_bins}
    bins = settings.ece_bins
    for binning in calibration_metrics.BINNINGS:
        ece = calibration_metrics.expected_calibration_error(labels, probabilities, bins, binning)
        block[f"ece_{binning}"] = ece.to_json()
    block["brier"] = calibration_metrics.brier_score(labels, probabilities).to_json()
    block["intercept"] = calibration_metrics.calibration_intercept(labels, probabilities).to_json()
    block["slope"] = calibration_metrics.calibration_slope(labels, probabilities).to_json()
    block["reliability"] = {
        binning: [
            asdict(item)
            for item in calibration_metrics.reliability_bins(labels, probabilities, bins, binning)
        ]
        for binning in calibration_metrics.BINNINGS
    }
    return block
