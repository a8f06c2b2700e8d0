"""Two systems on the same images: by how much they differ, and whether by more than chance.

A comparison, as `metrics.json` holds it under `comparisons`; differences are first minus second.
A difference is {value, interval, method, reason, p_value, test}.

    first, second             names of the systems
    n                         images that both read, the only ones compared
    n_only_first_failed, n_only_second_failed, n_both_failed    the others
    auroc                     difference, DeLong's paired test
    auroc_bootstrap, average_precision, brier    differences, bootstrap by group; a smaller Brier
                              score is the better one
    verdicts                  {operating point that both have: {all, fractured, not_fractured:
                              {n, first_right_only, second_right_only, p_value, test, reason,
                              difference}}}: McNemar's exact tests of accuracy, sensitivity and
                              specificity, each system at its own threshold of that name. They take
                              images as independent; difference, of the same rates, is by
                              bootstrap of groups
    boxes                     n_images (of n, those whose boxes are known), map50, froc [{
                              false_positives_per_image, sensitivity}]: differences, bootstrap by
                              group; a fracture is found from IoU `settings.froc_iou` on, false
                              positives are counted on all images
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate import box_metrics, calibration_metrics, froc
from detect.evaluate.bootstrap import Statistics, bootstrap_differences
from detect.evaluate.box_metrics import MOST_DETECTIONS, NO_TRUTH_BOX
from detect.evaluate.cases import Case
from detect.evaluate.estimate import Estimate
from detect.evaluate.matching import match_boxes
from detect.evaluate.paired import NO_SUCH_IMAGE, Difference, auroc_difference, mcnemar
from detect.evaluate.points import points_at
from detect.evaluate.ranking import rank
from detect.evaluate.settings import Settings
from detect.evaluate.verdict_metrics import NEEDS_BOTH_CLASSES, Labels, Scores

__all__ = ["compare_cases"]

_AMONG = {"all": None, "fractured": True, "not_fractured": False}
Pairs = Sequence[tuple[Case, Case]]


def compare_cases(
    first: tuple[str, Sequence[Case], Settings], second: tuple[str, Sequence[Case], Settings]
) -> dict[str, Any]:
    """Return one comparison, as plain JSON types, without NaN.

    Args:
        first, second: name, cases and settings of each system; the cases are of the same truths
            in the same order, and the settings differ in nothing but the operating points.

    Raises:
        ValueError: the cases are not of the same truths.
    """
    (first_name, first_cases, settings), (second_name, second_cases, others) = first, second
    pairs = list(zip(first_cases, second_cases, strict=True))
    if any(one.truth.path != other.truth.path for one, other in pairs):
        raise ValueError("the cases of two systems must be of the same images in the same order")
    read = [pair for pair in pairs if pair[0].failure is None and pair[1].failure is None]
    return {
        "first": first_name,
        "second": second_name,
        "n": len(read),
        "n_only_first_failed": sum(a.failure is not None and b.failure is None for a, b in pairs),
        "n_only_second_failed": sum(a.failure is None and b.failure is not None for a, b in pairs),
        "n_both_failed": sum(a.failure is not None and b.failure is not None for a, b in pairs),
        **_figures(read, settings),
        "verdicts": _verdicts(read, settings, others.operating_points),
        "boxes": _boxes(read, settings, "no image was read by both"),
        "with_failures_as_errors": None
        if len(read) == len(pairs)
        else {
            "n": len(pairs),
            "verdicts": _verdicts(pairs, settings, others.operating_points),
            "boxes": _boxes(pairs, settings, "of no image the boxes are known"),
        },
    }


def _figures(read: Pairs, settings: Settings) -> dict[str, Any]:
    """Return the differences of rankings and of probabilities."""
    known, labels, scores = _known(read)
    differences = _bootstrapped_verdicts(known, labels, scores, settings)
    return {
        "auroc": auroc_difference(labels, *scores).to_json(),
        **{name: difference.to_json() for name, difference in differences.items()},
    }


def _verdicts(
    pairs: Pairs, settings: Settings, second_points: Mapping[str, float]
) -> dict[str, Any]:
    """Return McNemar's tests at the points that both have; what failed is read wrongly."""
    known, labels, scores = _known(pairs)
    points = [
        points_at(labels, values, thresholds)
        for values, thresholds in zip(
            scores, (settings.operating_points, second_points), strict=True
        )
    ]
    called = [dict(zip(one.names, one.cells % 2 == 1, strict=True)) for one in points]
    shared = [name for name in settings.operating_points if name in second_points]
    gained = [
        (called[0][name] == labels).astype(np.intp) - (called[1][name] == labels) for name in shared
    ]
    differences = iter(_rate_differences(known, labels, gained, settings))
    return {
        name: {
            group: {
                **mcnemar(labels, called[0][name], called[1][name], among=among),
                "difference": next(differences).to_json(),
            }
            for group, among in _AMONG.items()
        }
        for name in shared
    }


