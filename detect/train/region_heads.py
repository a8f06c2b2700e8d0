"""Fitting which body region an image shows: a logistic regression each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.model.attributes import EVEN, RegionFit
from detect.train.scope import short

__all__ = ["LEAST_OF_A_KIND", "RegionData", "fit_region"]

LEAST_OF_A_KIND = 10  # images that show the region, and that do not, in train and in val each
_STRENGTHS = tuple(float(10.0**power) for power in np.arange(-3, 0.51, 0.5))

Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RegionData:
    """Images of one split.

    Attributes:
        features: (n, D), standardised.
        shows: float (n,): 1, 0, or NaN where nobody says.
    """

    features: Features
    shows: NDArray[np.float64]

    @property
    def enough(self) -> bool:
        """Whether there are some of both kinds to learn or to choose from."""
        counts = (int((self.shows == truth).sum()) for truth in (0, 1))
        return min(counts) >= LEAST_OF_A_KIND

    def known(self) -> tuple[Features, NDArray[np.bool_]]:
        """Return features and truth of the images of which it is known."""
        kept = ~np.isnan(self.shows)
        return self.features[kept], self.shows[kept] == 1


def fit_region(train: RegionData, val: RegionData) -> tuple[RegionFit, dict[str, float]] | None:
    """Fit on train with the ridge penalty whose log loss on val is least.

    Returns:
        the fit, and what came of it on val: n, n_yes, accuracy, log_loss, and the penalty chosen
        (scikit-learn's C); None where either split has too few of a kind.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    if not (train.enough and val.enough):
        return None
    features, shows = train.known()
    seen, truth = val.known()
    fits = [
        LogisticRegression(C=strength, max_iter=2000).fit(features, shows)
        for strength in _STRENGTHS
    ]
    chances = [fit.predict_proba(seen)[:, 1] for fit in fits]
    losses = [float(log_loss(truth, chance)) for chance in chances]
    best = int(np.argmin(losses))
    fit = RegionFit(intercept=short(fits[best].intercept_)[0], weights=short(fits[best].coef_[0]))
    return fit, {
        "n": len(truth),
        "n_yes": int(truth.sum()),
        "accuracy": round(float(np.mean((chances[best] >= EVEN) == truth)), 4),
        "log_loss": round(losses[best], 4),
        "penalty": _STRENGTHS[best],
    }
