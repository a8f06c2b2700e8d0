"""Splits that a model has seen: what that means for figures measured on them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SEEN_SPLITS"]

# One sentence each, for stderr, table, page and `data.caution` of metrics.json.
SEEN_SPLITS: Mapping[str, str] = {
    "train": (
        "These are images of the split that models are trained on: figures on it flatter, since "
        "they say how well a model remembers, not how well it would do."
    ),
    "val": (
        "These are images of the split on which training stops and thresholds and calibration are "
        "chosen: figures on it flatter. Only the test split is held out."
    ),
}
