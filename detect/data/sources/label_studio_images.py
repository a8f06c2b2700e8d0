"""Which image here Label Studio means, in a task or in an export of any form.

A task names its image as (https://labelstud.io/guide/storage, https://labelstud.io/guide/tasks):

    /data/upload/3/0a1b2c3d-hand_left.png       uploaded: eight hexadecimal digits, a dash, and
                                                the name as Django stores it
    /data/local-files/?d=study%2Fhand.png       below the folder that the server reads
    s3://bucket/hand.png, gs://…, azure-blob://…, https://…, or a plain path
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qs, unquote

from detect.data.sources.locate import Images
from detect.errors import DataError

__all__ = ["TaskImages"]

_FILE_KEYS = ("d", "filepath", "fileuri")  # of an address' query: the file behind it
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?P<name>.+)$")


class TaskImages:
    """The pictures below a folder, to be found by what Label Studio calls them.

    Attributes:
        images: all of them.
    """

    def __init__(self, folder: Path) -> None:
        """List the pictures at any depth below `folder`.

        Raises:
            DataError: it is no folder, or cannot be listed.
        """
        self.images = Images(folder)

    def find(self, reference: str, where: str, near: Sequence[Path] = ()) -> Path | None:
        """Return the image that a task names, or None where there is none.

        Args:
            reference: the task's value, in any of the forms of the module.
            where: file and task, for the message.
            near: folders to which references are meant to be relative, the likeliest first.

        Raises:
            DataError: several images fit equally well.
        """
        names = list(_names(reference))
        found = (self.images.find(name, where, near) for name in names)
        return next(filter(None, found), None) or self._find_stored(names, where)

    def find_stem(self, stem: str, where: str) -> Path | None:
        """Return the image after which another file was named, up to the suffix; else as `find`."""
        names = list(_names(stem))
        found = (self.images.find_stem(name, where) for name in names)
        return next(filter(None, found), None) or self._find_stored(names, where)

    def _find_stored(self, names: Sequence[str], where: str) -> Path | None:
        last = re.split(r"[/\\]", names[-1])[-1] if names else ""
        stored = sorted(self._by_stored.get(last, ()))
        if len(stored) > 1:
            message = f"{where}: {last!r} may mean {stored[0]} or {stored[1]}"
            raise DataError(f"{message}; rename one of them")
        return stored[0] if stored else None

    @cached_property
    def _by_stored(self) -> dict[str, set[Path]]:
        """The paths by the name under which Django stores them, and by its stem."""
        paths = defaultdict(set)
        for path in self.images.paths:
            # macOS hands out names decomposed, and Django drops what marks a letter then
            for form in ("NFC", "NFD"):
                name = _stored(unicodedata.normalize(form, path.name))
                paths[name].add(path)
                paths[_stem(name)].add(path)
        return paths


def _names(reference: str) -> Iterator[str]:
    """Yield what the image may be called here, the likeliest first."""
    query = parse_qs(reference.partition("?")[2])
    inner = next((query[key][0] for key in _FILE_KEYS if key in query), None)
    name = inner or reference
    if name.startswith("data:"):  # the picture itself, in letters
        return
    yield name
    folder, slash, last = unquote(name).rpartition("/")
    uploaded = _UPLOADED.match(last)
    if uploaded:
        yield f"{folder}{slash}{uploaded['name']}"


def _stored(name: str) -> str:
    """Return the name under which Django stores a file, by its rule for file names."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
