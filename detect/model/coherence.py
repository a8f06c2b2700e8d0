"""The one rule that makes verdict and boxes agree.

A reader never sees *fractured* with nothing shown, nor a marked box under *not fractured*:

| verdict       | detector boxes                              | if no detector box is shown       |
|---------------|---------------------------------------------|-----------------------------------|
| fractured     | definite (solid), suspicious (dashed)       | strongest evidence region (dashed)|
| not fractured | none, unless listed by a minimum score, and | nothing                           |
|               | then with certainty `none`                  |                                   |

A suspicious box that lies mostly on a stronger one marks no place of its own and is not shown.

Of an image out of scope (see `detect.model.attributes`), or one that was read as its negative on
the strength of its greys alone (see `detect.model.polarity`), nothing is definite, neither the
verdict nor a box, and a warning says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.errors import BundleError
from detect.model.attributes import OUT_OF_SCOPE, is_out_of_scope
from detect.model.bundle import ATTRIBUTES, BoxThresholds, Bundle, OperatingPoint
from detect.model.polarity import INVERTED_WARNING
from detect.model.predictor import Prediction
from detect.record import Attribute, Box, Finding, FindingCertainty, Reading, Source, Verdict

__all__ = ["compose_reading", "decide", "place_findings", "strongest_region"]

_MIN_REGION = 0.03  # of the longer image side: a region smaller than this cannot be seen
_SAME_PLACE = 0.5  # share of the smaller of two boxes
_DECIMALS = 4
_PROBABILITY_DECIMALS = 6


def compose_reading(
    source: Source,
    prediction: Prediction,
    bundle: Bundle,
    operating_point: str,
    min_score: float | None = None,
    seconds: float = 0.0,
) -> Reading:
    """Turn a prediction into the record that writers see.

    Args:
        operating_point: a key of the bundle's operating points.
        min_score: list every detector box down to this score, with certainty `none` where it
            is not shown; None lists shown boxes alone.

    Raises:
        BundleError: the bundle's graph gives not what its attributes are told by.
    """
    manifest = bundle.manifest
    attributes, warnings = _attributes(prediction, bundle)
    strange = is_out_of_scope(attributes) or INVERTED_WARNING in prediction.warnings
    verdict = decide(prediction.probability, manifest.operating_points, operating_point)
    if strange:
        verdict = replace(verdict, certainty="doubtful")
    fractured = verdict.label == "fractured"
    findings = place_findings(
        prediction.boxes,
        prediction.scores,
        [manifest.classes[int(index)] for index in prediction.classes],
        manifest.box_thresholds,
        fractured=fractured,
        min_score=min_score,
    )
    if fractured and all(finding.certainty == "none" for finding in findings):
        region, strength = strongest_region(prediction.evidence, source)
        shown = Finding("", manifest.classes[0], "suspicious", strength, region, "evidence")
        findings = sorted([*findings, shown], key=lambda finding: -finding.score)
    if strange:
        findings = [
            replace(f, certainty="suspicious") if f.certainty == "definite" else f for f in findings
        ]
    numbered = tuple(
        Finding(f"F{n}", f.label, f.certainty, f.score, f.box, f.origin)
        for n, f in enumerate(findings, 1)
    )
    return Reading(
        source,
        verdict,
        numbered,
        bundle.info,
        attributes,
        (*prediction.warnings, *warnings),
        seconds=round(seconds, 4),
    )


def _attributes(
    prediction: Prediction, bundle: Bundle
) -> tuple[dict[str, Attribute], tuple[str, ...]]:
    """Return what the bundle says of the whole image, and the warning where it is out of scope."""
    if bundle.attributes is None:
        return {}, ()
    if prediction.features is None:
        raise BundleError(
            f"{bundle.folder}: its graph gives no features for its {ATTRIBUTES}; "
            "get the bundle again"
        )
    told = bundle.attributes(prediction.features)
    if not is_out_of_scope(told):
        return told, ()
    return told, (
        f"out of scope: unlike the radiographs that {bundle.manifest.name} was trained with "
        f"(probability {told[OUT_OF_SCOPE].probability:.2f}), so rely on neither verdict nor boxes",
    )


def decide(
    probability: float, points: Mapping[str, OperatingPoint], operating_point: str
) -> Verdict:
    """Return the verdict at one operating point; it is definite where all points agree.

    Args:
        probability: calibrated P(fracture); rounded before it is compared, as a record states it.
        operating_point: a key of `points`.
    """
    stated = round(probability, _PROBABILITY_DECIMALS)
    votes = {stated >= point.threshold for point in points.values()}
    threshold = points[operating_point].threshold
    return Verdict(
        label="fractured" if stated >= threshold else "not_fractured",
        certainty="definite" if len(votes) == 1 else "doubtful",
        probability=stated,
        operating_point=operating_point,
        threshold=threshold,
    )


def place_findings(
    boxes: NDArray[np.floating],
    scores: NDArray[np.floating],
    labels: Sequence[str],
    thresholds: BoxThresholds,
    *,
    fractured: bool,
    min_score: float | None,
) -> list[Finding]:
    """Return a detector's boxes as findings, without ids yet.

    Args:
        boxes: (n, 4) xyxy, pixels of the image.
        scores: (n,), descending.
        labels: n class names.
        thresholds: from which scores on a box is shown, if `fractured`.
        fractured: the verdict.
        min_score: as for `compose_reading`.
    """
    least = math.inf if min_score is None else min_score
    if fractured:
        least = min(least, thresholds.definite.score, thresholds.suspicious.score)
    findings: list[Finding] = []
    for box, exact, label in zip(boxes, scores, labels, strict=True):
        # Rounded before it is compared, so that a record never contradicts itself.
        score = round(float(exact), _DECIMALS)
        if score < least:
            break  # nor would any that follows be listed
        certainty: FindingCertainty = "none"
        if fractured and score >= thresholds.definite.score:
            certainty = "definite"
        elif fractured and score >= thresholds.suspicious.score:
            certainty = "suspicious"
        x1, y1, x2, y2 = (round(float(value), 2) for value in box)
        if x1 >= x2 or y1 >= y2:
            continue  # too thin for a record, and for any reader to see
        place = Box(x1, y1, x2, y2)
        shown = [finding.box for finding in findings if finding.certainty != "none"]
        if certainty == "suspicious" and any(_same_place(place, stronger) for stronger in shown):
            certainty = "none"
        if certainty == "none" and (min_score is None or score < min_score):
            continue
        findings.append(Finding("", label, certainty, score, place))
    return findings


def _same_place(box: Box, stronger: Box) -> bool:
    """Whether two boxes share at least half of the smaller one: then they are one finding."""
    width = min(box.x2, stronger.x2) - max(box.x1, stronger.x1)
    height = min(box.y2, stronger.y2) - max(box.y1, stronger.y1)
    areas = [(b.x2 - b.x1) * (b.y2 - b.y1) for b in (box, stronger)]
    return width > 0 and height > 0 and width * height >= _SAME_PLACE * min(areas)


def strongest_region(evidence: NDArray[np.float32], source: Source) -> tuple[Box, float]:
    """Outline where the evidence map peaks.

    The region is the connected part around the peak where the map reaches half of the peak.

    Args:
        evidence: float32 (h, w) in [0, 1], covering the image of `source` exactly.

    Returns:
        the region in image pixels, and the peak value.
    """
    assert source.width is not None and source.height is not None
    rows, columns = evidence.shape
    peak_row, peak_column = np.unravel_index(int(evidence.argmax()), evidence.shape)
    peak = float(evidence[peak_row, peak_column])
    mask = (evidence >= peak / 2).astype(np.uint8)
    _, parts = cv2.connectedComponents(mask, connectivity=8)
    part_rows, part_columns = np.nonzero(parts == parts[peak_row, peak_column])
    per_row, per_column = source.height / rows, source.width / columns
    least = _MIN_REGION * max(source.width, source.height) / 2
    x, half_width = _span(part_columns, per_column, least)
    y, half_height = _span(part_rows, per_row, least)
    box = Box(
        round(max(0.0, x - half_width), 2),
        round(max(0.0, y - half_height), 2),
        round(min(float(source.width), x + half_width), 2),
        round(min(float(source.height), y + half_height), 2),
    )
    return box, round(peak, _DECIMALS)


def _span(cells: NDArray[np.intp], step: float, least: float) -> tuple[float, float]:
    """Return centre and half extent, in pixels, of the cells between the first and the last."""
    first, last = float(cells.min()) * step, float(cells.max() + 1) * step
    return (first + last) / 2, max((last - first) / 2, least)
