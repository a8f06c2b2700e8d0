"""The regions that phantoms show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from detect.data.phantom.anatomy import Limb
from detect.data.phantom.arm import forearm, hand
from detect.data.phantom.lower_limb import femur, leg

__all__ = ["REGIONS", "REGION_ODDS"]

REGIONS: Mapping[str, Callable[[np.random.Generator], Limb]] = MappingProxyType(
    {"forearm": forearm, "hand": hand, "leg": leg, "femur": femur}
)

# about the mix of limbs in a trauma clinic
REGION_ODDS = MappingProxyType({"forearm": 0.36, "hand": 0.24, "leg": 0.26, "femur": 0.14})
