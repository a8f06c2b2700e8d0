"""What the thorough check keeps of a picture, beyond its size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from detect.data.fingerprint import Fingerprint

__all__ = ["Traits", "traits_of"]


@dataclass(frozen=True, slots=True)
class Traits:
    """Small values in place of pixels."""

    fingerprint: Fingerprint
    marks: tuple[str, ...]  # signs of marks burnt into the picture, see `burnt_in`


def traits_of(image: Path, pixels: NDArray[np.uint8]) -> Traits:
    """Find the traits of one image.

    Args:
        image: the file, for what the grey pixels do not tell.
        pixels: grey, uint8, shape (height, width), as `detect.read` gives them.
    """
    # the quick check does without these, and they need the extra `data`
    from detect.data.burnt_in import marks_of
    from detect.data.fingerprint import fingerprint

    return Traits(fingerprint(pixels), marks_of(image, pixels))
