"""From line integrals to the picture that a viewer shows.

Exposure (Beer-Lambert), scatter as a low-frequency veil, the blur of the screen, photon
noise, then what every digital system does before anyone sees the picture: logarithm,
multi-frequency enhancement (which draws the dark seam around the skin) and a tone curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Exposure", "draw_exposure", "expose", "present"]

FloatArray = NDArray[np.float32]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a picture was taken and processed."""

    photons: float  # quanta per pixel without an object
    scatter: float  # share of the primary signal that comes back as a veil
    blur: float  # standard deviation of the screen's blur, in pixels
    edge: float  # gain of the fine detail, 1 = none
    local: float  # gain of the middle detail, 1 = none
    base: float  # display level of the bare background, 0..1
    top: float  # display level of the densest bone, 0..1
    gamma: float  # of the tone curve


def draw_exposure(rng: Random) -> Exposure:
    """Draw an exposure and its processing at random."""
    return Exposure(
        photons=float(np.exp(rng.uniform(np.log(8e3), np.log(1e5)))),
        scatter=rng.uniform(0.02, 0.1),
        blur=rng.uniform(0.35, 0.75),
        edge=rng.uniform(1.2, 1.9),
        local=rng.uniform(1.2, 1.7),
        base=rng.uniform(0.02, 0.13),
        top=rng.uniform(0.55, 0.9),
        gamma=rng.uniform(1.15, 1.75),
    )


def expose(integral: FloatArray, oversampling: int, exposure: Exposure, rng: Random) -> FloatArray:
    """Return the logarithmic signal -ln(I/I0) that the detector records.

    Args:
        integral: float32, shape (height * oversampling, width * oversampling).

    Returns:
        float32, shape (height, width); larger behind denser matter.
    """
    height, width = (n // oversampling for n in integral.shape)
    fine = np.exp(-integral)
    primary = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    primary = cv2.GaussianBlur(primary, (0, 0), exposure.blur)
    veil = cv2.GaussianBlur(primary, (0, 0), 0.06 * max(height, width))
    quanta = (primary + exposure.scatter * veil) * exposure.photons
    counts = rng.poisson(quanta).astype(np.float32)
    # the screen spreads each quantum a little, which takes the finest grain off the noise
    noisy = cv2.GaussianBlur(counts, (0, 0), 0.45)
    return np.asarray(-np.log(np.maximum(noisy, 1.0) / exposure.photons), np.float32)


def present(signal: FloatArray, exposure: Exposure) -> FloatArray:
    """Return display values, 0..1, bone light on dark, same shape as `signal`."""
    scale = max(signal.shape)
    broad = cv2.GaussianBlur(signal, (0, 0), 0.03 * scale)
    middle = cv2.GaussianBlur(signal, (0, 0), 1.6)
    shown = broad + exposure.local * (middle - broad) + exposure.edge * (signal - middle)
    air = float(np.percentile(signal, 2))
    dense = max(float(np.percentile(shown, 99.3)), air + 0.5)
    level = (shown - air) / (dense - air)
    body = np.sign(level) * np.abs(level) ** exposure.gamma
    tone = exposure.base + (exposure.top - exposure.base) * body
    # a shoulder above `top`: metal and the densest bone stay below white
    room = 0.97 - exposure.top
    over = np.maximum(tone - exposure.top, 0.0)
    tone = np.minimum(tone, exposure.top) + room * (1 - np.exp(-over / max(room, 1e-3)))
    return np.asarray(np.clip(tone, 0.004, 1.0), np.float32)
