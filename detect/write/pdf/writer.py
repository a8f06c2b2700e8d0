"""Writes report.pdf: a summary, the worklist, the doubtful and the fractured large, failures.

Records wait on disk until the order is known; images are read again one at a time. A PDF is put
together in memory by its library, so pictures are drawn of the `MOST_PICTURES` most suspicious
images only, which is more than anybody prints; the summary says so, and the worklist holds all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from detect.draw.banner import percent
from detect.errors import NotWrittenError
from detect.record import Failure, Reading, record_from_json
from detect.write.atomic import naming_output, replacing_bytes
from detect.write.context import WriteContext
from detect.write.counts import RunCounts
from detect.write.pdf.findings import bookmark, draw_reading
from detect.write.pdf.sheet import BODY, BOLD, MUTED, Column, Sheet
from detect.write.pdf.text import Style
from detect.write.radiographs import Radiographs
from detect.write.staged import StagedWriter
from detect.write.wording import CERTAINTY_MEANING, failure_words, region_of, shown, shown_name
from detect.write.worklist import Worklist, suspicion

__all__ = ["MOST_PICTURES", "PdfWriter", "open_pdf"]

MOST_PICTURES = 500
_NAME = "report.pdf"
_TITLE = "Fracture worklist"
_COLUMNS: tuple[Column, ...] = ((0, 30), (32, 196), (234, 114), (352, 42), (398, 68), (470, 41))
_FAILURE_COLUMNS: tuple[Column, ...] = ((0, 180), (186, 68), (260, 251))
_FACT_COLUMNS: tuple[Column, ...] = ((0, 90), (96, 415))


class PdfWriter(StagedWriter):
    """Writes the results for paper; the file appears when the block ends or `close` is called.

    An image that is gone, or has changed, keeps its row and its findings, with the reason.

    Args:
        context: where to, and where the images are.

    Raises:
        OutputError: the file cannot be written (also from `write` and `close`).
    """

    def __init__(self, context: WriteContext) -> None:
        super().__init__()
        self._context = context
        self._counts = RunCounts()
        self._large = 0  # images to be drawn large
        self._readings = self._open(closing(Worklist(context.folder)))
        self._failures = self._open(closing(Worklist(context.folder)))
        self._file = self._open(replacing_bytes(context.folder / _NAME))
        self._radiographs = self._open(closing(Radiographs(context.originals)))

    def write(self, record: Reading | Failure) -> None:
        """Add a record."""
        self._counts.add(record)
        if isinstance(record, Failure):
            self._failures.add(record.to_json())
        else:
            self._large += _is_large(record)
            self._readings.add(record.to_json(), suspicion(record))

    def _finish(self) -> None:
        with naming_output(self._context.folder / _NAME):
            sheet = Sheet(self._file, _TITLE, self._context.created)
            self._summary(sheet)
            self._worklist(sheet)
            self._images(sheet)
            self._failed(sheet)
            sheet.close()

    def _summary(self, sheet: Sheet) -> None:
        counts = self._counts
        sheet.text(_TITLE, Style(20, bold=True))
        sheet.skip(6)
        created = self._context.created.strftime("%Y-%m-%d, %H:%M %Z")
        facts = [
            ("Read on", created),
            ("Fractured", f"{counts.fractured} of {counts.read} images"),
            ("Not fractured", f"{counts.not_fractured} of {counts.read} images"),
            ("Doubtful", f"{counts.doubtful}, of either verdict"),
            ("Could not be read", f"{counts.failures}; whether these show a fracture is not known"),
            *[
                ("Model bundle", f"{shown(model.name)} {shown(model.version)}, {model.sha256}")
                for model in counts.models
            ],
            *[("Operating point", sentence) for sentence in counts.operating_points()],
            ("Certainty", CERTAINTY_MEANING),
            ("Marks", "solid orange: definite; dashed blue: suspicious; scores rank boxes only"),
        ]
        if counts.warned:
            facts.append(("Warnings", f"images with a warning, (!) in the list: {counts.warned}"))
        if self._large > MOST_PICTURES:
            facts.append(
                ("Pictures", f"the {MOST_PICTURES} most suspicious of {self._large} fractured or "
                 "doubtful images; the format html shows all")
            )  # fmt: skip
        for term, value in facts:
            sheet.row([(term, MUTED), (value, BODY)], _FACT_COLUMNS)
        sheet.skip(14)

    def _worklist(self, sheet: Sheet) -> None:
        if not len(self._readings):
            return
        sheet.heading("Worklist, most suspicious first")

        def head() -> None:
            names = ("No.", "Image", "Verdict", "P", "Places", "Region")
            sheet.row([(name, MUTED) for name in names], _COLUMNS)

        head()
        for rank, reading, large in self._ranked():
            sheet.row(_cells(rank, reading), _COLUMNS, head, bookmark(rank) if large else None)
        sheet.skip(14)

    def _images(self, sheet: Sheet) -> None:
        begun = False
        for rank, reading, large in self._ranked():
            if not large:
                continue
            if not begun:
                sheet.new_page()
                begun = True
            try:
                pixels = self._radiographs.radiograph_of(reading.source).pixels
            except NotWrittenError as error:
                draw_reading(sheet, reading, rank, None, str(error))
            else:
                draw_reading(sheet, reading, rank, pixels)

    def _ranked(self) -> Iterator[tuple[int, Reading, bool]]:
        """Yield place in the worklist, reading, and whether it is drawn large."""
        drawn = 0
        for rank, row in enumerate(self._readings.rows(), 1):
            reading = record_from_json(row)
            if isinstance(reading, Reading):  # the list holds no failures
                large = _is_large(reading) and drawn < MOST_PICTURES
                drawn += large
                yield rank, reading, large

    def _failed(self, sheet: Sheet) -> None:
        if not len(self._failures):
            return
        sheet.heading("Could not be read")

        def head() -> None:
            names = ("File", "Reason", "Why, and what to do")
            sheet.row([(name, MUTED) for name in names], _FAILURE_COLUMNS)

        head()
        for row in self._failures.rows():
            failure = record_from_json(row)
            if isinstance(failure, Failure):
                cells = (shown_name(failure.source), *failure_words(failure))
                sheet.row([(cell, BODY) for cell in cells], _FAILURE_COLUMNS, head)


def _is_large(reading: Reading) -> bool:
    """Whether somebody will want to see it."""
    return reading.verdict.label == "fractured" or reading.verdict.certainty == "doubtful"


def _cells(rank: int, reading: Reading) -> list[tuple[str, Style]]:
    verdict, findings = reading.verdict, reading.findings
    fractured = verdict.label == "fractured"
    label = "fractured" if fractured else "not fractured"
    if verdict.certainty == "doubtful":
        label += ", doubtful"
    definite = sum(finding.certainty == "definite" for finding in findings)
    suspicious = sum(finding.certainty == "suspicious" for finding in findings)
    places = ", ".join(
        f"{count} {word}" for count, word in ((definite, "def."), (suspicious, "susp.")) if count
    )
    return [
        (str(rank), MUTED),
        (shown_name(reading.source) + (" (!)" if reading.warnings else ""), BODY),
        (label, BOLD if fractured else BODY),
        (percent(verdict.probability), BODY),
        (places or "–", BODY),
        (region_of(reading) or "–", BODY),
    ]


def open_pdf(context: WriteContext) -> PdfWriter:
    """Return the writer of the format `pdf`."""
    return PdfWriter(context)
