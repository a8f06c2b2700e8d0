"""A supervision annotator for dashed and dotted boxes, which supervision lacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from supervision import Color, Detections
from supervision.annotators.base import BaseAnnotator

from detect.draw.outline import draw_outline

__all__ = ["DashedBoxAnnotator"]


class DashedBoxAnnotator(BaseAnnotator):
    """Outlines boxes with strokes, as `draw_outline` does.

    Args:
        color: of the strokes.
        thickness: pixels.
        dash: stroke and gap, pixels.
    """

    def __init__(self, color: Color, thickness: int, dash: tuple[float, float]) -> None:
        self.color = color
        self.thickness = thickness
        self.dash = dash

    def annotate(self, scene: NDArray[np.uint8], detections: Detections) -> NDArray[np.uint8]:
        """Draw on `scene` (BGR, uint8, (h, w, 3)) in place and return it."""
        for corners in detections.xyxy:
            draw_outline(scene, corners, self.color.as_rgb(), self.thickness, self.dash)
        return scene
