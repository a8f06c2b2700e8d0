"""The verdict's figures of one set of cases, as plain JSON types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate import calibration_metrics, verdict_metrics
from detect.evaluate.bootstrap import Statistics, bootstrap_estimates
from detect.evaluate.cases import Case
from detect.evaluate.confusion import Confusion
from detect.evaluate.estimate import Estimate
from detect.evaluate.points import COMPOSITES, points_at
from detect.evaluate.ranking import rank
from detect.evaluate.settings import Settings
from detect.evaluate.verdict_metrics import NEEDS_BOTH_CLASSES, Labels, Scores
from detect.evaluate.worst_rank import worst_answers

__all__ = ["verdict_block"]

_CALIBRATION = ("ece_equal_width", "ece_equal_mass", "brier", "intercept", "slope")


def verdict_block(cases: Sequence[Case], settings: Settings, *, curves: bool) -> dict[str, Any]:
    """Return the figures of the verdict over the cases whose truth is known.

    Failed cases enter only `with_failures_as_errors`, where each counts as read wrongly.
    """
    known = [case for case in cases if case.fractured is not None]
    read = [case for case in known if case.probability is not None]
    failed = [bool(case.fractured) for case in known if case.probability is None]
    labels, scores = _arrays(read)
    before = _before(read)
    stages = [scores] if before is None else [scores, before]
    whole = [_calibration(labels, stage, settings) for stage in stages]
    ranking, points = rank(labels, scores), points_at(labels, scores, settings.operating_points)

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        some = labels[drawn]
        return [
            *ranking.figures(drawn, settings.specificity),
            *(
                value.value
                for stage, starts in zip(stages, whole, strict=True)
                for value in _calibration(some, stage[drawn], settings, starts)
            ),
            *points.composites(drawn),
        ]

    n_composites = len(COMPOSITES) * len(settings.operating_points)
    count = 3 + len(stages) * len(_CALIBRATION) + n_composites
    found = iter(_bootstrapped(statistics, labels, read, settings, count))
    auroc, precision, sensitivity = next(found), next(found), next(found)
    at = verdict_metrics.sensitivity_at_specificity(labels, scores, settings.specificity)
    calibrations = [
        _calibration_block(labels, stage, values, [next(found) for _ in _CALIBRATION], settings)
        for stage, values in zip(stages, whole, strict=True)
    ]
    block: dict[str, Any] = {
        "n": len(read),
        "n_fractured": int(labels.sum()),
        "n_not_fractured": int((~labels).sum()),
        "n_failed_fractured": sum(failed),
        "n_failed_not_fractured": len(failed) - sum(failed),
        "auroc": verdict_metrics.auroc_delong(labels, scores).to_json(),
        "auroc_bootstrap": auroc.to_json(),
        "average_precision": precision.to_json(),
        "sensitivity_at_specificity": {
            "specificity": settings.specificity,
            "threshold": None if at is None else at[1],
            "sensitivity": sensitivity.to_json(),
        },
        "calibration": {
            **calibrations[0],
            "before": None if before is None else calibrations[1],
        },
        "with_failures_as_errors": _worst_ranked(known, settings) if failed else None,
        "operating_points": {},
    }
    wrong = _with_failures(known, settings) if failed else {}
    confusions, rates = points.confusions(), points.to_json(tuple(found))
    for name, threshold in settings.operating_points.items():
        block["operating_points"][name] = {
            "threshold": threshold,
            **rates[name],
            "at_prevalence": _at_prevalence(confusions[name], settings.prevalence),
            "with_failures_as_errors": wrong.get(name),
        }
    if curves:
        curve = verdict_metrics.roc_points(labels, scores)
        block["roc_curve"] = curve and {
            "false_positive_rate": curve[0].tolist(),
            "true_positive_rate": curve[1].tolist(),
            "threshold": curve[2],
        }
        trade = verdict_metrics.precision_recall(labels, scores)
        block["precision_recall_curve"] = trade and {
            "recall": trade[0].tolist(),
            "precision": trade[1].tolist(),
        }
    return block


def _at_prevalence(confusion: Confusion, prevalence: float | None) -> dict[str, Any] | None:
    if prevalence is None:
        return None
    values = confusion.at_prevalence(prevalence)
    return {"prevalence": prevalence, **{name: value.to_json() for name, value in values.items()}}


def _with_failures(known: Sequence[Case], settings: Settings) -> dict[str, dict[str, Any]]:
    """Return counts and rates by operating point, each failed image having been read wrongly."""
    labels, scores = _arrays(known)
    points = points_at(labels, scores, settings.operating_points)
    count = len(COMPOSITES) * len(settings.operating_points)
    return points.to_json(_bootstrapped(points.composites, labels, known, settings, count))


def _worst_ranked(known: Sequence[Case], settings: Settings) -> dict[str, Any]:
    """Return the figures that no threshold is part of, each failed image being the worst answer."""
    labels, scores = _arrays(known)
    worst = worst_answers(labels, scores)
    ranking = rank(labels, worst)

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        brier = calibration_metrics.brier_score(labels[drawn], worst[drawn])
        return [*ranking.figures(drawn, settings.specificity), brier.value]

    auroc, precision, _, brier = _bootstrapped(statistics, labels, known, settings, 4)
    return {
        "auroc": verdict_metrics.auroc_delong(labels, worst).to_json(),
        "auroc_bootstrap": auroc.to_json(),
        "average_precision": precision.to_json(),
        "brier": calibration_metrics.brier_score(labels, worst).bounded_by(brier).to_json(),
    }


def _arrays(cases: Sequence[Case]) -> tuple[Labels, Scores]:
    """Return labels and probabilities; NaN for an image that failed."""
    return (
        np.array([case.fractured for case in cases], dtype=np.bool_),
        np.array([case.probability for case in cases], dtype=np.float64),
    )


def _before(read: Sequence[Case]) -> Scores | None:
    """Return what the model said before calibration, where it is known of every image."""
    values = [case.uncalibrated for case in read]
    if not values or None in values:
        return None
    return np.array(values, dtype=np.float64)


def _bootstrapped(
    statistics: Statistics,
    labels: Labels,
    cases: Sequence[Case],
    settings: Settings,
    count: int,
) -> tuple[Estimate, ...]:
    if not cases or not count:
        return (Estimate(None, reason=NEEDS_BOTH_CLASSES),) * count
    return bootstrap_estimates(
        statistics,
        labels,
        [case.truth.group for case in cases],
        NEEDS_BOTH_CLASSES,
        n_resamples=settings.n_resamples,
        seed=settings.seed,
    )


def _calibration(
    labels: Labels,
    probabilities: Scores,
    settings: Settings,
    like: Sequence[Estimate] = (Estimate(0.0),) * len(_CALIBRATION),
) -> list[Estimate]:
    """Return the figures named `_CALIBRATION`, without intervals; they may be `like` others."""
    intercept, slope = (one.value or 0.0 for one in like[-2:])
    return [
        *(
            calibration_metrics.expected_calibration_error(
                labels, probabilities, settings.ece_bins, binning
            )
            for binning in calibration_metrics.BINNINGS
        ),
        calibration_metrics.brier_score(labels, probabilities),
        calibration_metrics.calibration_intercept(labels, probabilities, intercept),
        calibration_metrics.calibration_slope(labels, probabilities, slope),
    ]


def _calibration_block(
    labels: Labels,
    probabilities: Scores,
    values: Sequence[Estimate],
    bootstrapped: Sequence[Estimate],
    settings: Settings,
) -> dict[str, Any]:
    return {
        "n_bins": settings.ece_bins,
        **{
            name: value.bounded_by(interval).to_json()
            for name, value, interval in zip(_CALIBRATION, values, bootstrapped, strict=True)
        },
        **{
            f"ece_{binning}_of_perfect": calibration_metrics.error_of_perfect_calibration(
                probabilities,
                settings.ece_bins,
                binning,
                n_draws=settings.n_resamples,
                seed=settings.seed,
            ).to_json()
            for binning in calibration_metrics.BINNINGS
        },
        "reliability": {
            binning: [
                asdict(item)
                for item in calibration_metrics.reliability_bins(
                    labels, probabilities, settings.ece_bins, binning
                )
            ]
            for binning in calibration_metrics.BINNINGS
        },
    }
