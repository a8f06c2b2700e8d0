"""Sharp text of any size as picture strips; wrapped, never cut off.

The font is DejaVu Sans, which matplotlib carries (supervision installs it): it covers
Latin, Greek and Cyrillic, and every machine draws the same picture with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detect.draw.style import BACKGROUND, Colour

__all__ = ["Paragraph", "Span", "text_strip", "text_tag"]

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Span:
    """Words of one colour; no-break spaces hold words together."""

    text: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Spans that flow one after the other."""

    spans: tuple[Span, ...]
    size: int  # font size in pixels
    bold: bool = False


_Line = list[tuple[float, Span]]  # each word with its left edge


@lru_cache(maxsize=64)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(_font_file(name), size)


def _font_file(name: str) -> Path:
    """Find a font where matplotlib carries it, if need be by importing it, which takes longer."""
    package = find_spec("matplotlib")
    if package and package.origin:
        path = Path(package.origin).with_name("mpl-data") / "fonts" / "ttf" / name
        if path.is_file():
            return path
    from matplotlib import get_data_path

    return Path(get_data_path(), "fonts", "ttf", name)


def _words(paragraph: Paragraph) -> Iterator[Span]:
    for span in paragraph.spans:
        shown = "".join(c if c.isprintable() or c == _NO_BREAK_SPACE else " " for c in span.text)
        # str.split would also break at the no-break space
        for word in re.split(" +", shown.strip(" ")):
            if word:
                yield Span(word, span.colour)


def _pieces(word: Span, font: ImageFont.FreeTypeFont, width: float) -> Iterator[Span]:
    """Yield the word, in pieces where it is wider than a line."""
    rest = word.text
    while font.getlength(rest) > width and len(rest) > 1:
        end = 1
        while font.getlength(rest[: end + 1]) <= width:
            end += 1
        yield Span(rest[:end], word.colour)
        rest = rest[end:]
    yield Span(rest, word.colour)


def _wrap(paragraph: Paragraph, font: ImageFont.FreeTypeFont, width: float) -> list[_Line]:
    space = font.getlength(" ")
    lines: list[_Line] = [[]]
    x = 0.0
    for word in _words(paragraph):
        for piece in _pieces(word, font, width):
            length = font.getlength(piece.text)
            if lines[-1] and x + length > width:
                lines.append([])
                x = 0.0
            lines[-1].append((x, piece))
            x += length + space
    return lines


def _line_height(font: ImageFont.FreeTypeFont) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent


def text_strip(
    paragraphs: Sequence[Paragraph], width: int, margin: int, background: Colour = BACKGROUND
) -> NDArray[np.uint8]:
    """Set paragraphs one below the other.

    Args:
        paragraphs: what to set; one without words takes no room.
        width: of the strip, pixels.
        margin: on all four sides, pixels.
        background: red, green, blue.

    Returns:
        BGR, uint8, shape (as high as the text needs, width, 3).
    """
    placed: list[tuple[float, float, Span, ImageFont.FreeTypeFont]] = []
    y = margin
    for paragraph in paragraphs:
        font = _font(paragraph.size, paragraph.bold)
        for line in _wrap(paragraph, font, max(1, width - 2 * margin)):
            if line:
                placed.extend((margin + x, y, word, font) for x, word in line)
                y += _line_height(font)
    strip = Image.new("RGB", (width, y + margin), background)
    draw = ImageDraw.Draw(strip)
    for x, top, word, font in placed:
        draw.text((round(x), top), word.text, fill=word.colour, font=font)
    return np.ascontiguousarray(np.asarray(strip)[:, :, ::-1])


def text_tag(text: str, size: int, colour: Colour, max_width: int) -> NDArray[np.uint8]:
    """Set a short text tightly, on as few lines as `max_width` pixels allow.

    Returns:
        BGR, uint8, shape (height, width <= max_width, 3).
    """
    paragraph = Paragraph((Span(text, colour),), size)
    font = _font(size, paragraph.bold)
    margin = max(2, size // 6)
    room = max(1, max_width - 2 * margin)
    ends = [x + font.getlength(w.text) for line in _wrap(paragraph, font, room) for x, w in line]
    width = min(max_width, int(np.ceil(max(ends, default=0))) + 2 * margin)
    return text_strip([paragraph], width, margin)
