"""A supervision annotator for dashed and dotted boxes, which supervision lacks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from supervision import Color, Detections
from supervision.annotators.base import BaseAnnotator

__all__ = ["DashedBoxAnnotator"]


class DashedBoxAnnotator(BaseAnnotator):
    """Outlines boxes with strokes; every corner is drawn, however small the box.

    Args:
        color: of the strokes.
        thickness: pixels.
        dash: stroke and gap, pixels; they shrink evenly so that a side ends in a stroke.
    """

    def __init__(self, color: Color, thickness: int, dash: tuple[float, float]) -> None:
        self.color = color
        self.thickness = thickness
        self.dash = dash

    def annotate(self, scene: NDArray[np.uint8], detections: Detections) -> NDArray[np.uint8]:
        """Draw on `scene` (BGR, uint8, (h, w, 3)) in place and return it."""
        for x1, y1, x2, y2 in detections.xyxy.astype(int).tolist():
            for start, end in (
                ((x1, y1), (x2, y1)),
                ((x2, y1), (x2, y2)),
                ((x1, y2), (x2, y2)),
                ((x1, y1), (x1, y2)),
            ):
                self._side(scene, np.array(start), np.array(end))
        return scene

    def _side(
        self, scene: NDArray[np.uint8], start: NDArray[np.int_], end: NDArray[np.int_]
    ) -> None:
        length = float(np.abs(end - start).sum()) + 1
        stroke, gap = self.dash
        # n strokes and n - 1 gaps, with two strokes at the least
        strokes = max(2, round((length + gap) / (stroke + gap)))
        shrink = length / (strokes * stroke + (strokes - 1) * gap)
        step = np.sign(end - start)
        for index in range(strokes):
            first = round(index * (stroke + gap) * shrink)
            last = max(first, round((index * (stroke + gap) + stroke) * shrink) - 1)
            cv2.line(
                scene,
                tuple((start + step * first).tolist()),
                tuple((start + step * last).tolist()),
                self.color.as_bgr(),
                self.thickness,
            )
