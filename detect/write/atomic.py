"""Files and folders that appear whole or not at all: written beside their place, then renamed.

Readers never meet half a file, also after Ctrl-C or a kill. Nothing is forced to the
disk's platter: after a power cut a file may be missing, and can be made again.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from detect.errors import OutputError

__all__ = [
    "naming_output",
    "remove_folder",
    "replacing_bytes",
    "replacing_folder",
    "replacing_text",
]

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


def _place(path: Path) -> Path:
    """Return what is replaced: `path`, or where it leads, so that a link stays a link.

    Raises:
        OutputError: it is there and no file.
    """
    given = path
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            # of a link that leads to itself, `resolve` makes no OSError
            path = Path(os.path.realpath(path))
            mode = path.stat().st_mode
    except FileNotFoundError:
        return path
    if not stat.S_ISREG(mode):
        raise OutputError(f"cannot write {given}: it is not a file; remove it or {_ELSEWHERE}")
    return path


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yield a new name in the folder of `path`; rename it at the end, or remove it."""
    with naming_output(path):
        place = _place(path)
        if not place.parent.is_dir():
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


@contextmanager
def replacing_folder(path: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `path` when the block ends well.

    So a folder never holds files of two runs. If the block raises, `path` stays as it was.

    Args:
        path: of the folder, which may be there from an earlier run.
        suffixes: of the files that go in, such as ".dcm".

    Raises:
        OutputError: the folder cannot be written, or holds files of other kinds.
    """
    part = path.with_name(f".{path.name}.part")
    with naming_output(path):
        _refuse_others(path, suffixes)
        shutil.rmtree(part, ignore_errors=True)  # a kill left it; if it stays, mkdir says why
        part.mkdir(parents=True)
    try:
        yield part
        with naming_output(path):
            remove_folder(path, suffixes)
            part.replace(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def remove_folder(path: Path, suffixes: Collection[str]) -> None:
    """Remove a folder that `replacing_folder` made; one that is not there is no fault.

    Raises:
        OutputError: it cannot be removed, or holds files of other kinds.
    """
    with naming_output(path):
        _refuse_others(path, suffixes)
        if path.is_dir():
            shutil.rmtree(path)


def _refuse_others(path: Path, suffixes: Collection[str]) -> None:
    """Keep what is not ours from being lost with a folder."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise OutputError(f"cannot write {path}: it is no folder; remove it or {_ELSEWHERE}")
    for parent, _, files in os.walk(path):
        for name in files:
            if not name.endswith(tuple(suffixes)):
                raise OutputError(
                    f"cannot replace {path}: {Path(parent) / name} is not of this program; "
                    f"move it or {_ELSEWHERE}"
                )
