"""Size and shape of pixels, body part and side, as far as a header states them validly.

DICOM PS3.3 section 10.7 (Basic Pixel Spacing Calibration Macro), C.8.7.10 (Imager Pixel
Spacing), C.7.6.3.1.7 (Pixel Aspect Ratio), C.7.3.1 (Laterality, Body Part Examined).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import isfinite

from pydicom.dataset import Dataset

__all__ = ["add_body_part_and_side", "pixel_aspect_ratio", "pixel_spacing"]

_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_FINEST_RATIO = 10_000  # greatest denominator: finer than any pixel is long
_BODY_PART = re.compile(r"[A-Z0-9_ ]{1,16}")  # a code string (PS3.5 table 6.2-1)
# Terms of PS3.16 annex L for what lies in the middle, and has no side; dciodvfy has the same list.
_UNPAIRED = frozenset(
    {
        *("ABDOMEN", "ABDOMENPELVIS", "CHEST", "CHESTABDOMEN", "COCCYX", "CSPINE", "CTSPINE"),
        *("FACE", "HEAD", "HEADNECK", "JAW", "LSPINE", "LSSPINE", "MAXILLA", "NECK", "NOSE"),
        *("PELVIS", "SKULL", "SPINE", "SSPINE", "STERNUM", "TLSPINE", "TSPINE", "WHOLEBODY"),
    }
)


def pixel_spacing(header: Dataset, frame: int | None) -> tuple[float, float] | None:
    """Return PixelSpacing, mm: from row to row, and from column to column; None if unknown.

    Args:
        header: of an image.
        frame: from 1, for the functional groups of an enhanced object; None for one frame.
    """
    return next(_pairs(header, frame, "PixelSpacing"), None)


def pixel_aspect_ratio(header: Dataset, frame: int | None) -> tuple[int, int]:
    """Return height to width of a pixel as whole numbers; 1, 1 where nothing is stated.

    By PixelSpacing, else ImagerPixelSpacing, NominalScannedPixelSpacing or PixelAspectRatio.
    """
    for keyword in (*_SPACINGS, "PixelAspectRatio"):
        for height, width in _pairs(header, frame, keyword):
            ratio = (Fraction(height) / Fraction(width)).limit_denominator(_FINEST_RATIO)
            if ratio > 0:
                return ratio.numerator, ratio.denominator
    return 1, 1


def add_body_part_and_side(dataset: Dataset, body_part: str | None, side: str | None) -> None:
    """State BodyPartExamined (0018,0015) and Laterality (0020,0060), or that it is not known.

    Laterality holds R or L alone. It is left out where the body part has no side, even if one
    is stated, and empty where it is not known (type 2C).

    Args:
        dataset: the object being made.
        body_part: of `record.Source`.
        side: of `record.Source`.
    """
    term = (body_part or "").strip().upper()
    if _BODY_PART.fullmatch(term):
        dataset.BodyPartExamined = term
    if term not in _UNPAIRED:
        dataset.Laterality = side if side in ("L", "R") else ""


def _pairs(header: Dataset, frame: int | None, keyword: str) -> Iterator[tuple[float, float]]:
    """Yield the valid values of an attribute: of the frame, of all frames, of the object."""
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = header.get("SharedFunctionalGroupsSequence") or []
    number = (frame or 1) - 1
    groups = [*per_frame[number : number + 1], *shared[:1]]
    macros = [e.value[0] for g in groups for e in g if e.VR == "SQ" and e.value]
    for dataset in (*macros, header):
        value = dataset.get(keyword)
        try:
            height, width = (float(part) for part in value or ())
        except (TypeError, ValueError):  # one value, or words: as good as none
            continue
        if height > 0 and width > 0 and isfinite(height) and isfinite(width):
            yield height, width
