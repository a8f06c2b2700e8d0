"""The character set of a source, kept, so that names are written as they came.

DICOM PS3.3 section C.12.1.1.2 (Specific Character Set), PS3.5 section 6.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.charset import STAND_ALONE_ENCODINGS, convert_encodings, python_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.multival import MultiValue

__all__ = ["settle_character_set"]

_DEFAULT = ("", "ISO_IR 6")
_LATIN_1, _UTF_8 = "ISO_IR 100", "ISO_IR 192"
_MISSPELT = re.compile(r"ISO[ _-]*(IR|2022)[ _-]*(?:IR[ _-]*)?(\d+)")
_ALIASES = {"UTF-8": _UTF_8, "UTF8": _UTF_8, "ISO 2022 58": "ISO 2022 IR 58"}


def settle_character_set(header: FileDataset, tags: Sequence[int]) -> list[str]:
    """Return the terms to write, and have the header decoded by them.

    The terms of the source are kept. Where they are misspelt, they are put right. Where
    there is none, none that is known, or UTF-8 that the texts are not, and a text is not plain
    ASCII, it is taken for UTF-8 if it is valid as such, else for Latin-1, as viewers do; the
    bytes stay the same.

    Args:
        header: as parsed; its texts not read yet.
        tags: of the attributes that will be copied.

    Returns:
        Values of SpecificCharacterSet (0008,0005); empty for ASCII alone.
    """
    stated = header.get("SpecificCharacterSet")
    values = list(stated) if isinstance(stated, MultiValue) else [stated or ""]
    terms: Sequence[str | None] = [_corrected(str(value)) for value in values]
    unstated = any(term is None for term in terms) or all(term in _DEFAULT for term in terms)
    if unstated or list(terms) == [_UTF_8]:
        guessed = _guessed(header, tags)
        terms = [guessed if unstated or guessed == _LATIN_1 else _UTF_8]
    elif len(terms) > 1:  # code extensions do not go with those that stand alone
        alone = [term for term in terms if term in STAND_ALONE_ENCODINGS]
        terms = alone[:1] or ["" if term in _DEFAULT else term for term in terms]
    settled = [term or "" for term in terms]
    implicit, little_endian = header.original_encoding
    header.set_original_encoding(implicit, little_endian, convert_encodings(settled))
    return settled if any(settled) else []


def _corrected(term: str) -> str | None:
    """Return the defined term that is meant; None where none is known."""
    term = " ".join(term.upper().strip("\0 ").split())
    term = _ALIASES.get(term, term)
    if term in python_encoding:
        return term
    misspelt = _MISSPELT.fullmatch(term)
    if misspelt is None:
        return None
    meant = f"ISO{'_' if misspelt[1] == 'IR' else ' 2022 '}IR {misspelt[2]}"
    return meant if meant in python_encoding else None


def _guessed(header: FileDataset, tags: Sequence[int]) -> str:
    values: list[bytes] = []
    for tag in tags:
        element = header.get_item(tag) if tag in header else None
        if isinstance(element, RawDataElement) and element.value is not None:
            values.append(element.value)
    text = b"\n".join(values)
    if text.isascii():
        return ""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return _LATIN_1
    return _UTF_8
