"""Shares of images with intervals that respect groups, beside Wilson's, which do not.

Images of one patient resemble each other, so that many of them tell less than as many of
different patients; Wilson's interval takes each as a new one (Ying, Maguire, Glynn & Rosner,
"Calculating sensitivity, specificity, and predictive values for correlated eye data",
Investigative Ophthalmology & Visual Science 2020). The bootstrap draws groups whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.bootstrap import bootstrap_estimates
from detect.evaluate.cases import Case
from detect.evaluate.reasons import has_centre_in_truth, touches_truth
from detect.evaluate.settings import Settings

__all__ = ["CLUSTERED_RATES", "clustered_block"]

CLUSTERED_RATES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
_REASONS = {"touching": touches_truth, "centre_in_fracture": has_centre_in_truth}


@dataclass(frozen=True, slots=True, eq=False)
class _Shares:
    """Of k shares, which of n images count, and which of those are successes: bool (k, n)."""

    counted: NDArray[np.bool_]
    successes: NDArray[np.bool_]

    def of(self, drawn: NDArray[np.intp]) -> list[float | None]:
        trials = self.counted[:, drawn].sum(axis=1)
        found = self.successes[:, drawn].sum(axis=1)
        return [int(s) / int(t) if t else None for s, t in zip(found, trials, strict=True)]


def clustered_block(
    cases: Sequence[Case],
    verdict: Mapping[str, Any],
    reasons: Mapping[str, Any],
    settings: Settings,
) -> dict[str, Any]:
    """Return the shares of `verdict` and `reasons` with intervals by bootstrap of groups.

    Args:
        cases: of the subset; groups are those of their truths.
        verdict: of `verdict_block` for them. A share that is undefined there keeps its reason.
        reasons: of `reason_block` for them.
        settings: operating points, resamples and seed.

    Returns:
        operating_points {name: {rate of `CLUSTERED_RATES`: estimate}} and reasons {touching,
        centre_in_fracture}, as plain JSON types.
    """
    points = _operating_points(cases, settings)
    return {
        "operating_points": {
            name: {
                rate: _with_reason(points[name, rate], verdict["operating_points"][name][rate])
                for rate in CLUSTERED_RATES
            }
            for name in settings.operating_points
        },
        "reasons": {
            name: _with_reason(found, reasons[name])
            for name, found in _reasons(cases, settings).items()
        },
    }


def _operating_points(
    cases: Sequence[Case], settings: Settings
) -> dict[tuple[str, str], dict[str, Any] | None]:
    read = [c for c in cases if c.fractured is not None and c.probability is not None]
    truth = np.array([case.fractured for case in read], dtype=np.bool_)
    scores = np.array([case.probability for case in read], dtype=np.float64)
    counted: list[NDArray[np.bool_]] = []
    successes: list[NDArray[np.bool_]] = []
    names = []
    for name, threshold in settings.operating_points.items():
        called = scores >= threshold
        every = np.ones(len(read), dtype=np.bool_)
        counted += [truth, ~truth, called, ~called, every]
        right = called == truth
        successes += [right & of_kind for of_kind in counted[-len(CLUSTERED_RATES) :]]
        names += [(name, rate) for rate in CLUSTERED_RATES]
    return dict(zip(names, _estimates(counted, successes, truth, read, settings), strict=True))


def _reasons(cases: Sequence[Case], settings: Settings) -> dict[str, dict[str, Any] | None]:
    right = [case for case in cases if case.fractured and case.verdict == "fractured"]
    boxed = [case for case in right if case.truth_boxes is not None and len(case.truth_boxes)]
    every = np.ones(len(boxed), dtype=np.bool_)
    successes = [
        np.array([holds(case) for case in boxed], dtype=np.bool_) for holds in _REASONS.values()
    ]
    found = _estimates([every] * len(_REASONS), successes, every, boxed, settings)
    return dict(zip(_REASONS, found, strict=True))


def _estimates(
    counted: Sequence[NDArray[np.bool_]],
    successes: Sequence[NDArray[np.bool_]],
    positive: NDArray[np.bool_],
    cases: Sequence[Case],
    settings: Settings,
) -> list[dict[str, Any] | None]:
    """Return an estimate for each share; None where the share is undefined."""
    if not cases or not counted:
        return [None] * len(counted)
    estimates = bootstrap_estimates(
        _Shares(np.stack(counted), np.stack(successes)).of,
        positive,
        [case.truth.group for case in cases],
        "",
        n_resamples=settings.n_resamples,
        seed=settings.seed,
    )
    return [None if one.value is None else one.to_json() for one in estimates]


def _with_reason(found: dict[str, Any] | None, plain: Mapping[str, Any]) -> dict[str, Any]:
    return dict(plain) if found is None else found
