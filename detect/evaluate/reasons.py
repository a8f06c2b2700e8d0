"""Is a verdict right for the right reason, and do verdict and boxes agree?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detect.evaluate.cases import Case
from detect.evaluate.estimate import proportion

__all__ = ["has_centre_in_truth", "incoherences", "reason_block", "touches_truth"]


def reason_block(cases: Sequence[Case]) -> dict[str, Any]:
    """Return how often what is shown on a true positive lies on a fracture.

    Of the images that are fractured, were called so at the operating point of their records,
    and have annotated boxes: `touching`, some shown region overlaps an annotated box;
    `centre_in_fracture`, the centre of some shown region lies in one. Both by Wilson intervals.
    """
    right = [case for case in cases if case.fractured and case.verdict == "fractured"]
    boxed = [case for case in right if case.truth_boxes is not None and len(case.truth_boxes)]
    touching = sum(touches_truth(case) for case in boxed)
    centred = sum(has_centre_in_truth(case) for case in boxed)
    nothing = "no fractured image with annotated boxes was called fractured"
    return {
        "n_true_positive": len(right),
        "n_with_annotated_boxes": len(boxed),
        "touching": proportion(touching, len(boxed), nothing).to_json(),
        "centre_in_fracture": proportion(centred, len(boxed), nothing).to_json(),
        "incoherent": incoherences(cases),
    }


def incoherences(cases: Sequence[Case]) -> list[dict[str, str]]:
    """Return the images on which a reader would see verdict and boxes contradict each other."""
    found = []
    for case in cases:
        if case.verdict == "fractured" and not len(case.shown_boxes):
            found.append({"path": case.truth.path, "why": "called fractured, but nothing is shown"})
        elif case.verdict == "not_fractured" and len(case.shown_boxes):
            found.append(
                {"path": case.truth.path, "why": "called not fractured, but a box is shown"}
            )
    return found


def touches_truth(case: Case) -> bool:
    """Return whether some shown region overlaps an annotated box."""
    shown, truth = case.shown_boxes, case.truth_boxes
    if truth is None or not len(shown):
        return False
    low = np.maximum(shown[:, None, :2], truth[:, :2])
    high = np.minimum(shown[:, None, 2:], truth[:, 2:])
    return bool((low < high).all(axis=2).any())


def has_centre_in_truth(case: Case) -> bool:
    """Return whether the centre of some shown region lies in an annotated box."""
    shown, truth = case.shown_boxes, case.truth_boxes
    if truth is None or not len(shown):
        return False
    centre = (shown[:, None, :2] + shown[:, None, 2:]) / 2
    return bool(((centre >= truth[:, :2]) & (centre <= truth[:, 2:])).all(axis=2).any())
