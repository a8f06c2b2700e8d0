"""One DICOM object per reading, in a folder; of raster images their DICOM form beside it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self

from pydicom.dataset import Dataset

from detect.errors import FractureLocatorError, NotWrittenError
from detect.read.dicom_header import keep_quiet
from detect.record import Failure, Reading
from detect.write.atomic import naming_output, replacing_folder
from detect.write.context import WriteContext, picture_name
from detect.write.dicom.common import complete
from detect.write.dicom.source import WRAPPED, DicomSource, DicomSources

__all__ = ["SUFFIX", "BuildObject", "ObjectWriter"]

LOGGER = logging.getLogger(__name__)
SUFFIX = ".dcm"

BuildObject = Callable[[DicomSource], Dataset]
"""Makes the parts of an object that are of its own kind; `complete` adds the others.

Raises NotWrittenError for a reading that has no form in the format.
"""


class ObjectWriter:
    """Writes `folder`/KIND/<path of the source>.dcm, an object for each reading.

    The folder appears when the block ends or `close` is called; if the block raises, an
    earlier one stays as it was. Objects are written one by one, and nothing of them is kept.

    Args:
        context: where to, and where the images are found again.
        kind: name of the format and of its folder, known to `complete`.
        build: what makes an object.
        wrap: what makes the image itself of a raster image, which goes beside the object as
            <path of the source>.image.dcm; None leaves it out.

    Raises:
        InputError: --as-secondary-capture-of names no DICOM file with a study.
        OutputError: the folder cannot be written (also from `write` and `close`).
    """

    def __init__(
        self,
        context: WriteContext,
        kind: str,
        build: BuildObject,
        wrap: BuildObject | None = None,
    ) -> None:
        _keep_highdicom_quiet()
        self._sources = DicomSources(context)
        self._created = context.created
        self._kind = kind
        self._build = build
        self._wrap = wrap
        with ExitStack() as stack:
            folder = replacing_folder(context.folder / kind, (SUFFIX,))
            self._folder = stack.enter_context(folder)
            self._open = stack.pop_all()

    def write(self, record: Reading | Failure) -> None:
        """Write the object of a reading.

        Raises:
            NotWrittenError: there can be none, a failure included.
            OutputError: the file cannot be written.
        """
        name = record.source.path
        if isinstance(record, Failure):
            raise NotWrittenError(
                f"{name}: was not read ({record.reason}), so there is no object of it; "
                "results.csv says how to mend that"
            )
        source = self._sources.of(record)
        content = self._encoded(source, self._kind, self._build)
        if source.is_raster and self._wrap is not None:
            image = self._encoded(source, WRAPPED, self._wrap)
            self._save(picture_name(name, record.source.frame, f"image{SUFFIX}"), image, name)
        self._save(picture_name(name, record.source.frame, SUFFIX[1:]), content, name)

    def _encoded(self, source: DicomSource, kind: str, build: BuildObject) -> memoryview:
        """Return an object as the bytes of a file."""
        name = source.reading.source.path
        buffer = BytesIO()
        try:
            keep_quiet()
            dataset = build(source)
            complete(dataset, source, kind, self._created)
            dataset.save_as(buffer, enforce_file_format=True)
        except (FractureLocatorError, MemoryError):
            raise
        except Exception as error:  # values met nowhere yet: told, never quoted, others go on
            LOGGER.debug("%s: %s", name, type(error).__name__)
            raise NotWrittenError(
                f"{name}: its header does not allow an object ({type(error).__name__}); "
                "export the image again, or report it"
            ) from error
        return buffer.getbuffer()

    def close(self) -> None:
        """Put the folder in its place; a second call does nothing."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def _save(self, relative: str, content: memoryview, name: str) -> None:
        path = self._folder / relative
        if not _inside(relative):
            raise NotWrittenError(f"{name}: leads out of the folder; name paths below it")
        with naming_output(path):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                message = f"{name}: its file name would be too long; give the file a shorter one"
                raise NotWrittenError(message) from error


def _inside(relative: str) -> bool:
    path = Path(relative)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in relative


def _keep_highdicom_quiet() -> None:
    """Silence highdicom's log, which quotes names of patients that it finds odd."""
    logging.getLogger("highdicom").setLevel(logging.CRITICAL)
