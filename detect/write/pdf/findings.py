"""One image on paper: picture with boxes at the left, what was found at the right."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.utils import ImageReader

from detect.draw.banner import percent
from detect.draw.style import BOX_STYLES
from detect.record import Finding, Reading
from detect.write.pdf.sheet import BODY, BOLD, LEADING, MUTED, Column, Sheet
from detect.write.pdf.text import Style, draw_line, text_width, wrap
from detect.write.view import encode_view
from detect.write.wording import region_of, shown, shown_name

__all__ = ["HEIGHT", "PICTURE_SIDE", "bookmark", "draw_reading"]

HEIGHT = 350.0  # points that one image takes: two on a page
PICTURE_SIDE = 1000  # pixels of the longer side: some 240 dots per inch
_QUALITY = 82  # JPEG
_PICTURE = (300.0, 300.0)  # points, at most
_GAP = 16.0
_LABEL = Style(7, bold=True)


def bookmark(rank: int) -> str:
    """Return what links to an image lead to."""
    return f"image-{rank}"


def draw_reading(
    sheet: Sheet, reading: Reading, rank: int, pixels: NDArray[np.uint8] | None, missing: str = ""
) -> None:
    """Draw one image, on a new page if this one has no room.

    Args:
        sheet: drawn on.
        reading: the record.
        rank: its place in the worklist.
        pixels: uint8, shape (h, w), as a viewer shows it; None where there is none.
        missing: then, why.
    """
    sheet.need(HEIGHT)
    sheet.canvas.bookmarkPage(bookmark(rank), fit="XYZ", top=sheet.y)
    title = f"{rank}. {shown_name(reading.source)}"
    for line in wrap(title, BOLD, sheet.width)[:3]:  # a longer name is whole in the worklist
        sheet.text(line, BOLD)
    sheet.skip(4)
    top = sheet.y
    width = 0.0 if pixels is None else _draw_picture(sheet, reading, pixels)
    column = (width + _GAP if width else 0.0, sheet.width - width - (_GAP if width else 0))
    _draw_words(sheet, _words(reading, missing), column)
    sheet.y = min(sheet.y, top - (_PICTURE[1] if width else 0)) - 18


def _draw_words(sheet: Sheet, words: list[tuple[str, Style]], column: Column) -> None:
    """Draw as many lines as the picture is high, so that they stay beside it."""
    end = sheet.y - _PICTURE[1]
    for text, style in words:
        lines = wrap(text, style, column[1])
        if sheet.y - (len(lines) + 1) * style.size * LEADING < end:
            sheet.text("… and more: see the format html or csv", MUTED, column)
            return
        for line in lines:
            sheet.text(line, style, column)
        sheet.skip(2)


def _words(reading: Reading, missing: str) -> list[tuple[str, Style]]:
    verdict, source = reading.verdict, reading.source
    headline = "Fractured" if verdict.label == "fractured" else "Not fractured"
    doubt = " (doubtful)" if verdict.certainty == "doubtful" else ""
    words = [
        (headline + doubt, Style(12, bold=True)),
        (f"probability of a fracture {percent(verdict.probability)}", BODY),
        (
            f"{shown(verdict.operating_point)}: fractured from {percent(verdict.threshold)} on",
            MUTED,
        ),
    ]
    words += [(f"No picture: {shown(missing)}", BOLD)] if missing else []
    words += [(f"Warning: {shown(text)}", BOLD) for text in reading.warnings]
    places = [finding for finding in reading.findings if finding.certainty != "none"]
    words += [(_finding_words(finding), BODY) for finding in places]
    region = region_of(reading)
    words += [(f"region: {region}", MUTED)] if region else []
    if source.width and source.height:
        words.append((f"{source.width} × {source.height} pixels", MUTED))
    return words


def _finding_words(finding: Finding) -> str:
    box = finding.box
    kind = "evidence" if finding.origin == "evidence" else "score"
    return (
        f"{shown(finding.finding_id)} {shown(finding.label)}, {finding.certainty}, "
        f"{kind} {finding.score:.2f}; "
        f"{box.x1:.0f}, {box.y1:.0f} to {box.x2:.0f}, {box.y2:.0f}"
    )


def _draw_picture(sheet: Sheet, reading: Reading, pixels: NDArray[np.uint8]) -> float:
    """Draw the radiograph with its top at the cursor; return its width in points."""
    height_px, width_px = pixels.shape
    scale = min(_PICTURE[0] / width_px, _PICTURE[1] / height_px)
    width, height = width_px * scale, height_px * scale
    bottom = sheet.y - height
    canvas = sheet.canvas
    encoded = BytesIO(encode_view(pixels, PICTURE_SIDE, _QUALITY))
    canvas.drawImage(ImageReader(encoded), sheet.left, bottom, width, height)
    for finding in reversed(reading.findings):  # the strongest on top
        if finding.certainty != "none":
            _draw_box(sheet, finding, scale, bottom, height)
    return float(width)


def _draw_box(sheet: Sheet, finding: Finding, scale: float, bottom: float, height: float) -> None:
    canvas, box = sheet.canvas, finding.box
    style = BOX_STYLES[finding.certainty]
    x, y = sheet.left + box.x1 * scale, bottom + height - box.y2 * scale
    size = ((box.x2 - box.x1) * scale, (box.y2 - box.y1) * scale)
    canvas.setStrokeGray(0)
    canvas.setLineWidth(2.2)
    canvas.rect(x, y, *size)
    canvas.setLineWidth(1.1)
    canvas.setStrokeColorRGB(*(part / 255 for part in style.colour))
    if style.dash is not None:
        canvas.setDash([5, 2.5])
    canvas.rect(x, y, *size)
    canvas.setDash()
    words = shown(finding.finding_id)
    wide, high = text_width(words, _LABEL) + 4, _LABEL.size + 2.5
    above = y + size[1] + 2
    base = above if above + high <= bottom + height else max(bottom, y - high - 2)
    left = min(x, sheet.left + sheet.width - wide)
    canvas.setFillGray(0)
    canvas.rect(left, base, wide, high, stroke=0, fill=1)
    canvas.setFillColorRGB(*(part / 255 for part in style.colour))
    draw_line(canvas, left + 2, base + 2.2, words, _LABEL)
