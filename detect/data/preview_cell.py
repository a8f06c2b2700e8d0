"""One cell of a contact sheet: a picture with its boxes, and what is known of it below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import cv2
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from detect.data.check_report import LABELS
from detect.data.preview_choice import Pick
from detect.data.sample import LabelledBox, Sample
from detect.draw.dashed import DashedBoxAnnotator
from detect.draw.placement import place_labels
from detect.draw.style import HEADLINE_COLOURS, MUTED, PLAIN, WARNING, Colour
from detect.draw.text import Paragraph, Span, text_strip, text_tag
from detect.errors import ReadError
from detect.read import Radiograph, read
from detect.record import Box

__all__ = ["PAPER", "TILE", "Cell", "draw_cell"]

TILE = 320  # pixels: side of the square that a picture is fitted into
PAPER: Colour = (28, 28, 28)  # around and below pictures, so that their edges are seen
_LINE, _PADDING = 2, 3  # pixels: of an outline, and between a box and the middle of its outline
_CAPTION, _TAG, _MARGIN = 13, 12, 5  # pixels
_REACH = 3  # label heights that a class name may lie away from its box
# The surroundings of a box: so many times its longer side, and at least so many pixels
_CONTEXT, _LEAST_CONTEXT = 3.0, 96

_Window = tuple[int, int, int, int]  # x1, y1, x2, y2, pixels of the image, inside it


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One cell, drawn.

    Attributes:
        pixels: BGR, uint8, shape (>= TILE, TILE, 3).
        failure: why the image could not be read, a line; None: it was.
    """

    pixels: NDArray[np.uint8]
    failure: str | None


def draw_cell(pick: Pick, colours: Mapping[str, Colour]) -> Cell:
    """Draw an image, or the surroundings of one of its boxes, with a caption.

    A picture is fitted into a square of `TILE` pixels; boxes are outlined just outside, and
    named where there is room; around a box, the other boxes are dashed. Of a file with several
    frames the first is shown.

    Args:
        pick: what to show; its image is read here.
        colours: of the outline for each class.
    """
    sample = pick.sample
    try:
        with closing(read(sample.image, sample.image.name)) as frames:  # type: ignore[type-var]
            radiograph = next(frames)
    except ReadError as error:
        tile = _unreadable(error)
        return Cell(np.vstack([tile, _strip(_caption(pick, None))]), str(error))
    tile = _picture(pick, radiograph.pixels, colours)
    return Cell(np.vstack([tile, _strip(_caption(pick, radiograph))]), None)


def _unreadable(error: ReadError) -> NDArray[np.uint8]:
    texts = (f"cannot be read: {error.reason}", str(error))
    colours = (WARNING, MUTED)
    strip = text_strip(
        [Paragraph((Span(t, c),), _CAPTION) for t, c in zip(texts, colours, strict=True)], TILE, 16
    )[:TILE]
    above = (TILE - len(strip)) // 2
    return np.pad(strip, ((above, TILE - len(strip) - above), (0, 0), (0, 0)))


def _picture(
    pick: Pick, pixels: NDArray[np.uint8], colours: Mapping[str, Colour]
) -> NDArray[np.uint8]:
    height, width = pixels.shape
    boxes = pick.sample.boxes or ()
    window = (0, 0, width, height)
    if pick.box is not None:
        window = _around(boxes[pick.box].box, width, height)
    x1, y1, x2, y2 = window
    scale = TILE / max(x2 - x1, y2 - y1)
    size = tuple(max(1, round(side * scale)) for side in (x2 - x1, y2 - y1))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    shown = cv2.resize(np.ascontiguousarray(pixels[y1:y2, x1:x2]), size, interpolation=smooth)
    left, top = (TILE - size[0]) // 2, (TILE - size[1]) // 2
    tile = np.full((TILE, TILE, 3), PAPER[::-1], np.uint8)
    tile[top : top + size[1], left : left + size[0]] = shown[:, :, None]
    # what a cell is about is drawn solid, also outside of the image: then it lies on the edge
    chosen = [p for p in range(len(boxes)) if pick.box in (None, p)]
    others = [p for p in range(len(boxes)) if p not in chosen and _meets(boxes[p].box, window)]
    origin = np.array([left - x1 * scale, top - y1 * scale] * 2)
    shown_boxes = [boxes[place] for place in (*chosen, *others)]
    _draw_boxes(tile, shown_boxes, len(chosen), scale, origin, colours)
    return tile


def _around(box: Box, width: int, height: int) -> _Window:
    """Return the window to show around a box: square, where the image is large enough."""
    side = max(_CONTEXT * (box.x2 - box.x1), _CONTEXT * (box.y2 - box.y1), _LEAST_CONTEXT)
    spans = []
    for low, high, length in ((box.x1, box.x2, width), (box.y1, box.y2, height)):
        wide = min(round(side), length)
        start = min(max(round((low + high) / 2 - wide / 2), 0), length - wide)
        spans.append((start, start + wide))
    (x1, x2), (y1, y2) = spans
    return x1, y1, x2, y2


