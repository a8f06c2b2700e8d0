"""Free-response ROC: fractures found against false positives per image.

Bunch et al., SPIE 1977; Chakraborty, "Observer Performance Methods for Diagnostic
Imaging", 2017. Sensitivity is the share of annotated boxes found. False positives are
counted in one of two ways, both in use: over all images, normals included (`all`), or on the
images without a fracture alone, divided by their number (`normals`), since a mark beside a
true fracture troubles a reader less than one on a healthy bone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detect.evaluate.matching import Matches

__all__ = ["DENOMINATORS", "Denominator", "FrocCurve", "froc_curve", "sensitivities_at"]

Denominator = Literal["all", "normals"]
DENOMINATORS: tuple[Denominator, ...] = ("all", "normals")


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


def froc_curve(
    matches: Matches,
    drawn: NDArray[np.intp] | None = None,
    denominator: Denominator = "all",
    read: NDArray[np.bool_] | None = None,
) -> FrocCurve | None:
    """Return the curve, or None without an annotated box or without an image to divide by.

    Args:
        matches: with every detection, down to the lowest score.
        drawn: image indices with repeats, for the bootstrap; None: every image once.
        denominator: on which images false positives are counted.
        read: shape (n,), whether an image was read; the others' fractures are missed, but they
            are not among the images that false positives are divided by, or else a failure would
            lower their rate. None: all were.
    """
    weights = matches.weights(drawn)
    n_truths = int(weights @ matches.n_truths)
    judged = (matches.n_truths == 0) | (denominator == "all")
    if read is not None:
        judged &= read
    n_judged = int(weights @ judged)
    if n_truths == 0 or n_judged == 0:
        return None
    counts = weights[matches.images]
    found = np.cumsum(counts * matches.hits)
    false = np.cumsum(counts * (~matches.hits & judged[matches.images]))
    # Boxes of equal score pass a threshold together: only the last of them is a point.
    last = np.append(matches.scores[1:] != matches.scores[:-1], True)[: len(matches.scores)]
    return FrocCurve(matches.scores[last], false[last] / n_judged, found[last] / n_truths)


def sensitivities_at(
    matches: Matches,
    rates: Sequence[float],
    drawn: NDArray[np.intp] | None = None,
    denominator: Denominator = "all",
    read: NDArray[np.bool_] | None = None,
) -> list[tuple[float, float | None]] | None:
    """Return, per rate, the highest sensitivity at no more false positives, and its threshold.

    No interpolation between thresholds: each point can be had in practice. The threshold
    is None, and the sensitivity 0, where no threshold stays within the rate. None where
    there is no curve.

    Args:
        matches: as in `froc_curve`.
        rates: false positives per image, >= 0.
        drawn: as in `froc_curve`.
        denominator, read: as in `froc_curve`.
    """
    curve = froc_curve(matches, drawn, denominator, read)
    if curve is None:
        return None
    counts = np.searchsorted(curve.false_positives, rates, side="right")
    return [
        (float(curve.sensitivities[n - 1]), float(curve.thresholds[n - 1])) if n else (0.0, None)
        for n in counts.tolist()
    ]
