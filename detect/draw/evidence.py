"""The evidence map as a heat map beside the radiograph."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.draw.style import MUTED, PLAIN, Scale
from detect.draw.text import Paragraph, Span, text_strip

__all__ = ["EVIDENCE_CAPTION", "evidence_panel"]

EVIDENCE_CAPTION = "where the verdict looked"

_COLOUR_MAP = cv2.COLORMAP_INFERNO  # lightness rises evenly, also for colour-blind readers
_OPACITY = 0.65  # at an evidence of 1; the bone stays visible beneath


@lru_cache(maxsize=1)
def _blends() -> NDArray[np.uint32]:
    """Return each blend as the bytes B, G, R and 0, shape (256 of evidence, 256 of bone)."""
    levels = np.arange(256, dtype=np.uint8)
    colours = cv2.applyColorMap(levels[:, None], _COLOUR_MAP)  # shape (256, 1, 3)
    opacity = (levels / 255 * _OPACITY)[:, None, None]
    blended = levels[None, :, None] * (0.8 * (1 - opacity)) + colours * opacity
    packed = np.zeros((256, 256, 4), np.uint8)
    packed[:, :, :3] = np.rint(blended)
    return packed.view(np.uint32)[:, :, 0]


def evidence_panel(
    pixels: NDArray[np.uint8], evidence: NDArray[np.float32], scale: Scale
) -> NDArray[np.uint8]:
    """Lay the evidence map over a dimmed copy of the radiograph, with a caption.

    The panel is half as wide as the enlarged radiograph: the map is coarse, and the
    radiograph stays the main picture.

    Args:
        pixels: uint8, shape (h, w): the radiograph.
        evidence: float, any shape (a, b), 0..1, covers the whole radiograph.
        scale: sizes.

    Returns:
        BGR, uint8, shape (h', w', 3).

    Raises:
        ValueError: the map is empty, not two-dimensional, or holds values outside 0..1.
    """
    if evidence.ndim != 2 or evidence.size == 0:
        raise ValueError(f"an evidence map has two dimensions, not shape {evidence.shape}")
    if not (evidence.min() >= 0 and evidence.max() <= 1):  # false for NaN, too
        raise ValueError("an evidence map holds values from 0 to 1 only")
    height, width = (max(1, side * scale.factor // 2) for side in pixels.shape)
    bone = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    coarse = np.asarray(evidence, dtype=np.float32)
    heat = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    # to 0..255, rounded and saturated: cubic interpolation overshoots
    level = cv2.addWeighted(heat, 255, heat, 0, 0, dtype=cv2.CV_8U)
    blended = _blends().ravel().take(np.left_shift(level, 8, dtype=np.uint16) | bone)
    shown = cv2.cvtColor(blended.view(np.uint8).reshape(height, width, 4), cv2.COLOR_BGRA2BGR)
    ramp = np.linspace(0, 255, width, dtype=np.uint8)[None].repeat(max(4, scale.text // 3), 0)
    bar = cv2.applyColorMap(ramp, _COLOUR_MAP)
    gap = np.zeros((scale.margin, width, 3), np.uint8)
    picture = np.vstack([shown, gap, bar])
    caption = text_strip(
        [
            Paragraph((Span(EVIDENCE_CAPTION, PLAIN),), scale.label),
            Paragraph((Span("dark: little, bright: much", MUTED),), scale.label),
        ],
        max(width, 12 * scale.label),
        scale.margin // 2,
    )
    beside = caption.shape[1] - width
    picture = np.pad(picture, ((0, 0), (0, beside), (0, 0)))
    return np.vstack([picture, caption])
