"""The table of output formats, and turning saved results into any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from detect.errors import InputError
from detect.record import Failure, Reading
from detect.write.json_lines import JsonLinesWriter
from detect.write.tables import CsvWriter

__all__ = ["FORMATS", "ResultWriter", "WriterFactory", "known_formats", "write_formats"]


class ResultWriter(Protocol):
    """One output format being written; a context manager.

    `close`, or the end of the block, completes the files. A block that raises leaves
    earlier files as they were, or, for results.jsonl, every record written so far.
    """

    def write(self, record: Reading | Failure) -> None:
        """Add a record."""

    def close(self) -> None:
        """Complete the files."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


WriterFactory = Callable[[Path], ResultWriter]
"""Takes the output folder; raises OutputError where it cannot be written."""

FORMATS: dict[str, WriterFactory] = {
    "json": JsonLinesWriter,
    "csv": CsvWriter,
}


def known_formats(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names without repeats, in their order.

    Raises:
        InputError: a name is not in `FORMATS`.
    """
    for name in names:
        if name not in FORMATS:
            known = ", ".join(sorted(FORMATS))
            raise InputError(f"--format {name}: unknown; choose from {known}")
    return tuple(dict.fromkeys(names))


def write_formats(records: Iterable[Reading | Failure], folder: Path, names: Sequence[str]) -> None:
    """Write records in several formats in one pass, one record in memory at a time.

    Saved results become any other format by `read_results(path)` as `records`. Never name
    "json" with `folder` being where `records` are read from: it would be emptied first.

    Args:
        records: in the order to be written.
        folder: of the output; made if missing.
        names: of formats.

    Raises:
        InputError: a name is unknown, or `records` raise it.
        OutputError: a file cannot be written.
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(FORMATS[name](folder)) for name in known_formats(names)]
        for record in records:
            for writer in writers:
                writer.write(record)
