"""Names from a dataset as text that is safe to show: one line, no control characters."""

from __future__ import annotations

from pathlib import Path

from detect.data.sample import Dataset

__all__ = ["path_in", "printable"]


def path_in(dataset: Dataset, image: Path) -> str:
    """Return the path relative to the dataset's root, with forward slashes; else as it is."""
    inside = image.is_relative_to(dataset.root)
    return (image.relative_to(dataset.root) if inside else image).as_posix()


def printable(text: str) -> str:
    r"""Return the text with what is not printable as escapes, such as `\x1b` and `\udce9`.

    File names may hold anything: bytes that are no text, line breaks, the control sequences
    of a terminal, or marks that turn the direction of writing.
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
