"""A zip from the web, unpacked into a folder of its own without harm to anything else."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PureWindowsPath

from detect.errors import FetchError, OutputError
from detect.progress import Progress
from detect.write.atomic import naming_output

__all__ = ["unpack"]

_MOST_FILES = 1_000_000
_MOST_TIMES = 50  # larger than the archive; pictures hardly shrink, tables and labels tenfold
_SPARE = 256 << 20  # bytes that are allowed whatever the archive's size
_CHUNK = 1 << 20


def unpack(archive: Path, folder: Path, *, show_progress: bool = False) -> None:
    """Unpack `archive` as `folder`, in whose place nothing may be that is still of use.

    All is written beside and then renamed, so that `folder` is whole or not there. Where the
    archive holds but one folder, that folder's content is unpacked.

    Raises:
        FetchError: no sound zip, or one that reaches out of its folder, holds links, is
            encrypted, or would fill the disk many times over.
        OutputError: the folder cannot be written.
    """
    beside = folder.with_name(f".{folder.name}.unpacking")
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked(opened, archive)
            _check_space(members, archive, folder.parent)
            _remove(beside)
            with naming_output(folder):
                beside.mkdir(parents=True)
            with Progress(
                f"unpack {archive.name}", len(members), bar=show_progress, unit="file"
            ) as progress:
                for info, parts in members:
                    _extract(opened, info, beside.joinpath(*parts))
                    progress.advance()
    # NotImplementedError is zipfile's word for a compression or version that it does not know
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        message = f"{archive}: not a sound zip ({error or type(error).__name__})"
        raise FetchError(f"{message}; delete it and run the command again") from error
    _remove(folder)
    with naming_output(folder):
        inside = list(beside.iterdir())
        if len(inside) == 1 and inside[0].is_dir():
            inside[0].replace(folder)
            beside.rmdir()
        else:
            beside.replace(folder)


def _checked(
    opened: zipfile.ZipFile, archive: Path
) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """Return the files in it with the parts of their paths, if all of them are harmless."""
    members = []
    taken: set[tuple[str, ...]] = set()
    infos = opened.infolist()
    if len(infos) > _MOST_FILES:
        raise FetchError(
            f"{archive}: holds {len(infos)} files, more than any dataset; not unpacked"
        )
    for info in infos:
        # a separator of any system, so that an archive means the same on all
        parts = tuple(part for part in info.filename.replace("\\", "/").split("/") if part != ".")
        if info.is_dir() or parts[0] == "__MACOSX":  # what macOS adds is of no use elsewhere
            continue
        if not all(parts) or ".." in parts or PureWindowsPath(*parts).drive:
            raise FetchError(
                f"{archive}: {info.filename!r} reaches out of its folder; not unpacked"
            )
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise FetchError(f"{archive}: {info.filename!r} is a link or device; not unpacked")
        if info.flag_bits & 0x1:
            raise FetchError(f"{archive}: {info.filename!r} is encrypted; not unpacked")
        key = tuple(part.casefold() for part in parts)
        if key in taken:  # on systems that do not tell cases apart, too
            raise FetchError(f"{archive}: {info.filename!r} is in it twice; not unpacked")
        taken.add(key)
        members.append((info, parts))
    total = sum(info.file_size for info, _ in members)
    if total > _SPARE + _MOST_TIMES * archive.stat().st_size:
        raise FetchError(f"{archive}: would unpack to {total} bytes, like a zip bomb; not unpacked")
    return members


def _check_space(
    members: list[tuple[zipfile.ZipInfo, tuple[str, ...]]], archive: Path, folder: Path
) -> None:
    needed = sum(info.file_size for info, _ in members)
    with naming_output(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if free < needed:
        message = (
            f"{archive}: unpacks to {needed / 1e6:,.0f} MB, but {folder} has {free / 1e6:,.0f}"
        )
        raise OutputError(f"{message}; free some space and run the command again")


def _extract(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    with naming_output(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # zipfile gives no more than the stated size, and compares the checksum at its end
        with path.open("xb") as target, opened.open(info) as source:
            shutil.copyfileobj(source, target, _CHUNK)


def _remove(folder: Path) -> None:
    if os.path.lexists(folder):
        with naming_output(folder):
            shutil.rmtree(folder)
