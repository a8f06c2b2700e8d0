"""Series and SOP class of DICOM images, read from their headers where the files are at hand."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from detect.errors import NotWrittenError, ReadError
from detect.read.dicom_header import read_header
from detect.record import Source
from detect.write.fhir.identity import in_dicom_study
from detect.write.fhir.image import SeriesFacts, SeriesOf
from detect.write.originals import Originals

__all__ = ["series_finder"]


def series_finder(originals: Originals) -> SeriesOf:
    """Return what tells the series of an image.

    A Bundle is whole without: the instance's own UID names the image. So results can be
    written where the images are not, and then nothing is known.
    """

    @lru_cache(maxsize=1)  # the frames of an object come one after another
    def facts_of(path: Path, name: str) -> SeriesFacts:
        try:
            header = read_header(path, name)
        except (ReadError, OSError) as error:
            raise NotWrittenError(f"{name}: cannot be read again: {error}") from error
        return SeriesFacts(header.series_instance_uid, header.sop_class_uid)

    def find(source: Source) -> SeriesFacts:
        if not in_dicom_study(source):
            return SeriesFacts()
        try:
            path = originals.path_of(source)
        except NotWrittenError:  # gone, or another file by now
            return SeriesFacts()
        return facts_of(path, source.path)

    return find
