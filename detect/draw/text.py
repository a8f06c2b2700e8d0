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
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detect.draw.style import BACKGROUND, Colour

__all__ = ["Paragraph", "Span", "is_grey", "text_strip", "text_tag"]

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


_Line = tuple[tuple[float, Span], ...]  # each word with its left edge
_Ink = tuple[int, int, Image.Image]  # left, top from where a word stands; how much of it is inked

# Most words and lines stand in every picture, so that few are ever set anew. In the largest size
# a word takes some 100 kB and a line three times as much, so that the caches stay small.
_KEPT = 256
_KEPT_LINES = 64


def is_grey(paragraphs: Sequence[Paragraph]) -> bool:
    """Tell whether no span of the paragraphs has a colour other than a grey."""
    return all(len({*span.colour}) == 1 for each in paragraphs for span in each.spans)


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


@lru_cache(maxsize=_KEPT)
def _ink(text: str, size: int, bold: bool) -> _Ink:
    """Set a text once; its ink is an image of mode L, which must not be changed."""
    font = _font(size, bold)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    ink = Image.new("L", (max(0, right - left), max(0, bottom - top)))
    ImageDraw.Draw(ink).text((-left, -top), text, fill=255, font=font)
    return left, top, ink


@lru_cache(maxsize=_KEPT_LINES)
def _line_ink(words: tuple[tuple[int, str], ...], size: int, bold: bool) -> _Ink:
    """Set words of one colour, each at its left edge, as `_ink` sets one."""
    if len(words) == 1:
        left, top, ink = _ink(words[0][1], size, bold)
        return words[0][0] + left, top, ink
    inks = [(x, *_ink(text, size, bold)) for x, text in words]
    start = min(x + left for x, left, _, _ in inks)
    highest = min(top for _, _, top, _ in inks)
    width = max(x + left + ink.width for x, left, _, ink in inks) - start
    height = max(top + ink.height for _, _, top, ink in inks) - highest
    line = Image.new("L", (width, height))
    for x, left, top, ink in inks:
        line.paste(255, (x + left - start, top - highest), ink)
    return start, highest, line


def _words(paragraph: Paragraph) -> Iterator[Span]:
    for span in paragraph.spans:
        shown = "".join(c if c.isprintable() or c == _NO_BREAK_SPACE else " " for c in span.text)
        # str.split would also break at the no-break space
        for word in re.split(" +", shown.strip(" ")):
            if word:
                yield Span(word, span.colour)


def _pieces(word: Span, font: ImageFont.FreeTypeFont, width: float) -> Iterator[tuple[Span, float]]:
    """Yield the word, in pieces where it is wider than a line, and the length of each."""
    rest = word.text
    while (length := font.getlength(rest)) > width and len(rest) > 1:
        end, length = 1, font.getlength(rest[:1])
        while (longer := font.getlength(rest[: end + 1])) <= width:
            end, length = end + 1, longer
        yield Span(rest[:end], word.colour), length
        rest = rest[end:]
    yield Span(rest, word.colour), length


@lru_cache(maxsize=_KEPT)
def _wrap(paragraph: Paragraph, width: float) -> tuple[_Line, ...]:
    """Return the lines, none of them empty."""
    font = _font(paragraph.size, paragraph.bold)
    space = font.getlength(" ")
    lines: list[list[tuple[float, Span]]] = [[]]
    x = 0.0
    for word in _words(paragraph):
        for piece, length in _pieces(word, font, width):
            if lines[-1] and x + length > width:
                lines.append([])
                x = 0.0
            lines[-1].append((x, piece))
            x += length + space
    return tuple(tuple(line) for line in lines if line)


def _line_height(font: ImageFont.FreeTypeFont) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent


def text_strip(
    paragraphs: Sequence[Paragraph],
    width: int,
    margin: int,
    background: Colour = BACKGROUND,
    *,
    channels: Literal[1, 3] = 3,
) -> NDArray[np.uint8]:
    """Set paragraphs one below the other.

    Args:
        paragraphs: what to set; one without words takes no room.
        width: of the strip, pixels.
        margin: on all four sides, pixels.
        background: red, green, blue.
        channels: 1 for a grey strip, where text and background are grey.

    Returns:
        BGR, uint8, shape (as high as the text needs, width, 3); of one channel, the grey of
        the same strip, without the last axis.

    Raises:
        ValueError: one channel cannot hold the colours.
    """
    if channels == 1 and not (is_grey(paragraphs) and len({*background}) == 1):
        raise ValueError("a strip of one channel holds grey text on grey only")
    placed: list[tuple[int, int, Colour, Image.Image]] = []
    y = margin
    for paragraph in paragraphs:
        size, bold = paragraph.size, paragraph.bold
        for line in _wrap(paragraph, max(1, width - 2 * margin)):
            words: dict[Colour, list[tuple[int, str]]] = {}
            for x, word in line:
                words.setdefault(word.colour, []).append((round(margin + x), word.text))
            for colour, alike in words.items():
                left, top, ink = _line_ink(tuple(alike), size, bold)
                placed.append((left, y + top, colour, ink))
            y += _line_height(_font(size, bold))
    # Pillow is told that it draws RGB, which spares turning every pixel around afterwards
    mode = "L" if channels == 1 else "RGB"
    strip = Image.new(mode, (width, y + margin), background[::-1][:channels])
    for left, top, colour, ink in placed:
        strip.paste(colour[::-1][:channels], (left, top), ink)
    return np.array(strip)


def text_tag(text: str, size: int, colour: Colour, max_width: int) -> NDArray[np.uint8]:
    """Set a short text tightly, on as few lines as `max_width` pixels allow.

    Returns:
        BGR, uint8, shape (height, width <= max_width, 3).
    """
    paragraph = Paragraph((Span(text, colour),), size)
    font = _font(size, paragraph.bold)
    margin = max(2, size // 6)
    room = max(1, max_width - 2 * margin)
    ends = [x + font.getlength(word.text) for line in _wrap(paragraph, room) for x, word in line]
    width = min(max_width, int(np.ceil(max(ends, default=0))) + 2 * margin)
    return text_strip([paragraph], width, margin)
