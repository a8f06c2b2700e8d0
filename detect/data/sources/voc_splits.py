"""How a Pascal VOC dataset calls its images, and which split it puts them in."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from detect.data.sources.files import read_text
from detect.data.sources.splits import split_in_path, split_named
from detect.errors import DataError

__all__ = ["VocSplits", "voc_name"]

_LISTS = Path("ImageSets", "Main")
# a line of a list: a name, in quotes where it has blanks (CVAT), or all of it
_LINE = re.compile(r'\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>\S(?:.*\S)?))')
_KINDS = frozenset({"annotations", "jpegimages", "images"})  # folders named after what is in them


def voc_name(path: Path, folder: Path) -> str:
    """Return how the form calls an image or its annotations: its path without folders of kinds."""
    relative = path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
    parts = [part for part in relative.parts[:-1] if part.casefold() not in _KINDS]
    return PurePosixPath(*parts, path.stem).as_posix()


class VocSplits:
    """The split of each image: by the lists in ImageSets, or without such by its folder."""

    def __init__(self, root: Path, folder: Path) -> None:
        """Read the lists.

        Raises:
            DataError: a list is unreadable, or an image is in two of them.
        """
        self._root, self._folder = root, folder
        self._listed: dict[str, str] = {}
        self._used: set[str] = set()
        lists = root / _LISTS
        for file in sorted(lists.glob("*.txt")) if lists.is_dir() else ():
            split = split_named(file.stem)  # trainval, and the lists of one class, are none
            if split is not None:
                for number, line in enumerate(read_text(file).splitlines(), start=1):
                    self._add(line, split, f"{file}, line {number}")

    def _add(self, line: str, split: str, where: str) -> None:
        match = _LINE.match(line)
        if match is None:
            return
        name = match["quoted"] or match["plain"]
        if self._listed.setdefault(name, split) != split:
            message = f"{where}: {name} is in the list of {self._listed[name]} as well"
            raise DataError(f"{message}; remove it from one of them")

    def of(self, path: Path) -> str | None:
        """Return the split of an image, given it or its annotation file."""
        folder = self._folder if path.is_relative_to(self._folder) else self._root
        if not self._listed:
            inside = path.is_relative_to(folder)
            return split_in_path(path.relative_to(folder)) if inside else None
        for name in (voc_name(path, folder), path.stem):
            if name in self._listed:
                self._used.add(name)
                return self._listed[name]
        return None

    def unused(self) -> list[str]:
        """Return the listed names for which nobody has asked."""
        return [name for name in self._listed if name not in self._used]
