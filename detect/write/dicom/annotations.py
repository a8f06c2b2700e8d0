"""Outlines and texts of a presentation state, in layers that viewers can switch.

DICOM PS3.3: Graphic Annotation (C.10.5), Graphic Layer (C.10.7), Tracking UID (0062,0021).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from highdicom.color import CIELabColor
from highdicom.pr import GraphicLayer, GraphicObject, TextObject
from pydicom.dataset import Dataset

from detect.draw.banner import RESEARCH_USE_ONLY, percent
from detect.draw.placement import place_labels
from detect.draw.style import BACKGROUND, BOX_STYLES, PLAIN, Colour, scale_for
from detect.record import Finding, FindingCertainty, Reading
from detect.write.dicom.concepts import plain
from detect.write.dicom.identity import tracking_uid
from detect.write.dicom.source import DicomSource

__all__ = ["add_annotations"]

_LAYERS: tuple[tuple[FindingCertainty, str, str], ...] = (  # the last is drawn on top
    ("suspicious", "SUSPICIOUS", "Suspicious places"),
    ("definite", "DEFINITE", "Definite findings"),
)
_VERDICT = "VERDICT"
_VERDICT_BOX = (0.01, 0.01, 0.6, 0.15)  # of the displayed area: left, top, right, bottom
_WIDTH_OF_A_CHARACTER = 0.6  # of its height, in most fonts
_GAP = 4  # pixels between an outline and its text
_TEXT = 1024  # characters of VR ST (PS3.5 table 6.2-1)
_MORE = "..."
_WHITE = 65535  # of Graphic Layer Recommended Display Grayscale Value
_LINE_THICKNESS = 2.0
_DASHES = 0x0FFF_0FFF  # of a Line Pattern: twelve of sixteen bits are line


def add_annotations(dataset: Dataset, source: DicomSource) -> None:
    """Fill in outlines, texts and layers.

    Outlines are in units PIXEL: 0\\0 is the top left corner of the top left pixel and Columns\\Rows
    the bottom right corner of the last one (PS3.3 table C.10-5), which is the frame of
    `record.Box` and of the structured report. Where in a layer there is nothing, there is no
    layer. Places below *suspicious*, which --min-score lists, are left out, as in the report.

    Args:
        dataset: the object being made.
        source: reading and image; its width and height are known.
    """
    reading = source.reading
    shown = [f for f in reading.findings if any(f.certainty == layer[0] for layer in _LAYERS)]
    texts = dict(zip(shown, _texts(shown, source), strict=True))
    annotations: list[Dataset] = []
    layers: list[Dataset] = []
    for certainty, name, about in _LAYERS:
        here = [finding for finding in shown if finding.certainty == certainty]
        if here:
            layers.append(_layer(name, len(layers) + 1, about, BOX_STYLES[certainty].colour))
            outlines = [_outline(finding, source) for finding in here]
            annotations.append(_annotation(name, [texts[f] for f in here], outlines))
    layers.append(_layer(_VERDICT, len(layers) + 1, "Verdict on the whole image", PLAIN))
    annotations.append(_annotation(_VERDICT, [_verdict(source)], []))
    dataset.GraphicAnnotationSequence = annotations
    dataset.GraphicLayerSequence = layers


def _layer(name: str, order: int, about: str, colour: Colour) -> Dataset:
    layer = GraphicLayer(name, order, about, CIELabColor.from_rgb(*colour))
    layer.GraphicLayerRecommendedDisplayGrayscaleValue = _WHITE
    return layer


def _annotation(layer: str, texts: list[Dataset], outlines: list[Dataset]) -> Dataset:
    """Return an item for all images that the presentation state refers to, which is one."""
    annotation = Dataset()
    annotation.GraphicLayer = layer
    if texts:
        annotation.TextObjectSequence = texts
    if outlines:
        annotation.GraphicObjectSequence = outlines
    return annotation


def _outline(finding: Finding, source: DicomSource) -> Dataset:
    box = finding.box
    corners = [(box.x1, box.y1), (box.x2, box.y1), (box.x2, box.y2), (box.x1, box.y2)]
    outline = GraphicObject(
        "POLYLINE",
        np.array([*corners, corners[0]], np.float64),
        "PIXEL",
        tracking_id=_tracking_id(finding),
        tracking_uid=tracking_uid(source.reading, finding, source.study_instance_uid),
    )
    outline.LineStyleSequence = [_line_style(finding)]
    return outline


def _line_style(finding: Finding) -> Dataset:
    """Solid or dashed as in the picture: colour alone is lost on a grey monitor."""
    style = BOX_STYLES[finding.certainty]
    line = Dataset()
    line.PatternOnColorCIELabValue = _cielab(style.colour)
    line.PatternOnOpacity = 1.0
    line.LineThickness = _LINE_THICKNESS
    line.LineDashingStyle = "SOLID" if style.dash is None else "DASHED"
    if style.dash is not None:
        line.LinePattern = _DASHES
        line.PatternOffOpacity = 0.0
    line.ShadowStyle = "OFF"  # the other attributes of a shadow are required all the same
    line.ShadowOffsetX = line.ShadowOffsetY = line.ShadowOpacity = 0.0
    line.ShadowColorCIELabValue = _cielab(BACKGROUND)
    return line


def _cielab(colour: Colour) -> list[int]:
    return list(CIELabColor.from_rgb(*colour).value)


def _tracking_id(finding: Finding) -> str:
    """Return what the structured report calls the same finding."""
    return plain(f"{finding.finding_id} ({finding.certainty})")


def _texts(shown: Sequence[Finding], source: DicomSource) -> list[Dataset]:
    """Return a text beside each box, off the other boxes where there is room."""
    width, height = source.reading.source.width or 1, source.reading.source.height or 1
    words = [_words(finding) for finding in shown]
    size = scale_for(width, height, min_long_side=1).label
    sizes = [(round(len(w) * size * _WIDTH_OF_A_CHARACTER) + 1, size) for w in words]
    boxes = np.array([(f.box.x1, f.box.y1, f.box.x2, f.box.y2) for f in shown]).reshape(-1, 4)
    dark = np.zeros((height, width), np.uint8)  # no side of a box is better than the others
    places = place_labels(boxes, sizes, [1] * len(shown), dark, gap=_GAP)
    return [
        _text(word, finding, source, place, extent)
        for word, finding, place, extent in zip(words, shown, places, sizes, strict=True)
    ]


def _words(finding: Finding) -> str:
    if finding.origin == "evidence":
        return plain(f"{finding.finding_id} {finding.certainty} (evidence map)")
    named = "" if finding.label == "fracture" else f"{finding.label} "
    return plain(f"{finding.finding_id} {named}{finding.certainty} {finding.score:.2f}")


def _text(
    words: str,
    finding: Finding,
    source: DicomSource,
    place: tuple[int, int] | None,
    extent: tuple[int, int],
) -> Dataset:
    """Anchor a text at the top left corner of its box; where there is room, say where to set it."""
    room = None
    if place is not None:
        left, top = map(float, place)
        room = (left, top, left + extent[0], top + extent[1])
    return TextObject(
        words,
        "PIXEL",
        bounding_box=room,
        anchor_point=(finding.box.x1, finding.box.y1),
        text_justification="LEFT",
        anchor_point_visible=False,
        tracking_id=_tracking_id(finding),
        tracking_uid=tracking_uid(source.reading, finding, source.study_instance_uid),
    )


def _verdict(source: DicomSource) -> Dataset:
    text = "\r\n".join(_verdict_lines(source.reading))
    return TextObject(
        text if len(text) <= _TEXT else f"{text[: _TEXT - len(_MORE)]}{_MORE}",
        "DISPLAY",
        bounding_box=_VERDICT_BOX,
        anchor_point=_VERDICT_BOX[:2],
        text_justification="LEFT",
        anchor_point_visible=False,
        tracking_id="Whole image",
        tracking_uid=tracking_uid(source.reading, None, source.study_instance_uid),
    )


def _verdict_lines(reading: Reading) -> list[str]:
    verdict, model = reading.verdict, reading.model
    doubt = " (doubtful)" if verdict.certainty == "doubtful" else ""
    threshold = percent(verdict.threshold)
    lines = [
        verdict.label.replace("_", " ").upper() + doubt,
        f"fracture probability {percent(verdict.probability)}",
        f"operating point: {verdict.operating_point} (fractured from {threshold})",
        f"{model.name} {model.version}",
        RESEARCH_USE_ONLY.replace("\N{EN DASH}", "-"),
        *(f"Warning: {warning}" for warning in reading.warnings),
    ]
    return [plain(line, _TEXT) for line in lines]
