"""Intervals that respect groups: images of one patient are drawn together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.estimate import CONFIDENCE_LEVEL, Estimate
from detect.evaluate.paired import Difference

__all__ = ["Statistics", "bootstrap_differences", "bootstrap_estimates"]

LEAST_DEFINED = 0.9  # share of resamples on which a statistic must be defined
# Of three groups, each ninth draw is of one group alone, so that the ends of a 95 % interval would
# be the worst and the best of the three; of four, each sixty-fourth, which is below 2.5 %.
LEAST_GROUPS = 4
_ROUNDING = 1e-12  # values that differ by no more are one

Statistics = Callable[[NDArray[np.intp]], Sequence[float | None]]


@dataclass(frozen=True, slots=True, eq=False)
class _Resampled:
    """One statistic of the sample, and of every resample on which it is defined."""

    value: float | None
    defined: NDArray[np.float64]
    n_resamples: int
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class _Stratum:
    """Groups of images, laid end to end so that a draw of them is no loop."""

    images: NDArray[np.intp]  # indices of all images, one group after the other
    starts: NDArray[np.intp]  # of each group in `images`
    lengths: NDArray[np.intp]

    @classmethod
    def of(cls, groups: Sequence[NDArray[np.intp]]) -> _Stratum:
        lengths = np.array([len(group) for group in groups], dtype=np.intp)
        return cls(np.concatenate(groups), np.cumsum(lengths) - lengths, lengths)

    @property
    def n_groups(self) -> int:
        return len(self.lengths)

    def members(self, groups: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the images of the groups, in their order, with repeats."""
        lengths = self.lengths[groups]
        ends = np.cumsum(lengths)
        shift = np.repeat(self.starts[groups] - (ends - lengths), lengths)
        members: NDArray[np.intp] = self.images[shift + np.arange(ends[-1])]
        return members


def bootstrap_differences(
    statistics: Statistics,
    positive: NDArray[np.bool_],
    groups: Sequence[str | None],
    undefined: str,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[Difference, ...]:
    """Return each difference of two models with its interval and two-sided p-value.

    Both models are measured on the same resample each time, so the interval is that of their
    paired difference. The p-value is the level at which the interval would just reach 0:
    twice the smaller share of resamples on either side of 0, both counts plus one (Davison &
    Hinkley, "Bootstrap Methods and their Application", 1997, section 4.2, for the plus one); it
    cannot be less than 2 / (`n_resamples` + 1).

    Args:
        statistics: as for `bootstrap_estimates`, each a difference, first minus second.
        positive, groups, undefined, n_resamples, seed: as for `bootstrap_estimates`.

    Raises:
        ValueError: as `bootstrap_estimates`.
    """
    values, resampled = _resample(statistics, positive, groups, n_resamples, seed)
    unit = _unit(groups)
    test = f"paired bootstrap of {unit}, {n_resamples} resamples, two-sided"
    if resampled is None:
        return tuple(Difference(_too_few(value, undefined, unit), None, test) for value in values)
    found = []
    for one in resampled:
        estimate = _no_certainty(_estimate(one, undefined))
        p_value = None
        if estimate.interval is not None:
            sides = int((one.defined <= 0).sum()), int((one.defined >= 0).sum())
            p_value = min(1.0, 2 * (1 + min(sides)) / (1 + len(one.defined)))
        found.append(Difference(estimate, p_value, test))
    return tuple(found)


def bootstrap_estimates(
    statistics: Statistics,
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
    Introduction to the Bootstrap", 1993, chapter 13; none where its ends are one, or where either
    kind has fewer than `LEAST_GROUPS` groups.

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
    values, resampled = _resample(statistics, positive, groups, n_resamples, seed)
    if resampled is None:
        return tuple(_too_few(value, undefined, _unit(groups)) for value in values)
    return tuple(_no_certainty(_estimate(one, undefined)) for one in resampled)


def _no_certainty(estimate: Estimate) -> Estimate:
    """Return no interval where it is a single point: few images that agree prove nothing.

    A sample that is read perfectly resamples to nothing else, and [1, 1] would claim to know; so
    would a difference that is the same in every resample, and its p-value.
    """
    if estimate.interval is None or estimate.interval[1] - estimate.interval[0] > _ROUNDING:
        return estimate
    return Estimate(estimate.value, reason="no interval: the resamples all but agree")


def _resample(
    statistics: Statistics,
    positive: NDArray[np.bool_],
    groups: Sequence[str | None],
    n_resamples: int,
    seed: int,
) -> tuple[Sequence[float | None], list[_Resampled] | None]:
    """Return the sample's values, and the resamples'; None where there is too little to draw."""
    n = len(positive)
    if n == 0 or len(groups) != n:
        raise ValueError(f"expected as many groups as images, at least one: {len(groups)}, {n}")
    values = statistics(np.arange(n))
    strata = _strata(positive, groups)
    if any(stratum.n_groups < LEAST_GROUPS for stratum in strata):
        return values, None
    draws = np.empty((n_resamples, len(values)))
    generator = np.random.default_rng(seed)
    for row in draws:
        chosen = [
            stratum.members(generator.integers(stratum.n_groups, size=stratum.n_groups))
            for stratum in strata
        ]
        drawn = statistics(np.concatenate(chosen))
        row[:] = [np.nan if value is None else value for value in drawn]
    method = f"percentile bootstrap of {_unit(groups)}, {n_resamples} resamples"
    return values, [
        _Resampled(value, column[~np.isnan(column)], n_resamples, method)
        for value, column in zip(values, draws.T, strict=True)
    ]


def _unit(groups: Sequence[str | None]) -> str:
    return "groups" if {*groups} - {None} else "images"


def _strata(positive: NDArray[np.bool_], groups: Sequence[str | None]) -> list[_Stratum]:
    """Return the groups that have a positive image, and those that have none."""
    members: dict[object, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(index if group is None else group, []).append(index)
    with_positive: list[NDArray[np.intp]] = []
    without: list[NDArray[np.intp]] = []
    for indices in members.values():
        array = np.asarray(indices, dtype=np.intp)
        (with_positive if positive[array].any() else without).append(array)
    return [_Stratum.of(stratum) for stratum in (with_positive, without) if stratum]


def _too_few(value: float | None, undefined: str, unit: str) -> Estimate:
    few = f"fewer than {LEAST_GROUPS}"
    reason = f"no interval: {few} {unit} with a fracture, or {few} without"
    return Estimate(value, reason=undefined if value is None else reason)


def _estimate(resampled: _Resampled, undefined: str) -> Estimate:
    if resampled.value is None:
        return Estimate(None, reason=undefined)
    if len(resampled.defined) < max(1, LEAST_DEFINED * resampled.n_resamples):
        reason = "no interval: undefined on too many bootstrap resamples"
        return Estimate(resampled.value, reason=reason)
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(resampled.defined, [tail, 1 - tail])
    return Estimate(resampled.value, (float(low), float(high)), resampled.method)
