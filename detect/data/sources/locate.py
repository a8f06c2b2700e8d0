"""The image that an annotation names, in whatever way: found among those that are here.

Annotation files carry bare names, relative paths, or paths and addresses of the machine on
which they were made. Only the pictures below one folder are ever candidates, so that no name,
`../../etc/passwd` neither, leads out of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from detect.data.sources.images import walk_images
from detect.errors import DataError
from detect.read.suffixes import IMAGE_SUFFIXES

__all__ = ["Images"]

_SEPARATOR = re.compile(r"[/\\]+")
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+://")  # two letters at least: C:// is a drive

Parts = tuple[str, ...]  # of a path, in Unicode's form C: macOS stores names decomposed


class Images:
    """All pictures below a folder, to be found by what an annotation calls them.

    Attributes:
        folder: absolute.
        paths: of the pictures, absolute, in order.
    """

    def __init__(self, folder: Path) -> None:
        """List the pictures at any depth below `folder`; links to folders are not followed.

        Raises:
            DataError: it is no folder, or cannot be listed.
        """
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder of images; correct --images")
        self.folder = folder.resolve()
        self.paths: tuple[Path, ...] = tuple(walk_images(self.folder))
        self._named = _Index(self.folder)
        self._stemmed = _Index(self.folder)
        for path in self.paths:
            parts = _parts(str(path))
            self._named.add(parts, path)
            self._stemmed.add((*parts[:-1], _without_suffix(parts[-1])), path)

    def find(
        self, name: str, where: str, near: Sequence[Path] = (), *, elsewhere: bool = True
    ) -> Path | None:
        r"""Return the image that `name` means, or None where there is none.

        It is the one at `name` below one of the folders in `near` or the folder of all; or
        else the one that shares most of the path, counted from its end: so
        `C:\Users\bob\images\a.jpg`, `/home/bob/images/a.jpg` and `file:///C:/images/a%2Ejpg`
        all find `images/a.jpg`. The file's own name must be the same; letters in another case
        pass where nothing fits as written.

        Args:
            name: bare name, path of any system, or address.
            where: annotation file and entry, for the message.
            near: folders to which names are meant to be relative, the likeliest first.
            elsewhere: look beyond `near` as well.

        Raises:
            DataError: several images fit equally well.
        """
        return self._find(self._named, name, where, near, elsewhere)

    def find_stem(
        self, name: str, where: str, near: Sequence[Path] = (), *, elsewhere: bool = True
    ) -> Path | None:
        """Return the image called `name` and a picture's suffix, or None; else as `find`."""
        return self._find(self._stemmed, name, where, near, elsewhere)

    def none_found(self, where: Path, name: str) -> DataError:
        """Return the error for annotations of which not one image is here.

        Args:
            where: the annotation file, or the folder of them.
            name: one of the images that it names.
        """
        message = f"{where}: none of its images is below {self.folder}; it names {name!r}"
        message += ", of another machine or behind a link perhaps"
        return DataError(f"{message}: give --images FOLDER")

    def _find(
        self, index: _Index, name: str, where: str, near: Sequence[Path], elsewhere: bool
    ) -> Path | None:
        for parts in _spellings(name):
            found = index.find_at(parts, near)
            if not found and elsewhere:
                found = index.find(parts, self.folder)
            if len(found) > 1:
                message = f"{where}: {name!r} may mean {found[0]} or {found[1]}; rename one of"
                raise DataError(f"{message} them, or give the folder of the right one: --images")
            if found:
                return found[0]
        return None


class _Index:
    """Paths by their parts from the root on, and by every tail of them below a folder."""

    def __init__(self, folder: Path) -> None:
        # the folder's own name counts: foreign paths often hold it as well
        self._above = len(_parts(str(folder))) - 1
        self._whole: dict[Parts, list[tuple[Parts, Path]]] = defaultdict(list)
        self._tails: dict[Parts, list[tuple[Parts, Path]]] = defaultdict(list)

    def add(self, parts: Parts, path: Path) -> None:
        folded = _folded(parts)
        self._whole[folded].append((parts, path))
        for start in range(self._above, len(parts)):
            self._tails[folded[start:]].append((parts, path))

    def find_at(self, parts: Parts, folders: Sequence[Path]) -> list[Path]:
        """Return the paths at `parts` in the first of the folders that has any."""
        for folder in folders:
            found = _as_written(self._whole, _parts(str(folder.absolute())) + parts)
            if found:
                return found
        return []

    def find(self, parts: Parts, folder: Path) -> list[Path]:
        """Return the paths that fit `parts` best: one, several that fit as well, or none."""
        found = _as_written(self._whole, parts) or self.find_at(parts, [folder])
        for start in range(len(parts)):
            if found:
                break
            found = _as_written(self._tails, parts[start:])
        return found


def _as_written(index: Mapping[Parts, list[tuple[Parts, Path]]], parts: Parts) -> list[Path]:
    entries = index.get(_folded(parts), [])
    exact = [path for own, path in entries if own[-len(parts) :] == parts]
    return exact or [path for _, path in entries]


def _folded(parts: Parts) -> Parts:
    return tuple(part.casefold() for part in parts)


def _parts(path: str) -> Parts:
    """Split a path of any system; `..` takes a part away, or nothing where none is left."""
    parts: list[str] = []
    for part in _SEPARATOR.split(unicodedata.normalize("NFC", path)):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


def _spellings(name: str) -> Iterator[Parts]:
    """Yield what `name` may mean, as written first: an address has a query, and escapes."""
    address = _ADDRESS.match(name)
    bare = re.split(r"[?#]", name[address.end() :], maxsplit=1)[0] if address else name
    for spelling in dict.fromkeys((name, unquote(name), bare, unquote(bare))):
        parts = _parts(spelling)
        if parts:
            yield parts


def _without_suffix(name: str) -> str:
    # only a picture's: what follows the last dot may be all that tells two UIDs apart
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and stem and f".{suffix}".lower() in IMAGE_SUFFIXES else name
