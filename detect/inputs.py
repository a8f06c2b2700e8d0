"""From the paths that a user gives to the files that are read, each with its own name."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detect.errors import InputError
from detect.read.recognise import is_picture
from detect.write.run_file import RUN_NAME, holds_run

__all__ = ["Input", "Inputs", "collect_inputs"]


@dataclass(frozen=True, slots=True)
class Input:
    """One file to read."""

    folder: Path  # the same for many: a path of its own for each of 100,000 files takes memory
    name: str  # relative to the folder given, forward slashes; unique in a run

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.name


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run, in the order of their names, and what was passed over."""

    files: tuple[Input, ...]
    skipped: tuple[str, ...]  # names of files in folders that are no pictures, such as README.md
    given: tuple[str, ...]  # absolute paths and patterns, sorted: what names are relative to


def collect_inputs(paths: Sequence[str], out: Path | None = None) -> Inputs:
    """Expand files, folders (all below them) and glob patterns.

    A file named by the user is always read. In a folder, a file is read when its suffix or its
    content is that of a picture: so a damaged picture comes up as a failure, and a text beside
    the pictures does not. Hidden files and folders are left alone. The results of a run, whose
    annotated pictures are no radiographs, are passed over as one.

    Args:
        out: the folder for results, which is not read though it may lie in one that is.

    Raises:
        InputError: a path does not exist, a folder cannot be listed, there is nothing to read,
            or results would lie among what is read.
    """
    out = None if out is None else out.resolve()
    named: dict[Path, Path] = {}  # file → the folder that its name is relative to
    skipped: dict[Path, Path] = {}
    roots: set[Path] = set()
    for text in paths:
        for path in _expand(text):
            is_folder = path.is_dir()
            # Folders are resolved, so that two ways to one file are one; a file that is a link
            # is not, so that its name stays in the folder given.
            root = (path if is_folder else path.parent).resolve()
            if out and (root.is_relative_to(out / "images") or (is_folder and root == out)):
                raise InputError(
                    f"--out {out}: results would lie among the pictures that are read; "
                    "choose another folder"
                )
            roots.add(root)
            for file in _below(root, out) if is_folder else [root / path.name]:
                chosen = named if not is_folder or is_picture(file) else skipped
                chosen.setdefault(file, root)
    if not named:
        raise InputError(
            f"{', '.join(paths)}: no picture or DICOM file there "
            f"({len(skipped)} other files were passed over)"
        )
    # names relative to several folders could collide
    common = Path(os.path.commonpath(roots)) if len(roots) > 1 else None
    files = (
        Input(common or root, file.relative_to(common or root).as_posix())
        for file, root in named.items()
    )
    return Inputs(
        tuple(sorted(files, key=lambda file: file.name)),
        tuple(sorted(file.relative_to(root).as_posix() for file, root in skipped.items())),
        tuple(sorted({_absolute(text) for text in paths})),
    )


def _absolute(text: str) -> str:
    """Return a path or pattern so that it means the same in another working folder."""
    path = Path(text)
    if path.is_dir():
        return str(path.resolve())
    return str(path.parent.resolve() / path.name)  # as a file's name: links are kept


def _expand(text: str) -> list[Path]:
    if os.path.lexists(text):
        return [Path(text)]
    matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - patterns may be absolute
    if not matches:
        raise InputError(f"{text}: no such file or folder, and no file matches it as a pattern")
    return [Path(match) for match in matches]


def _below(folder: Path, but_not: Path | None) -> Iterator[Path]:
    """Yield all files below `folder`, of a run's results run.yaml alone.

    Links to folders are not followed, so loops cannot be.
    """
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        here = Path(parent)
        if holds_run(here):
            folders.clear()
            yield here / RUN_NAME
            continue
        folders[:] = sorted(n for n in folders if not n.startswith(".") and here / n != but_not)
        for name in sorted(files):
            if not name.startswith("."):
                yield here / name


def _refuse(error: OSError) -> None:
    """Leave no folder out unnoticed."""
    raise InputError(
        f"{error.filename}: cannot be listed ({error.strerror}); "
        "change its permissions, or name the folders to read"
    ) from error
