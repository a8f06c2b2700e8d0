"""Which image here a task of Label Studio means.

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
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote

from detect.data.sources.locate import Images
from detect.errors import DataError

__all__ = ["TaskImages"]

_FILE_KEYS = ("d", "filepath", "fileuri")  # of an address' query: the file behind it
_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?P<name>.+)$")


class TaskImages:
    """The pictures below a folder, to be found by what a task calls them."""

    def __init__(self, folder: Path) -> None:
        """List the pictures at any depth below `folder`.

        Raises:
            DataError: it is no folder, or cannot be listed.
        """
        self.images = Images(folder)
        self._by_stored: dict[str, list[Path]] = defaultdict(list)
        for path in self.images.paths:
            # macOS hands out names decomposed, and Django drops what marks a letter then
            spelt = {unicodedata.normalize(form, path.name) for form in ("NFC", "NFD")}
            for name in {_stored(one) for one in spelt}:
                self._by_stored[name].append(path)

    def find(self, reference: str, where: str) -> Path | None:
        """Return the image that a task names, or None where there is none.

        Args:
            reference: the task's value, in any of the forms of the module.
            where: file and task, for the message.

        Raises:
            DataError: several images fit equally well.
        """
        names = list(_names(reference))
        for name in names:
            found = self.images.find(name, where)
            if found is not None:
                return found
        stored = self._by_stored.get(re.split(r"[/\\]", names[-1])[-1], []) if names else []
        if len(stored) > 1:
            message = f"{where}: {reference!r:.80} may mean {stored[0]} or {stored[1]}"
            raise DataError(f"{message}; rename one of them")
        return stored[0] if stored else None


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
