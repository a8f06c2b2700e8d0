"""Text in fonts that hold it, on lines of a given width.

DejaVu Sans, which matplotlib carries, is embedded: Latin, Greek, Cyrillic and more. Chinese,
Japanese and Korean characters are set in Adobe's standard CID fonts, which viewers bring along
(ISO 32000-1, 9.7.5.2, UniGB-UCS2-H and UniKS-UCS2-H). What neither holds is written as an escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

__all__ = ["Style", "draw_line", "text_width", "wrap"]

_FACES = {False: "DejaVuSans", True: "DejaVuSans-Bold"}  # by bold
_HAN, _HANGUL = "STSong-Light", "HYGothic-Medium"
_HANGUL_CHARACTERS = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_HAN_CHARACTERS = re.compile("[\u2e80-\u30ff\u3200-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_AFTER = re.compile(r"(?<=[ /_-])")  # a line may break there


@dataclass(frozen=True, slots=True)
class Style:
    """How text is set."""

    size: float  # points
    bold: bool = False
    grey: float = 0.0  # 0 black, 1 white


@cache
def _register() -> None:
    from matplotlib import get_data_path

    for name in _FACES.values():
        pdfmetrics.registerFont(TTFont(name, Path(get_data_path(), "fonts", "ttf", f"{name}.ttf")))
    for name in (_HAN, _HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


@cache
def _font(character: str, bold: bool) -> str | None:
    """Return the font that holds a character; None if none does."""
    _register()
    if ord(character) in pdfmetrics.getFont(_FACES[bold]).face.charToGlyph:
        return _FACES[bold]
    if _HANGUL_CHARACTERS.match(character):
        return _HANGUL
    return _HAN if _HAN_CHARACTERS.match(character) else None


def _runs(text: str, bold: bool) -> Iterator[tuple[str, str]]:
    """Yield (font, piece) in the order of the text."""
    held = "".join(
        one if _font(one, bold) else one.encode("unicode_escape").decode("ascii") for one in text
    )
    for font, piece in groupby(held, lambda one: _font(one, bold)):
        yield font or _FACES[bold], "".join(piece)


def text_width(text: str, style: Style) -> float:
    """Return the width in points."""
    runs = _runs(text, style.bold)
    return float(sum(pdfmetrics.stringWidth(piece, font, style.size) for font, piece in runs))


def draw_line(canvas: Canvas, x: float, y: float, text: str, style: Style) -> None:
    """Draw one line; (x, y) is the left end of its base line, in points from the bottom left."""
    line = canvas.beginText(x, y)
    for font, piece in _runs(text, style.bold):
        line.setFont(font, style.size)
        line.textOut(piece)
    canvas.drawText(line)


def wrap(text: str, style: Style, width: float) -> list[str]:
    """Return the text as lines no wider than `width` points; words that are wider are cut."""
    if text_width(text, style) <= width:  # as most texts: no need to look for a break
        return [text]
    lines = [""]
    for word in _AFTER.split(text):
        if text_width((lines[-1] + word).rstrip(), style) <= width:
            lines[-1] += word
            continue
        lines.append("")
        for character in word:
            if lines[-1] and text_width(lines[-1] + character, style) > width:
                lines.append("")
            lines[-1] += character
    return [line.rstrip() for line in lines if line.strip()] or [""]
