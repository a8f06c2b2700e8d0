"""How often attributes of the whole image are right, where the truth tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detect.data.body_regions import shows_region
from detect.evaluate.cases import Truth, is_fractured
from detect.evaluate.estimate import proportion
from detect.evaluate.verdict_metrics import auroc_delong
from detect.record import Failure, Reading

__all__ = ["attribute_block"]

_SCOPE = "out_of_scope"
_REGION = "region_"
_UNKNOWN = "no image tells its region"


def attribute_block(
    truths: Sequence[Truth], records: Sequence[Reading | Failure]
) -> dict[str, Any] | None:
    """Return `attributes` of `metrics.json`; None where no reading tells any that are measured.

    An image that is taken to be out of scope has no region. So accuracy and AUROC of a region are
    over images that were told to be in scope; `accuracy_of_all` is over every image whose region
    is known, one of which no region was told (out of scope, or not read) counting as wrong.

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
    told_of = {truth.path: told for truth, told in readings}
    names = sorted({name for _, told in readings for name in told if name.startswith(_REGION)})
    regions: dict[str, Any] = {}
    for name in names:
        shown = [
            (shows, told_of.get(truth.path, {}).get(name))
            for truth in truths
            if (shows := shows_region(truth.attributes, name.removeprefix(_REGION))) is not None
        ]
        pairs = [(shows, said) for shows, said in shown if said is not None]
        truth_of = np.array([shows for shows, _ in pairs], bool)
        chance = np.array([said.probability for _, said in pairs], np.float64)
        right = sum((said.label == "yes") == shows for shows, said in pairs)
        regions[name] = {
            "n": len(pairs),
            "n_yes": int(truth_of.sum()),
            "accuracy": proportion(right, len(pairs), _UNKNOWN).to_json(),
            "auroc": auroc_delong(truth_of, chance).to_json(),
            "n_of_all": len(shown),
            "accuracy_of_all": proportion(right, len(shown), _UNKNOWN).to_json(),
        }
    scoped = [
        (told[_SCOPE].label == "yes", is_fractured(truth))
        for truth, told in readings
        if _SCOPE in told
    ]
    outside = [fractured for out, fractured in scoped if out]
    if not regions and not scoped:
        return None
    return {
        "regions": regions,
        _SCOPE: {
            "n": len(scoped),
            "n_yes": len(outside),
            "n_yes_fractured": outside.count(True),
            "n_yes_not_fractured": outside.count(False),
            "share": proportion(len(outside), len(scoped), "no reading says it").to_json(),
        },
    }
