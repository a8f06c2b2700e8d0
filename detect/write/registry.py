"""The table of output formats: a line each, and nothing that is slow to import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from detect.record import Failure, Reading
    from detect.write.context import WriteContext

__all__ = ["FORMATS", "Format", "ResultWriter", "WriterFactory"]

_PICTURES = (".jpg", ".jpeg", ".JPG", ".JPEG", ".png", ".PNG", ".bmp", ".BMP", ".webp", ".WEBP")


class ResultWriter(Protocol):
    """One output format being written; a context manager.

    `close`, or the end of the block, completes the files. A block that raises leaves
    earlier files as they were, or, for results.jsonl, every record written so far.
    """

    def write(self, record: Reading | Failure) -> None:
        """Add a record.

        Raises:
            NotWrittenError: this one has no form in the format; others may follow.
            OutputError: nothing can be written.
        """

    def close(self) -> None:
        """Complete the files."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


WriterFactory = Callable[["WriteContext"], ResultWriter]
"""Raises OutputError where the folder cannot be written, InputError for an option at fault."""


@dataclass(frozen=True, slots=True)
class Format:
    """One output format. Its module is imported only where the format is asked for."""

    about: str  # a few words for a person
    writer: str  # "module:name" of a `WriterFactory`
    outputs: tuple[str, ...]  # names in the output folder; those that end with "/" are folders
    suffixes: tuple[str, ...] = ()  # of all files in those folders
    extra: str | None = None  # of pyproject.toml, that `modules` come with
    modules: tuple[str, ...] = ()  # beyond the base install

    def open(self, context: WriteContext) -> ResultWriter:
        """Return a writer.

        Raises:
            OutputError: the folder cannot be written.
            InputError: an option is at fault.
        """
        factory: WriterFactory = resolve_name(self.writer)
        return factory(context)


FORMATS: dict[str, Format] = {
    "json": Format(
        "results.jsonl: one record a line",
        "detect.write.json_lines:open_json_lines",
        ("results.jsonl",),
    ),
    "csv": Format(
        "results.csv, a row per image, and findings.csv, a row per box",
        "detect.write.tables:open_tables",
        ("results.csv", "findings.csv"),
    ),
    "html": Format(
        "report.html, a worklist for any browser, and its pictures in report_files/",
        "detect.write.html.writer:open_html",
        ("report.html", "report_files/"),
        suffixes=(".jpg", ".png"),
        extra="reports",
        modules=("jinja2",),
    ),
    "pdf": Format(
        "report.pdf: summary, worklist, fractured and doubtful images, failures, for paper",
        "detect.write.pdf.writer:open_pdf",
        ("report.pdf",),
        extra="reports",
        modules=("reportlab",),
    ),
    "coco": Format(
        "coco.json, a dataset with the boxes shown, and coco_results.json, all with their scores",
        "detect.write.coco:open_coco",
        ("coco.json", "coco_results.json"),
    ),
    "yolo": Format(
        "yolo/: labels to correct and train on, and predictions with their confidence",
        "detect.write.yolo:open_yolo",
        ("yolo/",),
        suffixes=(".yaml", ".txt", *_PICTURES),
    ),
    "label-studio": Format(
        "label-studio/: tasks with predictions, so that people correct boxes in Label Studio",
        "detect.write.label_studio:open_label_studio",
        ("label-studio/",),
        suffixes=(".json", ".xml", *_PICTURES),
    ),
    "cvat": Format(
        "cvat/: annotations for images (XML 1.1), so that people correct boxes in CVAT",
        "detect.write.cvat:open_cvat",
        ("cvat/",),
        suffixes=(".json", ".xml", *_PICTURES),
    ),
    "fhir-r4": Format(
        "fhir-r4/: a FHIR R4 transaction Bundle for each image",
        "detect.write.fhir.writer:open_fhir_r4",
        ("fhir-r4/",),
        suffixes=(".json",),
    ),
    "fhir-r5": Format(
        "fhir-r5/: a FHIR R5 transaction Bundle for each image, places as ImagingSelection",
        "detect.write.fhir.writer:open_fhir_r5",
        ("fhir-r5/",),
        suffixes=(".json",),
    ),
    "dicom-sr": Format(
        "dicom-sr/: a structured report for each image (Comprehensive 3D SR, TID 1500)",
        "detect.write.dicom_sr:open_dicom_sr",
        ("dicom-sr/",),
        suffixes=(".dcm",),
        extra="reports",
        modules=("highdicom",),
    ),
    "dicom-sc": Format(
        "dicom-sc/: the annotated picture of each image (Secondary Capture, in colour, lossless)",
        "detect.write.dicom_sc:open_dicom_sc",
        ("dicom-sc/",),
        suffixes=(".dcm",),
        extra="reports",
        modules=("highdicom",),
    ),
    "dicom-gsps": Format(
        "dicom-gsps/: outlines to lay over each image (Grayscale Softcopy Presentation State)",
        "detect.write.dicom_gsps:open_dicom_gsps",
        ("dicom-gsps/",),
        suffixes=(".dcm",),
        extra="reports",
        modules=("highdicom",),
    ),
    "parquet": Format(
        "results.parquet, a row per image, and findings.parquet, a row per box, both typed",
        "detect.write.parquet:open_parquet",
        ("results.parquet", "findings.parquet"),
        extra="reports",
        modules=("pyarrow",),
    ),
}
