"""Fitting what is in scope: how far pooled features lie from those of the training.

Chosen on FracAtlas: the density on train, everything else by what it told of `val` and of
pictures of other kinds (photographs, pages, other parts of the body, test patterns). Plain
standardised features, one to three pooled values a channel, single levels of the pyramid, nearest
neighbours, and 16 to 256 axes were tried beside this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detect.model.attributes import (
    ATTRIBUTES_SCHEMA,
    AttributeHeads,
    AttributesFile,
    ScopeFit,
    normal_scores,
)

__all__ = ["LEAST_IMAGES", "MOST_FALSE_ALARMS", "fit_scope", "short"]

LEAST_IMAGES = 50  # fewer say too little of how radiographs vary
MOST_FALSE_ALARMS = 0.015  # share of unseen training images beyond the threshold
_AXES = 128
_IMAGES_AN_AXIS = 6  # at least
_FOLDS = 5
_SLOPES = (1.0, 40.0)  # what is searched
_TAIL = 0.005  # share of images beyond the outermost quantile
_QUANTILES = 17
_FURTHEST = 4.0  # the score of whatever lies far out, so that no one feature decides
_DIGITS = 7  # significant ones: no fewer than those of the features

Features = NDArray[np.float64]


def fit_scope(features: Features, groups: NDArray[np.intp], strangers: Features) -> ScopeFit:
    """Fit the distance, its threshold, and how fast the probability grows beyond it.

    The threshold is a quantile of the distances of images that the fit had not seen: of folds
    that keep groups together. The slope is the likeliest one (Platt, 1999, with his targets)
    for these distances and those of pictures that are no radiographs, both counted alike.

    Args:
        features: (n, D) of the training images, at least `LEAST_IMAGES`.
        groups: (n,), of the images; images of one group are never apart.
        strangers: (m, D) of pictures that are no radiographs.
    """
    from sklearn.model_selection import GroupKFold

    unseen = np.empty(len(features))
    folds = GroupKFold(min(_FOLDS, len(np.unique(groups))))
    for rest, held in folds.split(features, groups=groups):
        unseen[held] = _log_distances(_density(features[rest]), features[held])
    centre = float(np.quantile(unseen, 1 - MOST_FALSE_ALARMS))
    fitted = _density(features)
    slope = _slope(unseen - centre, _log_distances(fitted, strangers) - centre)
    return fitted.model_copy(update={"centre": short([centre])[0], "slope": short([slope])[0]})


def short(numbers: NDArray[np.float64] | list[float]) -> tuple[float, ...]:
    """Return numbers with as many digits as mean something, for a smaller file."""
    return tuple(float(f"{number:.{_DIGITS}g}") for number in numbers)


def _density(features: Features) -> ScopeFit:
    """Fit normal scores and their probabilistic PCA."""
    from sklearn.decomposition import PCA

    knots, scores = _marginals(features)
    axes = max(1, min(_AXES, len(features) // _IMAGES_AN_AXIS, features.shape[1] - 1))
    # normal scores have mean 0 but for what the ends of the tails take
    fitted = PCA(axes, svd_solver="full").fit(normal_scores(features, knots, scores))
    return ScopeFit(
        scores=tuple(map(float, scores)),
        knots=tuple(tuple(map(float, row)) for row in knots),
        axes=tuple(short(axis) for axis in fitted.components_),
        variances=short(fitted.explained_variance_),
        noise=short([fitted.noise_variance_])[0],
        centre=0.0,
        slope=1.0,
    )


def _marginals(features: Features) -> tuple[Features, Features]:
    """Return quantiles of each feature, (D, K), and their normal scores, (K,).

    The tails go on as those of a normal distribution with the middle's spread.
    """
    from scipy.stats import norm

    shares = np.linspace(_TAIL, 1 - _TAIL, _QUANTILES)
    inner = norm.ppf(shares)
    quantiles = np.quantile(features, shares, axis=0).T
    low, high = np.quantile(features, [0.1, 0.9], axis=0)
    least = np.maximum(1e-6 * np.abs(features).max(0), 1e-9)  # for a feature that hardly varies
    spread = (high - low) / (2 * norm.ppf(0.9)) + 1000 * least
    reach = (spread * (_FURTHEST - inner[-1]))[:, None]
    knots = np.hstack([quantiles[:, :1] - reach, quantiles, quantiles[:, -1:] + reach])
    knots += least[:, None] * np.arange(knots.shape[1])  # of equal quantiles, ascending ones
    scores = np.array([-_FURTHEST, *inner, _FURTHEST])
    return np.array([short(row) for row in knots]), np.array(short(scores))


def _log_distances(scope: ScopeFit, features: Features) -> Features:
    nothing = (0.0,) * features.shape[1]
    file = AttributesFile(
        schema_version=ATTRIBUTES_SCHEMA,
        mean=nothing,
        scale=tuple(1.0 for _ in nothing),
        regions={},
        scope=scope,
    )
    distances: Features = np.log(AttributeHeads.of(file).squared_distances(features))
    return distances


def _slope(near: Features, far: Features) -> float:
    from scipy.optimize import minimize_scalar

    targets = 1 / (len(near) + 2), (len(far) + 1) / (len(far) + 2)

    def loss(slope: float) -> float:
        return sum(
            float(np.mean(np.logaddexp(0, slope * at) - target * slope * at))
            for at, target in zip((near, far), targets, strict=True)
        )

    return float(minimize_scalar(loss, bounds=_SLOPES, method="bounded").x)
