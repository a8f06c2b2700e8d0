"""Which detection head ships: one-to-one or one-to-many, whichever finds more on val."""

from __future__ import annotations

from typing import Any

from detect.model.network import FractureNetwork
from detect.train.environment import torch_device
from detect.train.infer import predict_split
from detect.train.measure import METRIC_KEYS, measure
from detect.train.prepared import Prepared

__all__ = ["choose_detection_head"]


def choose_detection_head(
    network: FractureNetwork, prepared: Prepared, device: str
) -> dict[str, Any]:
    """Return {"kept": head, "map50": {head: mAP50 on val}}."""
    place = torch_device(device)
    found = {}
    for head in network.heads:
        raw = predict_split(network, prepared, "val", place, prepared.recipe.batch, head)
        found[head] = measure(raw, prepared, "val")[METRIC_KEYS[0]]
    return {"kept": max(found, key=lambda head: found[head]), "map50": found}
