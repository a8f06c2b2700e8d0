"""How exports of Roboflow name their files, whichever form they are in."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["original_of"]

_COPY = re.compile(r"^(?P<original>.+)\.rf\.[0-9A-Za-z]+$")


def original_of(image: Path) -> str | None:
    """Return the name of the picture of which `image` is an altered copy; None: of none.

    An export holds several copies of one picture, `<name>.rf.<hash>.jpg`: they form a group, so
    that a copy in another split shows up as a leak.
    """
    match = _COPY.match(image.stem)
    return match["original"] if match else None
