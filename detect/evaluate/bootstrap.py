"""Intervals that respect groups: images of one patient are drawn together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import CONFIDENCE_LEVEL, Estimate

__all__ = ["bootstrap_estimates"]

LEAST_DEFINED = 0.9  # share of resamples on which a statistic must be defined


def bootstrap_estimates(
    statistics: Callable[[NDArray[np.intp]], Sequence[float | None]],
    positive: NDArray[np.bool_],
    groups: Sequence[str | None],
    undefined: str,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[Estimate, ...]:
    """Return each statistic of the sample with its percentile bootstrap interval.

    The groups (patients) are drawn with replacement, all images of a group together
    (cluster bootstrap: Davison & Hinkley, "Bootstrap Methods and their Application",
    1997, section 3.8), separately among groups with and without a positive image, so
    that every resample keeps the mix. Percentile interval: Efron & Tibshirani, "An
    Introduction to the Bootstrap", 1993, chapter 13.

    Args:
        statistics: from image indices, shape (k,), with repeats, to one value per
            statistic; None where a statistic is undefined on those images.
        positive: shape (n,); whether an image is fractured.
        groups: n names; None makes the image a group of its own.
        undefined: the reason to give where a statistic is undefined on the sample.
        n_resamples: number of resamples.
        seed: of the random generator; the same seed gives the same interval.

    Raises:
        ValueError: there is no image, or the lengths differ.
    """
    n = len(positive)
    if n == 0 or len(groups) != n:
        raise ValueError(f"expected as many groups as images, at least one: {len(groups)}, {n}")
    values = statistics(np.arange(n))
    strata = _strata(positive, groups)
    if any(len(stratum) == 1 for stratum in strata):
        reason = "no interval: only one group with, or only one without, a fractured image"
        return tuple(
            Estimate(value, reason=undefined if value is None else reason) for value in values
        )
    draws = np.empty((n_resamples, len(values)))
    generator = np.random.default_rng(seed)
    for row in draws:
        chosen = [
            stratum[pick]
            for stratum in strata
            for pick in generator.integers(len(stratum), size=len(stratum))
        ]
        drawn = statistics(np.concatenate(chosen))
        row[:] = [np.nan if value is None else value for value in drawn]
    grouped = len({*groups} - {None}) > 0
    method = f"percentile bootstrap of {'groups' if grouped else 'images'}, {n_resamples} resamples"
    return tuple(
        _estimate(value, column, method, undefined)
        for value, column in zip(values, draws.T, strict=True)
    )


def _strata(
    positive: NDArray[np.bool_], groups: Sequence[str | None]
) -> list[list[NDArray[np.intp]]]:
    """Return the image indices of each group, split by whether the group has a positive."""
    members: dict[object, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(index if group is None else group, []).append(index)
    with_positive: list[NDArray[np.intp]] = []
    without: list[NDArray[np.intp]] = []
    for indices in members.values():
        array = np.asarray(indices, dtype=np.intp)
        (with_positive if positive[array].any() else without).append(array)
    return [stratum for stratum in (with_positive, without) if stratum]


def _estimate(
    value: float | None, draws: NDArray[np.float64], method: str, undefined: str
) -> Estimate:
    if value is None:
        return Estimate(None, reason=undefined)
    defined = draws[~np.isnan(draws)]
    if len(defined) < max(1, LEAST_DEFINED * len(draws)):
        return Estimate(value, reason="no interval: undefined on too many bootstrap resamples")
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Estimate(value, (float(low), float(high)), method)
