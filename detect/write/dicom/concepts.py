"""Coded concepts of reports, and a private scheme for what no public one has a word for."""

from __future__ import annotations

import unicodedata

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

__all__ = [
    "ABSENT",
    "DETECTOR_SCORE",
    "EVIDENCE_SCORE",
    "FINDING_CONTEXT",
    "FRACTURE",
    "NO_UNITS",
    "PRESENT",
    "PROBABILITY",
    "SUSPECTED",
    "THRESHOLD",
    "VERDICT_CERTAINTY",
    "coding_scheme",
    "plain",
    "private_code",
]

_SCHEME = "99FRACLOC"  # designators of private schemes begin with 99 (PS3.3 section 8.2)
_LONG_STRING, _CODE_VALUE = 64, 16


def plain(text: str, length: int = _LONG_STRING) -> str:
    """Return text that every character set holds: ASCII, without control characters.

    Objects keep the character set of their source, which may be Greek or Japanese only.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    ascii_only = kept.encode("ascii", "replace").decode("ascii")
    return "".join(c if c.isprintable() else " " for c in ascii_only)[:length].strip()


def private_code(value: str, meaning: str) -> Code:
    """Return a concept of the private scheme; both texts are made `plain`, and cut."""
    safe = plain(value, _CODE_VALUE).replace("\\", "/") or "unnamed"
    return Code(safe, _SCHEME, plain(meaning).replace("\\", "/") or "unnamed")


def coding_scheme() -> CodingSchemeIdentificationItem:
    """Return what tells of the private scheme (PS3.3 table C.12-1, 0008,0110)."""
    return CodingSchemeIdentificationItem(
        designator=_SCHEME,
        name="Fracture Locator",
        responsible_organization="Fracture Locator project",
    )


FRACTURE = Code("125605004", "SCT", "Fracture of bone")
PRESENT = codes.cid241.Present
ABSENT = codes.cid241.Absent
FINDING_CONTEXT = Code("408729009", "SCT", "Finding context")
SUSPECTED = codes.SCT.Suspected
NO_UNITS = Code("1", "UCUM", "no units")

PROBABILITY = private_code("probability", "Calibrated probability of fracture")
THRESHOLD = private_code("threshold", "Threshold on the probability")
DETECTOR_SCORE = private_code("score", "Detector score, not a probability")
EVIDENCE_SCORE = private_code("evidence", "Peak of the evidence map, not a probability")
VERDICT_CERTAINTY = private_code("certainty", "Certainty of the verdict")
