"""What a saved reading must say before figures can be made of it.

The schema of results.jsonl tells types; that a probability is one, and that boxes lie in their
image, it cannot tell. Results of `detect` always pass; those of another program may not.
"""

from __future__ import annotations

from detect.record import Finding, Reading

__all__ = ["mistake_in"]


def mistake_in(reading: Reading) -> str | None:
    """Return what is wrong with a reading and the way out, in words; None where nothing is.

    Probability, threshold and scores must lie within 0..1, width and height be positive, and
    boxes have x1 < x2 and y1 < y2 inside the stated size (frame of `detect.record`), if any is.
    """
    verdict, source = reading.verdict, reading.source
    if not 0 <= verdict.probability <= 1:
        what = f"probability {verdict.probability:g} is not within 0..1"
        return f"{what}; give calibrated ones"
    if not 0 <= verdict.threshold <= 1:
        return f"threshold {verdict.threshold:g} is not within 0..1; give that of the probability"
    for name, length in (("width", source.width), ("height", source.height)):
        if length is not None and length < 1:
            return f"{name} {length} is no size in pixels; give that of the image, or null"
    for finding in reading.findings:
        mistake = _mistake_in_finding(finding, source.width, source.height)
        if mistake is not None:
            return f"{finding.finding_id}: {mistake}"
    return None


def _mistake_in_finding(finding: Finding, width: int | None, height: int | None) -> str | None:
    if not 0 <= finding.score <= 1:
        return f"score {finding.score:g} is not within 0..1; scale the detector's scores"
    box = finding.box
    where = f"box_xyxy {box.x1:g}, {box.y1:g}, {box.x2:g}, {box.y2:g}"
    if not (box.x1 < box.x2 and box.y1 < box.y2):
        return f"{where} is inverted or empty; give x1, y1, x2, y2 in pixels"
    beyond_x = box.x1 < 0 or (width is not None and box.x2 > width)
    beyond_y = box.y1 < 0 or (height is not None and box.y2 > height)
    if beyond_x or beyond_y:
        unknown = "of unknown size"
        size = unknown if width is None or height is None else f"of {width}×{height} pixels"
        return f"{where} lies outside the image {size}; clip it, or correct the size"
    return None