def _rate_differences(
    known: Pairs, labels: Labels, gained: Sequence[NDArray[np.intp]], settings: Settings
) -> tuple[Difference, ...]:
    """Return by how much rates differ at each point, among each of `_AMONG`.

    Args:
        known, labels: as `_known` returns them.
        gained: of each point, shape (n,): 1 where the first alone is right, -1 where the second is.
    """

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        some = labels[drawn]
        inside = [
            np.ones_like(some) if among is None else some == among for among in _AMONG.values()
        ]
        return [
            float(gain[drawn][which].mean()) if which.any() else None
            for gain in gained
            for which in inside
        ]

    reasons = NO_SUCH_IMAGE, NO_SUCH_IMAGE
    return _differences(statistics, labels, known, reasons, len(gained) * len(_AMONG), settings)


def _known(pairs: Pairs) -> tuple[Pairs, Labels, tuple[Scores, Scores]]:
    """Return the pairs with a label, their labels, and both probabilities; NaN: failed."""
    known = [pair for pair in pairs if pair[0].fractured is not None]
    labels = np.array([one.fractured for one, _ in known], dtype=np.bool_)
    first, second = (
        np.array([pair[which].probability for pair in known], dtype=np.float64) for which in (0, 1)
    )
    return known, labels, (first, second)


def _bootstrapped_verdicts(
    known: Pairs, labels: Labels, scores: Sequence[Scores], settings: Settings
) -> dict[str, Difference]:
    rankings = [rank(labels, values) for values in scores]

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        some = labels[drawn]
        first, second = (
            [
                *ranking.figures(drawn, settings.specificity)[:2],
                calibration_metrics.brier_score(some, values[drawn]).value,
            ]
            for ranking, values in zip(rankings, scores, strict=True)
        )
        return _minus(first, second)

    names = ("auroc_bootstrap", "average_precision", "brier")
    reasons = NEEDS_BOTH_CLASSES, "no image was read by both"
    found = _differences(statistics, labels, known, reasons, len(names), settings)
    return dict(zip(names, found, strict=True))


def _boxes(pairs: Pairs, settings: Settings, nothing: str) -> dict[str, Any]:
    known = [pair for pair in pairs if pair[0].truth_boxes is not None]
    truths = [one.truth_boxes for one, _ in known if one.truth_boxes is not None]
    positive = np.array([len(truth) > 0 for truth in truths], dtype=np.bool_)
    half, loose, read = [], [], []
    for which in (0, 1):
        read.append(np.array([pair[which].failure is None for pair in known], dtype=np.bool_))
        boxes = [pair[which].boxes for pair in known]
        scores = [pair[which].scores for pair in known]
        half.append(
            match_boxes(truths, boxes, scores, least_iou=0.5, most_per_image=MOST_DETECTIONS)
        )
        loose.append(match_boxes(truths, boxes, scores, least_iou=settings.froc_iou))
    rates = settings.fp_rates

    def statistics(drawn: NDArray[np.intp]) -> list[float | None]:
        values: list[list[float | None]] = []
        for strict, lenient, own in zip(half, loose, read, strict=True):
            points = froc.sensitivities_at(lenient, rates, drawn, read=own)
            found = [None] * len(rates) if points is None else [point[0] for point in points]
            values.append([box_metrics.average_precision_of(strict, drawn), *found])
        return _minus(*values)

    map50, *points = _differences(
        statistics, positive, known, (NO_TRUTH_BOX, nothing), 1 + len(rates), settings
    )
    return {
        "n_images": len(known),
        "map50": map50.to_json(),
        "froc": [
            {"false_positives_per_image": rate, "sensitivity": point.to_json()}
            for rate, point in zip(rates, points, strict=True)
        ],
    }


def _minus(first: Sequence[float | None], second: Sequence[float | None]) -> list[float | None]:
    return [
        None if one is None or other is None else one - other
        for one, other in zip(first, second, strict=True)
    ]


def _differences(
    statistics: Statistics,
    positive: NDArray[np.bool_],
    known: Pairs,
    reasons: tuple[str, str],  # why a figure is undefined; why there is no image
    count: int,
    settings: Settings,
) -> tuple[Difference, ...]:
    undefined, nothing_known = reasons
    if not known:
        nothing = Estimate(None, reason=nothing_known)
        return (Difference(nothing, None, "none"),) * count
    return bootstrap_differences(
        statistics,
        positive,
        [one.truth.group for one, _ in known],
        undefined,
        n_resamples=settings.n_resamples,
        seed=settings.seed,
    )
