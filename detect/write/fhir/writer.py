"""The formats `fhir-r4` and `fhir-r5`: a folder with one Bundle a record."""

from __future__ import annotations

import errno
import json
from pathlib import Path, PurePosixPath

from detect.errors import NotWrittenError
from detect.record import Failure, Reading, Source
from detect.write.atomic import naming_output, replacing_folder
from detect.write.context import WriteContext, picture_name
from detect.write.fhir.bundle import bundle_of
from detect.write.fhir.elements import Release
from detect.write.fhir.image import SeriesFacts
from detect.write.fhir.series import series_finder
from detect.write.staged import StagedWriter

__all__ = ["FhirWriter", "open_fhir_r4", "open_fhir_r5"]

_SUFFIX = ".json"
_NO_NAME = {
    errno.EEXIST: "another result has its name",
    errno.EISDIR: "another result has a folder of its name",
    errno.ENOTDIR: "another result has the name of its folder",
    errno.ENAMETOOLONG: "its file name would be too long",
}


class FhirWriter(StagedWriter):
    """Writes one Bundle a record, `<path of the image>.json`, below a folder.

    The folder appears when the block ends or `close` is called; if the block raises, an
    earlier one stays as it was.

    Args:
        context: of the run.
        release: of FHIR; names the folder, "fhir-r4" or "fhir-r5".

    Raises:
        OutputError: the folder cannot be written (also from `write` and `close`).
    """

    def __init__(self, context: WriteContext, release: Release) -> None:
        super().__init__()
        self._release = release
        self._created = context.created.isoformat()
        self._series_of = series_finder(context.originals)
        self._place = context.folder / f"fhir-{release.lower()}"
        self._folder = self._open(replacing_folder(self._place, (_SUFFIX,)))

    def write(self, record: Reading | Failure) -> None:
        """Write the Bundle of a record.

        Raises:
            NotWrittenError: no file can have the name that its path asks for.
            OutputError: it cannot be written.
        """
        source = record.source
        name = _name_of(source)
        facts = SeriesFacts() if isinstance(record, Failure) else self._series_of(source)
        bundle = bundle_of(record, facts, self._created, self._release)
        text = json.dumps(bundle, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
        with naming_output(self._place / name):
            try:
                path = self._folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.write(text.encode())
            except OSError as error:
                why = _NO_NAME.get(error.errno or 0)
                if why is None:
                    raise
                raise NotWrittenError(f"{source.path}: {why}; rename the image") from error


def _name_of(source: Source) -> Path:
    """Return the name of a Bundle, which stays in its folder whatever results say."""
    path = PurePosixPath(source.path)
    if path.is_absolute() or ".." in path.parts:
        raise NotWrittenError(f"{source.path}: leads out of its folder; correct the results")
    return Path(picture_name(source.path, source.frame, _SUFFIX[1:]))


def open_fhir_r4(context: WriteContext) -> FhirWriter:
    """Return the writer of the format `fhir-r4`."""
    return FhirWriter(context, "R4")


def open_fhir_r5(context: WriteContext) -> FhirWriter:
    """Return the writer of the format `fhir-r5`."""
    return FhirWriter(context, "R5")
