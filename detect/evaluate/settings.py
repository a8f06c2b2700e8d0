"""What an evaluation is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the figures are measured by; stated in the report."""

    operating_points: Mapping[str, float]  # name to threshold on the probability
    specificity: float = 0.90  # at which sensitivity is given
    ece_bins: int = 10
    fp_rates: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)  # false positives per image
    froc_iou: float = 0.3  # from which on a box has found a fracture
    shown_fp_rate: float = 0.5  # at whose threshold figures by size are given
    prevalence: float | None = None  # share of fractured images for which PPV and NPV are given
    n_resamples: int = 1000  # of each bootstrap
    seed: int = 0  # of each bootstrap
