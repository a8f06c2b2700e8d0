"""Whether a set of cases is large enough for its figures to mean much."""

from __future__ import annotations

from typing import Any

__all__ = ["LEAST_OF_A_KIND", "too_few"]

LEAST_OF_A_KIND = 30


def too_few(subset: dict[str, Any]) -> str | None:
    """Return why a subset's figures are to be read with doubt, or None where they need not be.

    Sensitivity rests on the fractured images alone and specificity on the others alone, so
    both must be `LEAST_OF_A_KIND`: the least that the U.S. National Center for Health
    Statistics publishes a proportion of (Parker et al., "Data Presentation Standards for
    Proportions", Vital and Health Statistics 2(175), 2017). With 30 images the 95 % interval
    of a rate of 0.8 is still 0.28 wide.

    Args:
        subset: one of the `subsets` of `metrics.json`.
    """
    verdict = subset["verdict"]
    fractured, normal = verdict["n_fractured"], verdict["n_not_fractured"]
    if min(fractured, normal) >= LEAST_OF_A_KIND:
        return None
    return f"too few: {fractured} fractured, {normal} not; {LEAST_OF_A_KIND} of each are wanted"
