"""From the paths that a user gives to the files that are read, each with its own name."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detect.errors import InputError
from detect.read.sniff import HEAD_BYTES, sniff

__all__ = ["IMAGE_SUFFIXES", "Input", "Inputs", "collect_inputs"]

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom", ".dic"}
)


@dataclass(frozen=True, slots=True)
class Input:
    """One file to read."""

    path: Path
    name: str  # relative to the folder given, forward slashes; unique in a run


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run, in the order of their names, and what was passed over."""

    files: tuple[Input, ...]
    skipped: tuple[str, ...]  # names of files in folders that are no pictures, such as README.md


def collect_inputs(paths: Sequence[str]) -> Inputs:
    """Expand files, folders (all below them) and glob patterns.

    A file named by the user is always read. In a folder, a file is read when its suffix or its
    content is that of a picture: so a damaged picture comes up as a failure, and a text beside
    the pictures does not.

    Raises:
        InputError: a path does not exist, or there is nothing to read.
    """
    named: list[tuple[Path, Path]] = []  # file, and the folder that its name is relative to
    skipped: list[tuple[Path, Path]] = []
    for text in paths:
        for path in _expand(text):
            if path.is_dir():
                for file in _below(path):
                    (named if _is_picture(file) else skipped).append((file, path))
            else:
                named.append((path, path.parent))
    if not named:
        raise InputError(
            f"{', '.join(paths)}: no picture or DICOM file there "
            f"({len(skipped)} other files were passed over)"
        )
    roots = {root.resolve() for _, root in named}
    if len(roots) > 1:  # names relative to several folders could collide
        common = Path(os.path.commonpath([str(root) for root in roots]))
        named = [(file.resolve(), common) for file, _ in named]
    unique = {file: _name(file, root) for file, root in named}
    files = tuple(
        Input(file, name) for file, name in sorted(unique.items(), key=lambda item: item[1])
    )
    return Inputs(files, tuple(sorted(_name(file, root) for file, root in skipped)))


def _expand(text: str) -> list[Path]:
    path = Path(text)
    if path.exists() or path.is_symlink():
        return [path]
    matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - patterns may be absolute
    if not matches:
        raise InputError(f"{text}: no such file or folder, and no file matches it as a pattern")
    return [Path(match) for match in matches]


def _below(folder: Path) -> Iterator[Path]:
    """Yield all files below `folder`; links to folders are not followed, so loops cannot be."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(parent) / name


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    try:
        with path.open("rb") as stream:
            return sniff(stream.read(HEAD_BYTES)) is not None
    except OSError:
        return False  # without a picture's suffix there is no sign that it is one


def _name(file: Path, root: Path) -> str:
    return Path(os.path.relpath(file, root)).as_posix()
