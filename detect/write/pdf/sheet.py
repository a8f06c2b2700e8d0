"""Pages that fill from the top; each says what it is and that it is for research only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from detect import __version__
from detect.draw.banner import RESEARCH_USE_ONLY
from detect.write.pdf.text import Style, draw_line, text_width, wrap

__all__ = ["BODY", "BOLD", "LEADING", "MUTED", "Column", "Sheet"]

BODY, BOLD, MUTED = Style(8.5), Style(8.5, bold=True), Style(8.5, grey=0.38)
_SMALL = Style(7.5, grey=0.38)
_MARGIN = 42.0  # points
_BOTTOM = 52.0
LEADING = 1.32  # line height in font sizes
_HEAD = 22.0  # height of the line at the top of each page

Column = tuple[float, float]  # left edge and width, points from the left margin


class Sheet:
    """A PDF being drawn from top to bottom; lengths in points.

    The same calls give the same bytes: dates are those of `created`.

    Args:
        file: to write into.
        title: of the document, on each page.
        created: with time zone.
    """

    def __init__(self, file: BinaryIO, title: str, created: datetime) -> None:
        self.canvas = Canvas(file, pagesize=A4, invariant=1, lang="en", pageCompression=1)
        self._title = title
        self._file = file
        self.width = A4[0] - 2 * _MARGIN
        stamp = created.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
        self.canvas.setDateFormatter(lambda *_: stamp)
        self.canvas.setTitle(title)
        self.canvas.setSubject(RESEARCH_USE_ONLY)
        self.canvas.setCreator(f"Fracture Locator {__version__}")
        self.canvas.setAuthor("Fracture Locator")
        self._started = False
        self.y = 0.0
        self.new_page()

    @property
    def left(self) -> float:
        """Left edge of what is drawn, from the edge of the page."""
        return _MARGIN

    @property
    def room(self) -> float:
        """Height left on this page."""
        return self.y - _BOTTOM

    def new_page(self) -> None:
        """Go on at the top of a new page."""
        if self._started:
            self._end_page()
        self._started = True
        top = A4[1] - _MARGIN
        self._line(_MARGIN, top - 6, self._title, _SMALL)
        mark = Style(7.5, bold=True)
        self._line(
            A4[0] - _MARGIN - text_width(RESEARCH_USE_ONLY, mark), top - 6, RESEARCH_USE_ONLY, mark
        )
        self.y = top - _HEAD

    def _end_page(self) -> None:
        number = str(self.canvas.getPageNumber())
        self._line(A4[0] - _MARGIN - text_width(number, _SMALL), _BOTTOM - 20, number, _SMALL)
        self.canvas.showPage()

    def need(self, height: float, again: Callable[[], None] | None = None) -> None:
        """Start a new page unless so much height is left; `again` repeats a table's head."""
        if self.room < height:
            self.new_page()
            if again is not None:
                again()

    def skip(self, height: float) -> None:
        """Leave some height free."""
        self.y -= height

    def heading(self, text: str, size: float = 13) -> None:
        """Draw a heading, which never stands last on a page."""
        self.need(size * 5)
        self.text(text, Style(size, bold=True))
        self.skip(size * 0.35)

    def text(self, text: str, style: Style = BODY, column: Column | None = None) -> None:
        """Draw a paragraph."""
        left, width = column or (0.0, self.width)
        for line in wrap(text, style, width):
            self.need(style.size * LEADING)
            self._line(_MARGIN + left, self.y - style.size, line, style)
            self.y -= style.size * LEADING

    def row(
        self,
        cells: Sequence[tuple[str, Style]],
        columns: Sequence[Column],
        again: Callable[[], None] | None = None,
        link: str | None = None,
    ) -> None:
        """Draw a row of a table and a thin line below it; it is not split between pages.

        Args:
            cells: text and style of each column.
            columns: where they stand.
            again: draws the table's head, where the row begins a new page.
            link: bookmark that the row leads to.
        """
        wrapped = [wrap(t, s, c[1]) for (t, s), c in zip(cells, columns, strict=True)]
        height = max(len(lines) for lines in wrapped) * BODY.size * LEADING + 5
        self.need(height, again)
        for lines, (_, style), (left, _) in zip(wrapped, cells, columns, strict=True):
            for index, line in enumerate(lines):
                y = self.y - BODY.size - index * BODY.size * LEADING
                self._line(_MARGIN + left, y, line, style)
        if link is not None:
            area = (_MARGIN, self.y - height + 3, _MARGIN + self.width, self.y)
            self.canvas.linkRect("", link, area, thickness=0)
        self.y -= height
        self.rule()

    def rule(self) -> None:
        """Draw a thin line across the page."""
        self.canvas.setStrokeGray(0.82)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(_MARGIN, self.y + 2, _MARGIN + self.width, self.y + 2)
        self.y -= 1

    def _line(self, x: float, y: float, text: str, style: Style) -> None:
        self.canvas.setFillGray(style.grey)
        draw_line(self.canvas, x, y, text, style)

    def close(self) -> None:
        """Write the document."""
        self._end_page()
        self.canvas.save()
