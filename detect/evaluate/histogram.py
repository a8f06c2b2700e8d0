"""How often each probability is said, by truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detect.evaluate.cases import Case

__all__ = ["N_BINS", "probability_histogram"]

N_BINS = 20


def probability_histogram(cases: Sequence[Case]) -> dict[str, Any]:
    """Count the images that were read and whose truth is known, by probability of the verdict.

    `N_BINS` intervals of equal width over 0..1; each holds its lower end, the last one both.

    Returns:
        edges: N_BINS + 1 floats; fractured, not_fractured: N_BINS counts each.
    """
    edges = np.linspace(0, 1, N_BINS + 1)
    counts = {}
    for name, fractured in (("fractured", True), ("not_fractured", False)):
        said = [
            case.probability
            for case in cases
            if case.fractured is fractured and case.probability is not None
        ]
        counts[name] = np.histogram(np.array(said, dtype=np.float64), edges)[0].tolist()
    return {"edges": edges.tolist(), **counts}
