"""Findings on the picture: outlines, and labels beside them.

supervision's own label annotators neither keep off other boxes nor set text outside
ASCII without copying the whole picture, so labels are placed and pasted here.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.draw.outline import draw_outline
from detect.draw.placement import place_labels
from detect.draw.style import BOX_STYLES, BoxStyle, Scale
from detect.draw.text import text_tag
from detect.record import Finding, FindingCertainty

__all__ = ["draw_findings", "finding_text"]

_LABEL_WIDTH_IN_EMS = 14  # longer labels take a second line

_ORDER: tuple[FindingCertainty, ...] = ("none", "suspicious", "definite")  # the last on top


def finding_text(finding: Finding) -> str:
    """Return the label of a finding, such as "F1 0.83"."""
    if finding.origin == "evidence":
        return f"{finding.finding_id} suspicious region (evidence map)"
    named = "" if finding.label == "fracture" else f" {finding.label}"
    return f"{finding.finding_id}{named} {finding.score:.2f}"


def _outlines(
    findings: Sequence[Finding], scale: Scale, frame: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the pixels of each outline's corners, padded outward and clipped; (n, 4)."""
    boxes = [(f.box.x1, f.box.y1, f.box.x2, f.box.y2) for f in findings]
    xyxy = np.array(boxes, dtype=np.float64).reshape(-1, 4) * scale.factor
    low = np.floor(xyxy[:, :2]) - scale.padding
    high = np.ceil(xyxy[:, 2:]) - 1 + scale.padding  # edge coordinates to the last pixel
    inset = scale.line // 2  # the whole line stays in the picture
    last = np.array(frame) - 1 - inset
    return np.hstack([np.clip(low, inset, last), np.clip(high, inset, last)])


def _draw_leader(
    picture: NDArray[np.uint8],
    tag: NDArray[np.uint8],
    corner: tuple[int, int],
    outline: NDArray[np.float64],
    style: BoxStyle,
    scale: Scale,
) -> None:
    """Join a label that lies away from its outline to it, by a thin line."""
    (x, y), (height, width) = corner, tag.shape[:2]
    near_box = np.clip((x + width / 2, y + height / 2), outline[:2], outline[2:])
    near_tag = np.clip(near_box, (x, y), (x + width - 1, y + height - 1))
    if np.abs(near_box - near_tag).max() > 2 * scale.padding:
        start, end = near_box.astype(int).tolist(), near_tag.astype(int).tolist()
        cv2.line(picture, start, end, style.colour[::-1], max(1, scale.line // 2), cv2.LINE_AA)


def draw_findings(
    picture: NDArray[np.uint8], findings: Sequence[Finding], scale: Scale
) -> tuple[Finding, ...]:
    """Outline and label findings in place.

    Args:
        picture: BGR, uint8, shape (h, w, 3): the radiograph, enlarged by `scale.factor`.
        findings: in the frame of the radiograph before it was enlarged.
        scale: sizes.

    Returns:
        The findings whose label found no room; their outlines are drawn all the same.
    """
    if not findings:
        return ()
    frame = (picture.shape[1], picture.shape[0])
    outlines = _outlines(findings, scale, frame)
    room = max(1, min(frame[0] - 2 * scale.padding, _LABEL_WIDTH_IN_EMS * scale.label))
    styles = [BOX_STYLES[f.certainty] for f in findings]
    tags = [
        text_tag(finding_text(f), scale.label, style.colour, room)
        for f, style in zip(findings, styles, strict=True)
    ]
    sizes = [(tag.shape[1], tag.shape[0]) for tag in tags]
    around = outlines + np.array([0, 0, 1, 1])
    grey = picture[:, :, 0]  # nothing is drawn on it yet
    places = place_labels(around, sizes, [s.reach for s in styles], grey, gap=scale.padding)
    for certainty in _ORDER:
        style = BOX_STYLES[certainty]
        dash = style.dash and (style.dash[0] * scale.line, style.dash[1] * scale.line)
        for finding, outline in zip(findings, outlines, strict=True):
            if finding.certainty == certainty:
                draw_outline(picture, outline, style.colour, scale.line, dash)
    placed = [
        (tag, place, outline, style)
        for tag, place, outline, style in zip(tags, places, outlines, styles, strict=True)
        if place is not None
    ]
    for tag, place, outline, style in placed:
        _draw_leader(picture, tag, place, outline, style, scale)
    for tag, (x, y), _, _ in placed:
        picture[y : y + tag.shape[0], x : x + tag.shape[1]] = tag
    return tuple(f for f, place in zip(findings, places, strict=True) if place is None)
