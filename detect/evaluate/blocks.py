"""The verdict's and the boxes' figures of one set of cases, as plain JSON types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate import box_metrics, calibration_metrics, froc, verdict_metrics
from detect.evaluate.bootstrap import bootstrap_estimates
from detect.evaluate.box_metrics import MOST_DETECTIONS, NO_TRUTH_BOX
from detect.evaluate.cases import Case
from detect.evaluate.estimate import Estimate, proportion
from detect.evaluate.matching import Matches, match_boxes
from detect.evaluate.verdict_metrics import NEEDS_BOTH_CLASSES

__all__ = ["Settings", "box_block", "verdict_block"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the figures are measured by; stated in the report."""

    operating_points: Mapping[str, float]  # name to threshold on the probability
    specificity: float = 0.90  # at which sensitivity is given
    ece_bins: int = 10
    fp_rates: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)  # false positives per image
    froc_iou: float = 0.3  # from which on a box has found a fracture
    n_resamples: int = 1000  # of each bootstrap
    seed: int = 0  # of each bootstrap


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
        "calibration": _calibration(labels, scores, settings),
        "operating_points": {},
    }
    for name, threshold in settings.operating_points.items():
        confusion = verdict_metrics.confusion_at(labels, scores, threshold)
        wrong = confusion.with_errors(sum(failed), len(failed) - sum(failed)).rates()
        block["operating_points"][name] = {
            "threshold": threshold,
            **confusion.to_json(),
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
    return block


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


def box_block(cases: Sequence[Case], settings: Settings, *, curves: bool) -> dict[str, Any]:
    """Return the figures of the detector's boxes over the cases whose boxes are known.

    A failed case with annotated boxes stays in, its fractures missed; one without is left
    out, since an image never read would only lower the false positives per image. Boxes
    outlined from the evidence map have no detector score: they are counted on their own.
    """
    known = [
        case
        for case in cases
        if case.truth_boxes is not None and (case.failure is None or len(case.truth_boxes))
    ]
    truths = [case.truth_boxes for case in known if case.truth_boxes is not None]
    boxes = [case.boxes for case in known]
    scores = [case.scores for case in known]
    evidence = [case.evidence_boxes for case in known]
    evidence_hits = match_boxes(
        truths, evidence, [np.zeros(len(box)) for box in evidence], criterion="centre"
    ).hits
    half = match_boxes(truths, boxes, scores, least_iou=0.5, most_per_image=MOST_DETECTIONS)
    by_iou = match_boxes(truths, boxes, scores, least_iou=settings.froc_iou)
    by_centre = match_boxes(truths, boxes, scores, criterion="centre")
    coco = box_metrics.coco_metrics(truths, boxes, scores).to_json()
    bootstrapped = _bootstrapped_boxes(known, half, [by_iou, by_centre], settings)
    coco["map50"] = bootstrapped.pop("map50")
    block: dict[str, Any] = {
        "n_images": len(known),
        "n_images_with_boxes": sum(len(truth) > 0 for truth in truths),
        "n_failed": sum(case.failure is not None for case in known),
        "n_truth_boxes": sum(len(truth) for truth in truths),
        "n_detections": sum(len(box) for box in boxes),
        **coco,
        "froc": bootstrapped,
        "evidence_outlines": {
            "n": len(evidence_hits),
            "centre_in_fracture": proportion(
                int(evidence_hits.sum()), len(evidence_hits), "no region was outlined"
            ).to_json(),
        },
    }
    if curves:
        block["precision_recall_curve"] = _precision_recall(half)
        block["froc"]["iou"]["curve"] = _froc_curve(by_iou)
        block["froc"]["centre"]["curve"] = _froc_curve(by_centre)
    return block


def _bootstrapped_boxes(
    known: Sequence[Case], half: Matches, by_criterion: Sequence[Matches], settings: Settings
) -> dict[str, Any]:
    rates = settings.fp_rates

    def statistics(drawn: NDArray[np.intp] | None) -> list[float | None]:
        values = [box_metrics.average_precision_of(half, drawn)]
        for matches in by_criterion:
            points = froc.sensitivities_at(matches, rates, drawn)
            values += [None] * len(rates) if points is None else [point[0] for point in points]
        return values

    estimates = (Estimate(None, reason=NO_TRUTH_BOX),) * (1 + len(by_criterion) * len(rates))
    if half.n_truths.any():
        estimates = bootstrap_estimates(
            statistics,
            half.n_truths > 0,
            [case.truth.group for case in known],
            NO_TRUTH_BOX,
            n_resamples=settings.n_resamples,
            seed=settings.seed,
        )
    block: dict[str, Any] = {"map50": estimates[0].to_json()}
    for number, (name, matches) in enumerate(zip(("iou", "centre"), by_criterion, strict=True)):
        points = froc.sensitivities_at(matches, rates) or [(0.0, None)] * len(rates)
        start = 1 + number * len(rates)
        block[name] = {
            "least_iou": settings.froc_iou if name == "iou" else None,
            "points": [
                {
                    "false_positives_per_image": rate,
                    "threshold": threshold,
                    "sensitivity": estimate.to_json(),
                }
                for rate, (_, threshold), estimate in zip(
                    rates, points, estimates[start : start + len(rates)], strict=True
                )
            ],
        }
    return block


def _precision_recall(matches: Matches) -> dict[str, list[float]] | None:
    points = box_metrics.precision_recall_points(matches)
    if points is None:
        return None
    return {"recall": box_metrics.RECALLS.tolist(), "precision": points.tolist()}


def _froc_curve(matches: Matches) -> dict[str, list[float]] | None:
    """Return the points at which sensitivity rises, and the last one: the others lie between."""
    curve = froc.froc_curve(matches)
    if curve is None:
        return None
    keep = np.diff(curve.sensitivities, prepend=0.0) > 0
    keep[-1:] = True
    return {
        "false_positives_per_image": curve.false_positives[keep].tolist(),
        "sensitivity": curve.sensitivities[keep].tolist(),
        "threshold": curve.thresholds[keep].tolist(),
    }
