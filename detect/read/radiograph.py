"""The one value that readers produce and the rest of the package receives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detect.record import Source

__all__ = ["Radiograph"]


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One decoded image or frame, ready for the model and for drawing.

    Attributes:
        pixels: uint8, shape (height, width), C-contiguous, bone light on dark,
            as a viewer shows it.
        source: where it came from; `source.width`/`height` equal the shape of `pixels`.
    """

    pixels: NDArray[np.uint8]
    source: Source
