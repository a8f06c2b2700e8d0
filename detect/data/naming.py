"""Words for splits, labels and names in files that are written about a dataset."""

from __future__ import annotations

import re

__all__ = ["LABEL_WORDS", "UNASSIGNED", "file_name_of", "split_word"]

LABEL_WORDS: dict[bool | None, str] = {True: "fractured", False: "not_fractured", None: "unknown"}
UNASSIGNED = "unassigned"

_LONGEST = 50  # characters, so that a file name with it stays below 255 bytes in any script


def split_word(split: str | None) -> str:
    """Return the split's name, or `UNASSIGNED`."""
    return UNASSIGNED if split is None else split


def file_name_of(name: str, otherwise: str) -> str:
    """Return a dataset's or class's name as part of a file name on any system.

    Letters, digits, and `. + -` stay; runs of anything else become one underscore.

    Args:
        name: any text.
        otherwise: what to return where nothing is left.
    """
    return re.sub(r"[^\w.+-]+", "_", name).strip("._")[:_LONGEST] or otherwise
