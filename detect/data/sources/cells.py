"""What single cells of a table mean: labels in words, splits, boxes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from detect.data.sources.columns import CORNERS
from detect.data.sources.files import finite
from detect.data.sources.labels import folder_label
from detect.data.sources.splits import split_named
from detect.errors import DataError, InputError
from detect.record import Box

__all__ = ["box_in", "filled", "label_words", "says_fractured", "split_in"]

_EMPTY = frozenset({"", "nan", "na", "n/a", "null", "<na>", "#n/a"})  # as programs write nothing
_WORDS: Mapping[str, bool | None] = MappingProxyType(
    {
        **dict.fromkeys(("yes", "y", "true", "t", "1", "1.0"), True),
        **dict.fromkeys(("no", "n", "false", "f", "0", "0.0", "no finding", "no findings"), False),
        **dict.fromkeys(("unknown", "uncertain", "unlabelled", "unlabeled"), None),
    }
)
_MEANINGS: Mapping[str, bool | None] = MappingProxyType({"yes": True, "no": False, "unknown": None})
_ACCEPTED = (
    "yes, no, 1, 0, true, false, fractured, not fractured, normal, positive, negative, unknown"
)
_LINE_BREAK = re.compile(r"\s*[\r\n]\s*")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def filled(cell: str) -> str:
    """Return a cell as one line, stripped; "" for what programs write for nothing."""
    text = _LINE_BREAK.sub(" ", cell.strip())
    return "" if text.casefold() in _EMPTY else text


def label_words(given: Mapping[str, str]) -> dict[str, bool | None]:
    """Return what the words that a user explains mean: True is fractured, None is unknown.

    Args:
        given: word → yes, no or unknown (`ImportOptions.values`).

    Raises:
        InputError: a meaning is none of the three.
    """
    for word, meaning in given.items():
        if meaning not in _MEANINGS:
            message = f"--value {word}={meaning}: must say {', '.join(_MEANINGS)}"
            raise InputError(f"{message}, as in --value ja=yes")
    return {word.strip().casefold(): _MEANINGS[meaning] for word, meaning in given.items()}


def says_fractured(cell: str, given: Mapping[str, bool | None], where: str) -> bool | None:
    """Return what a cell says of its image; None is unknown.

    Args:
        cell: as `filled` returns it.
        given: as `label_words` returns it; comes before the words known here.
        where: file and line, for the message.

    Raises:
        DataError: it says something else.
    """
    word = cell.casefold()
    for words in (given, _WORDS):
        if word in words:
            return words[word]
    label = folder_label(cell) if cell else None
    if label is None and cell:
        message = f"{where}: {cell!r} says neither fractured nor not; use one of {_ACCEPTED}"
        message += "; or explain it, MEANING being yes, no or unknown"
        raise DataError(f"{message}: data import --value {cell!r}=MEANING")
    return label


def split_in(cell: str, where: str) -> str | None:
    """Return the split that a cell names; None: it is empty.

    Raises:
        DataError: it names none.
    """
    split = split_named(cell)
    if split is None and cell:
        message = f"{where}: split is {cell!r}; it must be train, val or test, or empty"
        raise DataError(message)
    return split


def box_in(
    cells: Sequence[str], roles: tuple[str, ...], where: str, *, decimal_comma: bool
) -> Box | None:
    """Return the box of a row; None: its cells are empty, or all zero.

    Args:
        cells: four numbers in pixels, as `filled` returns them.
        roles: `CORNERS` or `SIZE`, in which order they are.
        where: file and line, for the message.
        decimal_comma: 12,5 is 12.5.

    Raises:
        DataError: a cell is no number, some are empty, or it is no box.
    """
    if not any(cells):
        return None
    empty = [role for role, cell in zip(roles, cells, strict=True) if not cell]
    if empty:
        raise DataError(f"{where}: {empty[0]} of the box is empty; fill it in, or empty all four")
    texts = [
        cell.replace(",", ".") if decimal_comma and _DECIMAL_COMMA.fullmatch(cell) else cell
        for cell in cells
    ]
    first, second, third, fourth = (finite(text, where) for text in texts)
    if not any((first, second, third, fourth)):
        return None
    if roles != CORNERS:
        third, fourth = finite(first + third, where), finite(second + fourth, where)
    if not (first < third and second < fourth):
        rule = "x1 < x2 and y1 < y2" if roles == CORNERS else "width > 0 and height > 0"
        message = f"{where}: {', '.join(cells)} is no box; {rule} must hold"
        raise DataError(f"{message}; correct it, or empty all four")
    return Box(first, second, third, fourth)
