"""Files that appear whole or not at all: written beside their place, then renamed.

Readers never meet half a file, also after Ctrl-C or a kill. Nothing is forced to the
disk's platter: after a power cut a file may be missing, and can be made again.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from detect.errors import OutputError

__all__ = ["naming_output", "replacing_bytes", "replacing_text"]

_ELSEWHERE = "choose another folder with --out"
_WAYS_OUT = {
    errno.ENOSPC: f"free some space or {_ELSEWHERE}",
    errno.EDQUOT: f"free some of your quota or {_ELSEWHERE}",
    errno.EFBIG: f"raise the limit on file sizes or {_ELSEWHERE}",
    errno.ENAMETOOLONG: "choose a shorter name with --out",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
}


@contextmanager
def naming_output(path: Path) -> Iterator[None]:
    """Turn an OSError raised inside into an OutputError that names `path`."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        way_out = _WAYS_OUT.get(error.errno or 0, f"make it writable or {_ELSEWHERE}")
        raise OutputError(f"cannot write {path}: {why}; {way_out}") from error


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yield a new name in the folder of `path`; rename it at the end, or remove it."""
    with naming_output(path):
        # a link stays a link; of one that leads to itself, `resolve` makes no OSError
        place = Path(os.path.realpath(path))
        if place.exists() and not place.is_file():
            raise OutputError(f"cannot write {path}: it is not a file; remove it or {_ELSEWHERE}")
        place.parent.mkdir(parents=True, exist_ok=True)
        # short, because the name of `path` may be as long as the file system allows
        part = place.with_name(f".{secrets.token_hex(8)}.part")
        try:
            yield part
            part.replace(place)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def replacing_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` when the block ends well.

    Missing folders are made. If the block raises, `path` stays as it was. Keep the block
    to writing: an OSError in it is taken for one of this file.

    Raises:
        OutputError: the file cannot be written.
    """
    with _beside(path) as part, part.open("xb") as file:
        yield file


@contextmanager
def replacing_text(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file as `replacing_bytes` does; line ends are kept as written.

    What UTF-8 cannot hold (bytes of a file name that are no text) is written as
    backslash escapes.

    Raises:
        OutputError: the file cannot be written.
    """
    with (
        _beside(path) as part,
        part.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        yield file
