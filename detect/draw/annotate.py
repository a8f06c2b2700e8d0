"""The annotated picture: banner, radiograph with its findings, heat map, footer."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.draw.banner import banner_paragraphs, footer_paragraphs
from detect.draw.evidence import evidence_panel
from detect.draw.findings import draw_findings, finding_text
from detect.draw.style import scale_for
from detect.draw.text import is_grey, text_strip
from detect.read.radiograph import Radiograph
from detect.record import Reading

__all__ = ["annotate"]

_MIN_WIDTH_IN_EMS = 26  # the banner of a narrow radiograph is this wide, in font sizes


def _show(pixels: NDArray[np.uint8], factor: int, place: NDArray[np.uint8]) -> None:
    """Fill `place`, shape (h * factor, w * factor) or that and 3 for BGR, with the radiograph."""
    if factor > 1:
        size = (place.shape[1], place.shape[0])
        if place.ndim == 2:
            cv2.resize(pixels, size, dst=place, interpolation=cv2.INTER_CUBIC)
            return
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    if place.ndim == 2:
        place[:] = pixels
    else:
        cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR, dst=place)


def annotate(
    radiograph: Radiograph,
    reading: Reading,
    evidence: NDArray[np.float32] | None = None,
    *,
    min_long_side: int = 640,
    grey_allowed: bool = False,
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
        grey_allowed: return the one grey channel of a picture in which nothing is coloured,
            as most are.

    Returns:
        BGR, uint8, shape (h', w', 3); with `grey_allowed` also uint8, shape (h', w').

    Raises:
        ValueError: the pixels or the evidence map are not as stated.
    """
    pixels, findings = radiograph.pixels, reading.findings
    if pixels.ndim != 2 or pixels.size == 0 or pixels.dtype != np.uint8:
        raise ValueError(f"expected uint8 (h, w) pixels, not {pixels.dtype} {pixels.shape}")
    scale = scale_for(pixels.shape[1], pixels.shape[0], min_long_side)
    height, width = (side * scale.factor for side in pixels.shape)
    panel = None if evidence is None else evidence_panel(pixels, evidence, scale)
    beside = 0 if panel is None else scale.margin + panel.shape[1]
    rows = height if panel is None else max(height, len(panel))
    columns = max(width + beside, _MIN_WIDTH_IN_EMS * scale.text)
    left = (columns - width - beside) // 2  # centred where the banner is wider
    banner = banner_paragraphs(reading, scale)
    footer = footer_paragraphs(findings, (), scale)
    plain = grey_allowed and not findings and panel is None and is_grey([*banner, *footer])
    channels: Literal[1, 3] = 1 if plain else 3
    above = text_strip(banner, columns, scale.margin, channels=channels)
    below = text_strip(footer, columns, scale.margin, channels=channels)

    end = len(above) + rows
    picture = np.empty((end + len(below), *above.shape[1:]), np.uint8)
    picture[: len(above)] = above
    middle = picture[len(above) : end]
    if (rows, columns) != (height, width):
        middle[:] = 0
    shown = middle[:height, left : left + width]
    _show(pixels, scale.factor, shown)
    if panel is not None:
        start = left + width + scale.margin
        middle[: len(panel), start : start + panel.shape[1]] = panel
    if findings and (unlabelled := draw_findings(shown, findings, scale)):
        texts = [finding_text(finding) for finding in unlabelled]
        below = text_strip(footer_paragraphs(findings, texts, scale), columns, scale.margin)
        return np.vstack([picture[:end], below])
    picture[end:] = below
    return picture
