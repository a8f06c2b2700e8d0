"""The pixels of the images that records are of, read again one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from detect.errors import NotWrittenError, ReadError
from detect.read import Radiograph, read
from detect.record import Source
from detect.write.originals import Originals

__all__ = ["Radiographs"]


class Radiographs:
    """Reads the images of records again; holds one image at a time.

    Frames of one object that are asked for in their order are decoded once, not from the first
    each time.

    Args:
        originals: finds the files.
    """

    def __init__(self, originals: Originals) -> None:
        self._originals = originals
        self._path: Path | None = None
        self._frames: Iterator[Radiograph] = iter(())

    def radiograph_of(self, source: Source) -> Radiograph:
        """Return the image, with the size that its record states.

        Raises:
            NotWrittenError: the file is gone, has changed, or is read otherwise than before.
        """
        path = self._originals.path_of(source)
        found = self._next_of(path, source) if path == self._path else None
        if found is None:
            self.close()
            self._path, self._frames = path, read(path, source.path)
            found = self._next_of(path, source)
        if found is None or (found.source.width, found.source.height) != (
            source.width,
            source.height,
        ):
            raise NotWrittenError(
                f"{source.path}: {path} is read otherwise than when the results were made; "
                "run detect again"
            )
        return found

    def _next_of(self, path: Path, source: Source) -> Radiograph | None:
        try:
            return next((r for r in self._frames if r.source.frame == source.frame), None)
        except ReadError as error:
            raise NotWrittenError(f"{error} (read from {path})") from error

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        close = getattr(self._frames, "close", None)
        self._path, self._frames = None, iter(())
        if close is not None:  # a generator, whose file would stay open
            close()
