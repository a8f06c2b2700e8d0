"""How often attributes of the whole image are right, where the truth tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detect.data.body_regions import shows_region
from detect.evaluate.cases import Truth
from detect.evaluate.estimate import proportion
from detect.evaluate.verdict_metrics import auroc_delong
from detect.record import Failure, Reading

__all__ = ["attribute_block"]

_SCOPE = "out_of_scope"
_REGION = "region_"


def attribute_block(
    truths: Sequence[Truth], records: Sequence[Reading | Failure]
) -> dict[str, Any] | None:
    """Return `attributes` of `metrics.json`; None where no reading tells any that are measured.

    An image that is taken to be out of scope has no region, and is left out of the regions'
    figures; `out_of_scope` says how many there are.

    Args:
        truths: of the images.
        records: matched by path.
    """
    known = {truth.path: truth for truth in truths}
    readings = [
        (known[record.source.path], record.attributes)
        for record in records
        if isinstance(record, Reading) and record.source.path in known
    ]
    names = sorted({name for _, told in readings for name in told if name.startswith(_REGION)})
    regions: dict[str, Any] = {}
    for name in names:
        pairs = [
            (shows, told[name])
            for truth, told in readings
            if name in told
            and (shows := shows_region(truth.attributes, name.removeprefix(_REGION))) is not None
        ]
        truth_of = np.array([shows for shows, _ in pairs], bool)
        chance = np.array([said.probability for _, said in pairs], np.float64)
        right = sum((said.label == "yes") == shows for shows, said in pairs)
        regions[name] = {
            "n": len(pairs),
            "n_yes": int(truth_of.sum()),
            "accuracy": proportion(right, len(pairs), "no image tells its region").to_json(),
            "auroc": auroc_delong(truth_of, chance).to_json(),
        }
    scoped = [told[_SCOPE].label == "yes" for _, told in readings if _SCOPE in told]
    if not regions and not scoped:
        return None
    return {
        "regions": regions,
        _SCOPE: {
            "n": len(scoped),
            "n_yes": sum(scoped),
            "share": proportion(sum(scoped), len(scoped), "no reading says it").to_json(),
        },
    }