def _meets(box: Box, window: _Window) -> bool:
    x1, y1, x2, y2 = window
    return box.x1 < x2 and box.x2 > x1 and box.y1 < y2 and box.y2 > y1


def _draw_boxes(
    tile: NDArray[np.uint8],
    boxes: Sequence[LabelledBox],
    solid: int,
    scale: float,
    origin: NDArray[np.float64],
    colours: Mapping[str, Colour],
) -> None:
    """Outline and name boxes on a tile, in place.

    Args:
        solid: so many of the boxes are drawn solid, the others dashed.
        scale: pixels of the tile per pixel of the image.
        origin: float64, shape (4,): where (0, 0) of the image lies on the tile, twice.
    """
    grey = tile[:, :, 0].copy()  # before anything is drawn on it
    corners = [(e.box.x1, e.box.y1, e.box.x2, e.box.y2) for e in boxes]
    xyxy = np.array(corners, np.float64).reshape(-1, 4) * scale + origin
    low = np.floor(xyxy[:, :2]) - _PADDING
    high = np.ceil(xyxy[:, 2:]) - 1 + _PADDING  # edge coordinates to the last pixel
    last = TILE - 1 - _LINE // 2
    outlines = np.hstack([np.clip(low, _LINE // 2, last), np.clip(high, _LINE // 2, last)])
    for place, (entry, outline) in reversed(list(enumerate(zip(boxes, outlines, strict=True)))):
        annotator = _annotator(colours[entry.label], solid=place < solid)
        annotator.annotate(tile, sv.Detections(xyxy=outline[None].astype(np.float32)))
    tags = [text_tag(entry.label, _TAG, colours[entry.label], TILE // 2) for entry in boxes]
    sizes = [(tag.shape[1], tag.shape[0]) for tag in tags]
    around = outlines + np.array([0, 0, 1, 1])
    places = place_labels(around, sizes, [_REACH] * len(boxes), grey, gap=_PADDING)
    for tag, place in zip(tags, places, strict=True):
        if place is not None:  # else the caption alone names it
            x, y = place
            tile[y : y + tag.shape[0], x : x + tag.shape[1]] = tag


def _annotator(colour: Colour, *, solid: bool) -> sv.BoxAnnotator | DashedBoxAnnotator:
    if solid:
        lookup = sv.ColorLookup.INDEX
        return sv.BoxAnnotator(sv.Color(*colour), thickness=_LINE, color_lookup=lookup)
    return DashedBoxAnnotator(sv.Color(*colour), _LINE, (5.0 * _LINE, 4.0 * _LINE))


def _strip(paragraphs: list[Paragraph]) -> NDArray[np.uint8]:
    return text_strip(paragraphs, TILE, _MARGIN, PAPER)


def _caption(pick: Pick, radiograph: Radiograph | None) -> list[Paragraph]:
    sample = pick.sample
    label = Span(LABELS[sample.fractured], _label_colour(sample))
    known = Span(f"· {_box_words(pick)}", PLAIN)
    facts = [sample.attributes.get("region"), sample.group and f"group {sample.group}"]
    if radiograph is not None:
        facts.append(_size_words(pick, radiograph.pixels).replace(" ", "\N{NO-BREAK SPACE}"))
        if radiograph.source.frame is not None:
            facts.append(f"frame {radiograph.source.frame}")
    return [
        Paragraph((Span(sample.image.name, PLAIN),), _CAPTION, bold=True),
        Paragraph((label, known), _CAPTION),
        Paragraph((Span(" · ".join(fact for fact in facts if fact), MUTED),), _CAPTION),
    ]


def _label_colour(sample: Sample) -> Colour:
    if sample.fractured is None:
        return WARNING
    return HEADLINE_COLOURS["fractured" if sample.fractured else "not_fractured"]


def _box_words(pick: Pick) -> str:
    boxes = pick.sample.boxes
    if boxes is None:
        return "boxes never drawn"
    if pick.box is None:
        numbers = Counter(entry.label for entry in boxes)
        shown = (f"{n} × {name}".replace(" ", "\N{NO-BREAK SPACE}") for name, n in numbers.items())
        return ", ".join(shown) or "no boxes"
    width, height = _sides(boxes[pick.box].box)
    return f"{boxes[pick.box].label} {width:.0f} × {height:.0f} px"


def _size_words(pick: Pick, pixels: NDArray[np.uint8]) -> str:
    text = f"{pixels.shape[1]} × {pixels.shape[0]} px"
    if pick.box is None or pick.sample.boxes is None:
        return text
    width, height = _sides(pick.sample.boxes[pick.box].box)
    return f"{width * height / pixels.size:.2%} of {text}"


def _sides(box: Box) -> tuple[float, float]:
    return box.x2 - box.x1, box.y2 - box.y1
