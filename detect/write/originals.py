"""The images that results are of: found again, and known to be the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from detect.errors import NotWrittenError
from detect.read import sha256_of
from detect.record import Source

__all__ = ["Originals"]

_REMEMBERED = 256  # files whose hash is not taken again, as for the frames of one object


class Originals:
    """Finds the files that records are of.

    Args:
        find: from `Source.path` to the file; None where it is not known.
    """

    def __init__(self, find: Callable[[str], Path | None]) -> None:
        self._find = find
        self._hash = lru_cache(maxsize=_REMEMBERED)(sha256_of)

    def path_of(self, source: Source) -> Path:
        """Return the file that was read.

        Raises:
            NotWrittenError: it is not there any more, or has changed since.
        """
        path = self._find(source.path)
        if path is None or not path.is_file():
            raise NotWrittenError(
                f"{source.path}: is not where it was read from; name its folder with --images"
            )
        if self._hash(path) != source.sha256:
            raise NotWrittenError(
                f"{source.path}: {path} is not the file that was read (its hash differs); "
                "read it again, or name the right folder with --images"
            )
        return path
