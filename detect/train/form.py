"""How pixels become a network's input: in validation as in the graph that ships."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from detect.model.bundle import InputForm
from detect.model.preprocess import PAD_TO, PAD_VALUE

if TYPE_CHECKING:  # importing it imports ultralytics, which must wait for its settings
    from detect.model.network import FractureNetwork

__all__ = ["input_form"]


def input_form(network: FractureNetwork, size: int) -> InputForm:
    """Return the form of `network`'s input, trained for `size` pixels on the longer side."""
    pad_to = math.lcm(PAD_TO, int(network.stride.max()))
    return InputForm(size=size, pad_to=pad_to, pad_value=PAD_VALUE)
