"""Writes report.html and, unless pictures are embedded, report_files/.

Rows and pictures go to disk as they come; the page is put together when the block ends. An image
that is gone, or has changed, keeps its row with all figures, the boxes on an empty ground, and
the reason; so no record is missing from the page, and none is reported as not written. How many
have no picture is logged, with the way out, and stands at the top of the page.
"""

from __future__ import annotations

import logging
from contextlib import closing

from detect.record import Failure, Reading
from detect.write.atomic import naming_output, remove_folder, replacing_bytes, replacing_folder
from detect.write.context import WriteContext
from detect.write.counts import RunCounts
from detect.write.html.page import page_around
from detect.write.html.pictures import FILES_NAME, SUFFIXES, Beside, Inside, Pictures
from detect.write.html.row import failure_row, reading_row
from detect.write.staged import StagedWriter
from detect.write.worklist import Worklist, suspicion

__all__ = ["HtmlWriter", "open_html"]

LOGGER = logging.getLogger(__name__)
_PAGE_NAME = "report.html"


class HtmlWriter(StagedWriter):
    """Writes the worklist as a page; it appears when the block ends or `close` is called.

    Args:
        context: `options.embed` puts the pictures into the page, which is then one file;
            about a third larger than the folder would be.

    Raises:
        OutputError: a file cannot be written (also from `write` and `close`).
    """

    def __init__(self, context: WriteContext) -> None:
        super().__init__()
        self._context = context
        self._counts = RunCounts()
        self._without_picture = 0
        self._inside: Inside | None = None
        folder = context.folder
        self._readings = self._open(closing(Worklist(folder)))
        self._failures = self._open(closing(Worklist(folder)))
        # opened first, so that the page is put in place after what it links to
        self._page = self._open(replacing_bytes(folder / _PAGE_NAME))
        store: Beside | Inside
        if context.options.embed:
            store = self._inside = self._open(closing(Inside(folder)))
        else:
            store = Beside(self._open(replacing_folder(folder / FILES_NAME, SUFFIXES)))
        self._pictures = self._open(closing(Pictures(context, store)))

    def write(self, record: Reading | Failure) -> None:
        """Add a record."""
        self._counts.add(record)
        if isinstance(record, Failure):
            self._failures.add(failure_row(record))
            return
        pictures = self._pictures.of(record.source)
        self._without_picture += "view_missing" in pictures
        self._readings.add(reading_row(record, pictures), suspicion(record))

    def close(self) -> None:
        """Put page and folder in their place; a second call does nothing."""
        if self._closed:
            return
        super().close()
        if self._inside is not None:  # pictures of an earlier page, which nothing links to
            remove_folder(self._context.folder / FILES_NAME, SUFFIXES)
        if self._without_picture:
            LOGGER.warning(
                "%s: %d of %d images are not where they were read from, or have changed, and are "
                "without a picture; name their folder with --images",
                self._context.folder / _PAGE_NAME,
                self._without_picture,
                self._counts.read,
            )

    def _finish(self) -> None:
        before, after = page_around(
            self._counts,
            created=self._context.created,
            without_picture=self._without_picture,
            embedded=self._inside is not None,
        )
        with naming_output(self._context.folder / _PAGE_NAME):
            self._page.write(before)
            if self._inside is not None:
                self._inside.copy_to(self._page)
            for name, worklist in (("readings", self._readings), ("failures", self._failures)):
                self._page.write(f'<script type="application/json" id="{name}">[\n'.encode())
                for index, line in enumerate(worklist.lines()):
                    # no path may end the element: JSON takes this escape wherever "<" may stand
                    self._page.write((b"," if index else b"") + line.replace(b"<", rb"\u003c"))
                self._page.write(b"]</script>\n")
            self._page.write(after)


def open_html(context: WriteContext) -> HtmlWriter:
    """Return the writer of the format `html`."""
    return HtmlWriter(context)
