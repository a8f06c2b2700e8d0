"""Colours, line styles and sizes of an annotated picture.

Certainty is carried by the line style as well as by the colour, and the two colours
(orange, sky blue) are told apart by colour-blind readers: M. Okabe and K. Ito,
"Color Universal Design", 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

from detect.record import FindingCertainty

__all__ = [
    "BACKGROUND",
    "BOX_STYLES",
    "HEADLINE_COLOURS",
    "MUTED",
    "PLAIN",
    "WARNING",
    "BoxStyle",
    "Colour",
    "Scale",
    "scale_for",
]

Colour = tuple[int, int, int]  # red, green, blue; 0..255 each

BACKGROUND: Colour = (0, 0, 0)
PLAIN: Colour = (235, 235, 235)
MUTED: Colour = (170, 170, 170)
WARNING: Colour = (240, 228, 66)
_ORANGE: Colour = (255, 150, 20)
_SKY_BLUE: Colour = (56, 172, 255)

# Green is left out on purpose: a picture must not look like an all-clear.
HEADLINE_COLOURS: dict[str, Colour] = {"fractured": _ORANGE, "not_fractured": PLAIN}


@dataclass(frozen=True, slots=True)
class BoxStyle:
    """How the outline of a finding is drawn."""

    colour: Colour
    dash: tuple[float, float] | None  # stroke and gap in line widths; None: solid
    sample: str  # the line style in characters, for the legend
    words: str  # what the style means
    reach: int  # label heights that its label may lie away from the box


BOX_STYLES: dict[FindingCertainty, BoxStyle] = {
    "definite": BoxStyle(_ORANGE, None, "——", "definite", reach=8),
    "suspicious": BoxStyle(_SKY_BLUE, (7.0, 4.0), "– –", "suspicious", reach=8),
    "none": BoxStyle((165, 165, 165), (1.0, 3.0), "· · ·", "below suspicious", reach=1),
}


_LARGEST_TEXT = 96  # pixels: more than any detector needs, so that no long strip fills memory


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes in pixels of the annotated picture, from the size of the radiograph."""

    factor: int  # whole-number enlargement of the radiograph
    line: int  # width of a box's outline
    padding: int  # between a finding and its outline, so that the line covers no finding
    text: int  # font size of the banner
    label: int  # font size beside a box
    margin: int  # around text


def scale_for(width: int, height: int, min_long_side: int) -> Scale:
    """Choose sizes for a radiograph of `width` x `height` pixels.

    Small radiographs are enlarged until their longer side has `min_long_side` pixels,
    so that text is legible and a line of one pixel is thin beside the anatomy.
    """
    long_side = max(width, height)
    factor = max(1, -(-min_long_side // long_side))
    long_side *= factor
    line = max(1, round(long_side / 900))
    text = min(_LARGEST_TEXT, max(15, round(long_side / 48)))
    return Scale(
        factor=factor,
        line=line,
        padding=2 + 2 * line,
        text=text,
        label=max(13, round(0.75 * text)),
        margin=round(0.5 * text),
    )
