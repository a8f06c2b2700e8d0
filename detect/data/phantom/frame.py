"""What lies around the limb in a picture: the edge of the field, marker, banding, dust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from detect.data.phantom.geometry import FloatArray

if TYPE_CHECKING:
    from detect.data.phantom.render import Setup

__all__ = ["draw_frame"]

Random = np.random.Generator


def draw_frame(shown: FloatArray, setup: Setup, rng: Random) -> FloatArray:
    """Return display values (0..1, float32, same shape) with everything around the limb."""
    shown = _banding(shown, rng)
    shown = _dust(shown, rng)
    shown = _field_edge(shown, rng)
    if rng.random() < 0.6:
        shown = _marker(shown, setup, rng)
    return shown


def _banding(shown: FloatArray, rng: Random) -> FloatArray:
    """Add the faint stripes that a plate reader leaves along its slow axis."""
    strength = rng.uniform(0.0, 0.006)
    stripes = cv2.GaussianBlur(rng.standard_normal((1, shown.shape[1]), np.float32), (0, 0), 4.0)
    return np.asarray(shown + strength * stripes / max(float(stripes.std()), 1e-6), np.float32)


def _dust(shown: FloatArray, rng: Random) -> FloatArray:
    """Add a few light specks, as dust on the plate makes."""
    height, width = shown.shape
    specks = np.zeros_like(shown)
    for _ in range(rng.poisson(3)):
        x, y = rng.integers(0, width), rng.integers(0, height)
        specks[y, x] = rng.uniform(0.1, 0.6)
    return np.asarray(shown + cv2.GaussianBlur(specks, (0, 0), 0.5), np.float32)


def _field_edge(shown: FloatArray, rng: Random) -> FloatArray:
    """Draw the border of the exposed field: bare plate (white), a shutter (black), or none."""
    height, width = shown.shape
    style = rng.choice(["none", "rim", "bare", "shutter"], p=[0.3, 0.35, 0.2, 0.15])
    if style == "none":
        return shown
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if style == "rim":  # a dark seam, then the light edge of the plate
        inside = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
        lean = rng.uniform(-0.006, 0.006)
        inside = inside + lean * (x - width / 2)
        seam = np.clip(inside / rng.uniform(3, 10), 0.15, 1)
        light = rng.uniform(0.3, 0.9) * np.exp(-((inside / 1.1) ** 2))
        return np.asarray(np.maximum(shown * seam, light), np.float32)
    lean = rng.normal(0, 0.01)
    depth = rng.uniform(0.015, 0.09) * height
    distance = (height - depth) - y + lean * (x - width / 2)
    if rng.random() < 0.25:
        distance = y - depth + lean * (x - width / 2)
    if style == "bare":
        soft = rng.uniform(1.0, 4.0)
        share = 1 / (1 + np.exp(np.clip(distance / soft, -40, 40)))
        dark = 1 - 0.6 * np.exp(-np.maximum(distance, 0) / rng.uniform(4, 14))
        return np.asarray(shown * dark * (1 - share) + rng.uniform(0.8, 0.95) * share, np.float32)
    sides = np.minimum(distance, np.minimum(x, width - x) - rng.uniform(0.0, 0.05) * width)
    share = np.clip(sides / 1.5 + 0.5, 0, 1)
    return np.asarray(shown * share, np.float32)


def _marker(shown: FloatArray, setup: Setup, rng: Random) -> FloatArray:
    """Burn in the side letter, at times with the name of the view, in the emptiest corner."""
    height, width = shown.shape
    size = max(height, width) / 454
    box_w, box_h = int(60 * size), int(40 * size)
    corners = [
        (int(fx * width), int(fy * height)) for fx in (0.06, 0.78) for fy in (0.1, 0.35, 0.6, 0.8)
    ]
    rng.shuffle(corners)
    x, y = min(corners, key=lambda c: float(shown[c[1] : c[1] + box_h, c[0] : c[0] + box_w].mean()))
    ink = np.zeros(shown.shape, np.uint8)
    big = 0.55 * size * rng.uniform(0.9, 1.3)
    thick = max(round(2 * size), 1)
    at = (x + int(14 * size), y + int(16 * size))
    cv2.putText(ink, setup.laterality, at, cv2.FONT_HERSHEY_SIMPLEX, big, 255, thick, cv2.LINE_AA)
    if rng.random() < 0.4:
        label = str(rng.choice(setup.limb.labels))
        below = (x, y + int(30 * size))
        cv2.putText(ink, label, below, cv2.FONT_HERSHEY_SIMPLEX, 0.28 * size, 215, 1, cv2.LINE_AA)
    return np.maximum(shown, ink.astype(np.float32) / 255 * np.float32(rng.uniform(0.85, 1.0)))
