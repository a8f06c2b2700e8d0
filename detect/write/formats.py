"""Turning records into any of the output formats, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from detect.errors import InputError, NotWrittenError
from detect.extras import need_extra
from detect.record import Failure, Reading
from detect.write.atomic import remove_folder
from detect.write.context import WriteContext
from detect.write.not_written import NotWritten, save_not_written
from detect.write.registry import FORMATS

__all__ = ["formats_in", "known_formats", "remove_formats", "write_formats"]


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
    save_not_written(missed, context.folder, names)
    return tuple(missed)


def formats_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the formats of which something is in `folder`."""
    return tuple(
        name
        for name, known in FORMATS.items()
        if any((folder / output).exists() for output in known.outputs)
    )


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
    save_not_written((), folder, FORMATS)
