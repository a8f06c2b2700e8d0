"""The pictures of a run: annotated images, and heat maps of the verdict's evidence."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from detect.claim import IMAGES_NAME
from detect.errors import OutputError
from detect.model.predictor import Prediction
from detect.read import Radiograph
from detect.record import Reading
from detect.stages import stage
from detect.write.context import HEATMAPS_NAME, picture_name

__all__ = ["Draw", "picture_saver"]

Draw = Callable[[Radiograph, Reading, Prediction], Reading]
"""Saves pictures, and returns the reading with a warning where there can be none."""


def picture_saver(out: Path, *, images: bool, heatmap: bool) -> Draw:
    """Return what saves the pictures of one reading below `out`.

    Args:
        out: of the run.
        images: annotated images, `images/<path>.jpg`.
        heatmap: the evidence beside the annotated image, and alone as `heatmaps/<path>.png`:
            grey, 0 to 255 for an evidence of 0 to 1, covering the whole radiograph at the
            map's own coarse resolution.
    """
    if not images and not heatmap:
        return _draw_nothing
    # Loaded only where it is used: supervision alone costs more than reading an image.
    from detect.draw.annotate import annotate
    from detect.draw.heatmap import encode_heatmap
    from detect.draw.jpeg import MAX_SIDE, encode_jpeg

    def draw(radiograph: Radiograph, reading: Reading, prediction: Prediction) -> Reading:
        source = reading.source
        try:
            if heatmap:
                name = picture_name(source.path, source.frame, "png")
                with stage("encode"):
                    encode_heatmap(prediction.evidence, out / HEATMAPS_NAME / name)
            if images:
                with stage("draw"):
                    evidence = prediction.evidence if heatmap else None
                    picture = annotate(radiograph, reading, evidence, grey_allowed=True)
                if max(picture.shape[:2]) > MAX_SIDE:
                    return _without(reading, f"a JPEG holds {MAX_SIDE} pixels a side at most")
                name = picture_name(source.path, source.frame, "jpg")
                with stage("encode"):
                    encode_jpeg(picture, out / IMAGES_NAME / name)
        except OutputError as error:
            # The fault of this one name; any other would meet the next picture too.
            if getattr(error.__cause__, "errno", None) != errno.ENAMETOOLONG:
                raise
            return _without(reading, "its file name would be too long")
        return reading

    return draw


def _without(reading: Reading, why: str) -> Reading:
    warning = f"no annotated image: {why}"
    return replace(reading, warnings=(*reading.warnings, warning))


def _draw_nothing(_radiograph: Radiograph, reading: Reading, _prediction: Prediction) -> Reading:
    """Stand in for drawing where no pictures are wanted."""
    return reading
