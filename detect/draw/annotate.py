"""The annotated picture: banner, radiograph with its findings, heat map, footer."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.draw.banner import banner_paragraphs, footer_paragraphs
from detect.draw.evidence import evidence_panel
from detect.draw.findings import draw_findings, finding_text
from detect.draw.style import Scale, scale_for
from detect.draw.text import text_strip
from detect.read.radiograph import Radiograph
from detect.record import Reading

__all__ = ["annotate"]

_MIN_WIDTH_IN_EMS = 26  # the banner of a narrow radiograph is this wide, in font sizes


def _enlarged(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Return BGR, uint8, shape (h * factor, w * factor, 3)."""
    if factor > 1:
        height, width = pixels.shape
        size = (width * factor, height * factor)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)


def _side_by_side(
    picture: NDArray[np.uint8], panel: NDArray[np.uint8] | None, scale: Scale
) -> NDArray[np.uint8]:
    """Set the panel to the right, on black; centred where the banner is wider."""
    if panel is not None:
        height = max(len(picture), len(panel))
        parts = [picture, np.zeros((1, scale.margin, 3), np.uint8), panel]
        picture = np.hstack(
            [np.pad(part, ((0, height - len(part)), (0, 0), (0, 0))) for part in parts]
        )
    missing = max(0, _MIN_WIDTH_IN_EMS * scale.text - picture.shape[1])
    return np.pad(picture, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))


def annotate(
    radiograph: Radiograph,
    reading: Reading,
    evidence: NDArray[np.float32] | None = None,
    *,
    min_long_side: int = 640,
) -> NDArray[np.uint8]:
    """Draw a reading for a person.

    The radiograph keeps its pixels but for thin outlines and small labels outside them:
    solid for definite, dashed for suspicious, dotted grey for lesser findings. Verdict,
    probability, operating point, bundle and warnings stand above it, the legend and the
    intended use below it, the heat map to its right.

    Args:
        radiograph: what was read.
        reading: the record of it.
        evidence: float32, shape (a, b) of any resolution, 0..1, covering the whole
            radiograph; None leaves the heat map out.
        min_long_side: smaller radiographs are enlarged by a whole number until their
            longer side has this many pixels.

    Returns:
        BGR, uint8, shape (h', w', 3).

    Raises:
        ValueError: the pixels or the evidence map are not as stated.
    """
    pixels = radiograph.pixels
    if pixels.ndim != 2 or pixels.size == 0 or pixels.dtype != np.uint8:
        raise ValueError(f"expected uint8 (h, w) pixels, not {pixels.dtype} {pixels.shape}")
    scale = scale_for(pixels.shape[1], pixels.shape[0], min_long_side)
    picture = _enlarged(pixels, scale.factor)
    unlabelled = draw_findings(picture, reading.findings, scale)
    panel = None if evidence is None else evidence_panel(pixels, evidence, scale)
    middle = _side_by_side(picture, panel, scale)
    texts = [finding_text(finding) for finding in unlabelled]
    banner = banner_paragraphs(reading, scale)
    footer = footer_paragraphs(reading.findings, texts, scale)
    width = middle.shape[1]
    return np.vstack(
        [
            text_strip(banner, width, scale.margin),
            middle,
            text_strip(footer, width, scale.margin),
        ]
    )
