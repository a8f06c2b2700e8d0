"""From the network's two opinions, image logit and best box, to a calibrated probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "box_logit"]

_FLOOR = 1e-4  # a box score is held inside [floor, 1 - floor] so that its logit stays finite


def box_logit(best_score: float) -> float:
    """Return the log-odds of an image's best box score; `best_score` is 0 without any box."""
    held = min(max(best_score, _FLOOR), 1 - _FLOOR)
    return float(np.log(held / (1 - held)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model (Platt, 1999) over [image logit, best box logit], fitted on validation."""

    intercept: float
    image_weight: float
    box_weight: float

    def probability(self, image_logit: float, best_score: float) -> float:
        """Return P(fracture) in [0, 1]."""
        return float(
            self.probabilities(np.array([image_logit]), np.array([box_logit(best_score)]))[0]
        )

    def probabilities(
        self, image_logits: NDArray[np.float64], box_logits: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return P(fracture) of many images, shape (n,), from logits of shape (n,)."""
        z = self.intercept + self.image_weight * image_logits + self.box_weight * box_logits
        return np.exp(-np.logaddexp(0.0, -z))
