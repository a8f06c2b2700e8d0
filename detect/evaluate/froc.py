"""Free-response ROC: fractures found against false positives per image.

Bunch et al., SPIE 1977; Chakraborty, "Observer Performance Methods for Diagnostic
Imaging", 2017. Sensitivity is the share of annotated boxes found; false positives are
divided by the number of all images, normals included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.matching import Matches

__all__ = ["FrocCurve", "froc_curve", "sensitivities_at"]


@dataclass(frozen=True, slots=True, eq=False)
class FrocCurve:
    """One point per distinct score, by descending threshold; (0, 0) is left out.

    Attributes:
        thresholds: float64, shape (t,); a box counts if its score >= threshold.
        false_positives: float64, shape (t,); per image.
        sensitivities: float64, shape (t,); of annotated boxes.
    """

    thresholds: NDArray[np.float64]
    false_positives: NDArray[np.float64]
    sensitivities: NDArray[np.float64]


def froc_curve(matches: Matches, drawn: NDArray[np.intp] | None = None) -> FrocCurve | None:
    """Return the curve, or None without an annotated box.

    Args:
        matches: with every detection, down to the lowest score.
        drawn: image indices with repeats, for the bootstrap; None: every image once.
    """
    weights = matches.weights(drawn)
    n_truths = int(weights @ matches.n_truths)
    if n_truths == 0:
        return None
    counts = weights[matches.images]
    found = np.cumsum(counts * matches.hits)
    false = np.cumsum(counts * ~matches.hits)
    # Boxes of equal score pass a threshold together: only the last of them is a point.
    last = np.append(matches.scores[1:] != matches.scores[:-1], True)[: len(matches.scores)]
    return FrocCurve(matches.scores[last], false[last] / weights.sum(), found[last] / n_truths)


def sensitivities_at(
    matches: Matches, rates: Sequence[float], drawn: NDArray[np.intp] | None = None
) -> list[tuple[float, float | None]] | None:
    """Return, per rate, the highest sensitivity at no more false positives, and its threshold.

    No interpolation between thresholds: each point can be had in practice. The threshold
    is None, and the sensitivity 0, where no threshold stays within the rate. None without
    an annotated box.

    Args:
        matches: as in `froc_curve`.
        rates: false positives per image, >= 0.
        drawn: as in `froc_curve`.
    """
    curve = froc_curve(matches, drawn)
    if curve is None:
        return None
    counts = np.searchsorted(curve.false_positives, rates, side="right")
    return [
        (float(curve.sensitivities[n - 1]), float(curve.thresholds[n - 1])) if n else (0.0, None)
        for n in counts.tolist()
    ]
