"""The evidence map as a heat map beside the radiograph."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.draw.style import MUTED, PLAIN, Scale
from detect.draw.text import Paragraph, Span, text_strip

__all__ = ["EVIDENCE_CAPTION", "evidence_panel"]

EVIDENCE_CAPTION = "where the verdict looked"

_COLOUR_MAP = cv2.COLORMAP_INFERNO  # lightness rises evenly, also for colour-blind readers
_OPACITY = 0.65  # at an evidence of 1; the bone stays visible beneath


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
    heat = np.clip(heat, 0, 1)  # cubic interpolation overshoots
    colours = cv2.applyColorMap(np.rint(heat * 255).astype(np.uint8), _COLOUR_MAP)
    opacity = (heat * _OPACITY)[:, :, None]
    blended = bone[:, :, None] * (0.8 * (1 - opacity)) + colours * opacity
    ramp = np.linspace(0, 255, width, dtype=np.uint8)[None].repeat(max(4, scale.text // 3), 0)
    bar = cv2.applyColorMap(ramp, _COLOUR_MAP)
    gap = np.zeros((scale.margin, width, 3), np.uint8)
    picture = np.vstack([np.rint(blended).astype(np.uint8), gap, bar])
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
