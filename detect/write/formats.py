"""The table of output formats, and turning records into any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from types import TracebackType
from typing import Protocol, Self

from detect.errors import InputError, NotWrittenError
from detect.extras import need_extra
from detect.read.plain import PLAIN_SUFFIXES
from detect.record import Failure, Reading
from detect.write.atomic import remove_folder
from detect.write.context import WriteContext
from detect.write.not_written import NotWritten, save_not_written

__all__ = ["FORMATS", "Format", "ResultWriter", "known_formats", "remove_formats", "write_formats"]


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


WriterFactory = Callable[[WriteContext], ResultWriter]
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
    "coco": Format(
        "coco.json, a dataset with the boxes shown, and coco_results.json, all with their scores",
        "detect.write.coco:open_coco",
        ("coco.json", "coco_results.json"),
    ),
    "html": Format(
        "report.html, a worklist for any browser, and its pictures in report_files/",
        "detect.write.html.writer:open_html",
        ("report.html", "report_files/"),
        suffixes=(".jpg", ".png"),
        extra="reports",
        modules=("jinja2",),
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
    "yolo": Format(
        "yolo/: labels to correct and train on, and predictions with their confidence",
        "detect.write.yolo:open_yolo",
        ("yolo/",),
        suffixes=(".yaml", ".txt", *PLAIN_SUFFIXES),
    ),
    "cvat": Format(
        "cvat/: annotations for images (XML 1.1), so that people correct boxes in CVAT",
        "detect.write.cvat:open_cvat",
        ("cvat/",),
        suffixes=(".json", ".xml", *PLAIN_SUFFIXES),
    ),
    "label-studio": Format(
        "label-studio/: tasks with predictions, so that people correct boxes in Label Studio",
        "detect.write.label_studio:open_label_studio",
        ("label-studio/",),
        suffixes=(".json", ".xml", *PLAIN_SUFFIXES),
    ),
    "parquet": Format(
        "results.parquet, a row per image, and findings.parquet, a row per box, both typed",
        "detect.write.parquet:open_parquet",
        ("results.parquet", "findings.parquet"),
        extra="reports",
        modules=("pyarrow",),
    ),
    "pdf": Format(
        "report.pdf: summary, worklist, fractured and doubtful images, failures, for paper",
        "detect.write.pdf.writer:open_pdf",
        ("report.pdf",),
        extra="reports",
        modules=("reportlab",),
    ),
}


def known_formats(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names without repeats, in their order.

    Raises:
        InputError: a name is not in `FORMATS`, or packages that it needs are not installed.
    """
    for name in names:
        if name not in FORMATS:
            known = ", ".join(sorted(FORMATS))
            raise InputError(f"--format {name}: unknown; choose from {known}")
        if FORMATS[name].extra is not None:
            need_extra(FORMATS[name].extra or "", *FORMATS[name].modules)
    return tuple(dict.fromkeys(names))


def write_formats(
    records: Iterable[Reading | Failure], context: WriteContext, names: Sequence[str]
) -> tuple[NotWritten, ...]:
    """Write records in several formats in one pass, one record in memory at a time.

    Saved results become any other format by `read_results(path)` as `records`. Never name
    "json" with `context.folder` being where `records` are read from: it would be emptied first.

    Args:
        records: in the order to be written.
        context: where to, and what there is beside the records.
        names: of formats.

    Returns:
        What has no form in a format, and why; also saved as not_written.csv, if any.

    Raises:
        InputError: a name is unknown, or `records` raise it.
        OutputError: a file cannot be written.
    """
    missed: list[NotWritten] = []
    with ExitStack() as stack:
        writers = [
            (name, stack.enter_context(FORMATS[name].open(context)))
            for name in known_formats(names)
        ]
        for record in records:
            for name, writer in writers:
                try:
                    writer.write(record)
                except NotWrittenError as error:
                    source = record.source
                    missed.append(NotWritten(name, source.path, source.frame, str(error)))
    save_not_written(missed, context.folder)
    return tuple(missed)


def remove_formats(folder: Path) -> None:
    """Remove what any format has written into `folder`, and nothing else.

    Raises:
        OutputError: something cannot be removed, or a folder holds files that are not ours.
    """
    for known in reversed(FORMATS.values()):  # results.jsonl last: it marks a run
        for name in known.outputs:
            if name.endswith("/"):
                remove_folder(folder / name.rstrip("/"), known.suffixes)
            else:
                (folder / name).unlink(missing_ok=True)
    save_not_written((), folder)
