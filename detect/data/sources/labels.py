"""What the names that people give to folders and classes say about a fracture."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["FRACTURE", "folder_label", "fracture_classes", "says_finding", "says_fracture"]

FRACTURE = "fracture"  # class name of a box where the dataset has only one kind

_POSITIVE, _NEGATIVE = "positive", "negative"  # for a finding, whichever it is
_FRACTURED = frozenset(
    {"fractured", "fracture", "fractures", "with fracture", _POSITIVE, "broken", "fx"}
)
_NOT_FRACTURED = frozenset(
    {
        "not fractured",
        "notfractured",
        "non fractured",
        "nonfractured",
        "non fracture",
        "non fractures",
        "nonfracture",
        "not fracture",
        "no fracture",
        "no fractures",
        "nofracture",
        "unfractured",
        "without fracture",
        "normal",
        "normals",
        _NEGATIVE,
        "no fx",
        "healthy",
        "intact",
        "unbroken",
        "not broken",
    }
)
# beside the label in a folder's name: `Fractured Bone`, `0_normal`, `not_fractured_images`
_FILLERS = frozenset(
    {
        "bone",
        "bones",
        "x",
        "ray",
        "rays",
        "xray",
        "xrays",
        "image",
        "images",
        "img",
        "case",
        "cases",
    }
)
_FRACTURE_WORD = r"(?:fra[ck]tur|frattur|positive|broken|\bfx\b)"  # also in some other languages
_SAYS_FRACTURE = re.compile(_FRACTURE_WORD)
# a fracture that is not displaced is one
_KIND = r"(?:displaced|dislocated|angulated|impacted|depressed|comminuted|united|open)"
_SAYS_NO = re.compile(
    rf"\b(?:no|without)\b.*{_FRACTURE_WORD}"
    rf"|\b(?:non|not)\b(?! {_KIND}).*{_FRACTURE_WORD}"
    rf"|\b(?:non|un){_FRACTURE_WORD}"
    r"|\b(?:healed|old|uncertain|unclear|unlikely|unsure|unknown)\b|negative"
)


def _words(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def folder_label(name: str) -> bool | None:
    """Tell what a folder's name says of the images in it: True is fractured, None is nothing.

    Case, blanks, dots, hyphens, underscores, numbers and words such as `bone` do not matter.
    """
    words = _label_words(name)
    if words in _FRACTURED:
        return True
    return False if words in _NOT_FRACTURED else None


def says_finding(name: str) -> bool:
    """Tell whether a folder's label is of a finding that need not be a fracture."""
    return _label_words(name) in (_POSITIVE, _NEGATIVE)


def _label_words(name: str) -> str:
    words = re.split(r"[\W\d_]+", name.casefold())
    return " ".join(word for word in words if word and word not in _FILLERS)


def says_fracture(name: str) -> bool:
    """Tell whether a class name speaks of a (fresh) fracture."""
    words = _words(name)
    return bool(_SAYS_FRACTURE.search(words)) and not _SAYS_NO.search(words)


def fracture_classes(classes: Sequence[str]) -> frozenset[str]:
    """Return the class names whose boxes make an image a fractured one.

    Radiograph sets also box metal, soft tissue or written marks (GRAZPEDWRI-DX does), so the
    classes that speak of a fracture count; where none does, all do.
    """
    named = filter(says_fracture, classes)
    return frozenset(named) or frozenset(classes)
