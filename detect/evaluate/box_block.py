"""The boxes' figures of one set of cases, as plain JSON types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate import box_metrics, froc
from detect.evaluate.bootstrap import bootstrap_estimates
from detect.evaluate.box_metrics import MOST_DETECTIONS, NO_TRUTH_BOX, BoxScores
from detect.evaluate.cases import Case
from detect.evaluate.coco_resampling import CocoMatches, match_as_coco
from detect.evaluate.estimate import Estimate, proportion
from detect.evaluate.froc import DENOMINATORS, Denominator
from detect.evaluate.matching import Matches, match_boxes
from detect.evaluate.settings import Settings
from detect.evaluate.sizes import BANDS, band_sensitivity, image_sensitivity

__all__ = ["box_block"]

NO_CURVE = "no annotated fracture box, or no image without one to count false positives on"


def box_block(cases: Sequence[Case], settings: Settings, *, curves: bool) -> dict[str, Any]:
    """Return the figures of the detector's boxes over the cases whose boxes are known.

    A failed case with annotated boxes stays in, its fractures missed; one without is left
    out. Neither is among the images that false positives are divided by, since an image never
    read would only lower their rate. Boxes
    outlined from the evidence map have no detector score: they are counted on their own. Where
    a failed case stays in, `of_images_read` gives the same figures without any.
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
    curves_of = {"iou": by_iou, "centre": by_centre}
    resampled = match_as_coco(truths, boxes, scores)
    bootstrapped = _bootstrapped_boxes(known, resampled, curves_of, settings)
    loose = {f"ap_{name}": bootstrapped.pop(f"ap_{name}") for name in curves_of}
    intervals: tuple[Estimate, ...] = bootstrapped.pop("coco")
    coco = box_metrics.coco_metrics(truths, boxes, scores).bounded_by(intervals).to_json()
    block: dict[str, Any] = {
        "n_images": len(known),
        "n_images_with_boxes": sum(len(truth) > 0 for truth in truths),
        "n_failed": sum(case.failure is not None for case in known),
        "n_truth_boxes": sum(len(truth) for truth in truths),
        "n_detections": sum(len(box) for box in boxes),
        **coco,
        **loose,
        "froc": bootstrapped,
        "by_size": _by_size(known, by_iou, settings),
        "evidence_outlines": {
            "n": len(evidence_hits),
            "centre_in_fracture": proportion(
                int(evidence_hits.sum()), len(evidence_hits), "no region was outlined"
            ).to_json(),
        },
    }
    if block["n_failed"]:
        block["of_images_read"] = box_block(
            [case for case in known if case.failure is None], settings, curves=False
        )
    else:
        block["of_images_read"] = None
    if curves:
        block["precision_recall_curve"] = _precision_recall(half)
        for name, matches in curves_of.items():
            for denominator in DENOMINATORS:
                curve = _froc_curve(matches, denominator, _read(known))
                block["froc"][name][denominator]["curve"] = curve
    return block


def _bootstrapped_boxes(
    known: Sequence[Case],
    coco: CocoMatches,
    by_criterion: Mapping[str, Matches],
    settings: Settings,
) -> dict[str, Any]:
    rates, read = settings.fp_rates, _read(known)
    ways = [(name, denominator) for name in by_criterion for denominator in DENOMINATORS]

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        values = coco.figures(drawn)
        values += [
            box_metrics.average_precision_of(matches, drawn) for matches in by_criterion.values()
        ]
        for name, denominator in ways:
            points = froc.sensitivities_at(by_criterion[name], rates, drawn, denominator, read)
            values += [None] * len(rates) if points is None else [point[0] for point in points]
        return values

    n_coco = len(BoxScores.__slots__)
    n_precisions = n_coco + len(by_criterion)
    estimates = (Estimate(None, reason=NO_TRUTH_BOX),) * (n_precisions + len(ways) * len(rates))
    if coco.n_truths.any():
        estimates = bootstrap_estimates(
            statistics,
            coco.n_truths > 0,
            [case.truth.group for case in known],
            NO_CURVE,
            n_resamples=settings.n_resamples,
            seed=settings.seed,
        )
    block: dict[str, Any] = {"coco": estimates[:n_coco]}
    for name, precision in zip(by_criterion, estimates[n_coco:n_precisions], strict=True):
        block[f"ap_{name}"] = precision.to_json()
        block[name] = {"least_iou": settings.froc_iou if name == "iou" else None}
    for number, (name, denominator) in enumerate(ways):
        matches = by_criterion[name]
        start = n_precisions + number * len(rates)
        points = froc.sensitivities_at(matches, rates, None, denominator, read)
        block[name][denominator] = {
            "points": [
                {
                    "false_positives_per_image": rate,
                    "threshold": threshold,
                    "sensitivity": estimate.to_json(),
                    "image_sensitivity": image_sensitivity(matches, threshold).to_json(),
                }
                for rate, (_, threshold), estimate in zip(
                    rates,
                    points or [(0.0, None)] * len(rates),
                    estimates[start : start + len(rates)],
                    strict=True,
                )
            ]
        }
    return block


def _read(known: Sequence[Case]) -> NDArray[np.bool_]:
    return np.array([case.failure is None for case in known], dtype=np.bool_)


def _by_size(known: Sequence[Case], by_iou: Matches, settings: Settings) -> dict[str, Any]:
    """Return sensitivity by size of the fracture, at one rate of false positives."""
    points = froc.sensitivities_at(by_iou, [settings.shown_fp_rate], read=_read(known))
    threshold = None if points is None else points[0][1]
    shares = [
        (box[2] - box[0]) * (box[3] - box[1]) / (case.size[0] * case.size[1])
        if case.size
        else np.nan  # of a failed image nobody knows the size: in no band
        for case in known
        if case.truth_boxes is not None
        for box in case.truth_boxes
    ]
    return {
        "false_positives_per_image": settings.shown_fp_rate,
        "threshold": threshold,
        "n_unknown_size": int(np.isnan(shares).sum()),
        "bands": [
            {
                "name": band.name,
                "from_share_of_image": band.low,
                "to_share_of_image": band.high if np.isfinite(band.high) else None,
                "n": int(sum(band.low <= share < band.high for share in shares)),
                "sensitivity": band_sensitivity(
                    by_iou, np.array(shares, dtype=np.float64), band, threshold
                ).to_json(),
            }
            for band in BANDS
        ],
    }


def _precision_recall(matches: Matches) -> dict[str, list[float]] | None:
    points = box_metrics.precision_recall_points(matches)
    if points is None:
        return None
    return {"recall": box_metrics.RECALLS.tolist(), "precision": points.tolist()}


def _froc_curve(
    matches: Matches, denominator: Denominator, read: NDArray[np.bool_]
) -> dict[str, list[float]] | None:
    """Return the points at which sensitivity rises, and the last one: the others lie between."""
    curve = froc.froc_curve(matches, None, denominator, read)
    if curve is None:
        return None
    keep = np.diff(curve.sensitivities, prepend=0.0) > 0
    keep[-1:] = True
    return {
        "false_positives_per_image": curve.false_positives[keep].tolist(),
        "sensitivity": curve.sensitivities[keep].tolist(),
        "threshold": curve.thresholds[keep].tolist(),
    }
