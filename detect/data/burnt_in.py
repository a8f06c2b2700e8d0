"""Signs of marks burnt into a picture: printed words, colour, or what DICOM says of them.

Burnt-in words may name a patient, and tell where a picture comes from, which a model can learn in
place of the fracture. What is found here is a suspicion. A side marker (a lone L or R) is normal
on radiographs and no sign.

- writing: three or more bright shapes of a letter's size in a row, on even ground. On the 3,314
  readable images of FracAtlas that are shared with this project, it marks 114 (3.4 %); 36
  of these, evenly spread, were looked at, and each has words beside a side marker (“Knee J.B/V”).
- colour: a radiograph has none; coloured arrows, boxes and stamps do. No image of that set has it.
- BurnedInAnnotation (0028,0301) is YES: DICOM PS3.3, section C.7.6.1.1.

`pytest -m "" tests/data/test_full_check.py` counts them.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detect.read.sniff import HEAD_BYTES, sniff

__all__ = ["BURNED_IN", "COLOUR", "WRITING", "marks_of"]

WRITING = "printed words"
COLOUR = "colour"
BURNED_IN = "BurnedInAnnotation is YES"

_LONGEST = 1536  # pixels: larger pictures are reduced to it, as letters are larger in them
_TALL = (5, 40)  # pixels: heights of letters
_STROKE = 11  # pixels: what is thinner stands out of its ground
_STANDS_OUT = 50  # grey levels of 255
_CONTRAST = 70  # grey levels between a letter and the ground above and below it
_EVEN = 24  # grey levels by which that ground may vary
_MARGIN = 3  # pixels of ground that are looked at
_LETTERS = 3
_SATURATED = 48  # difference between channels, of 255
_COLOURED = 2e-4  # share of pixels: an arrow of 4 × 16 pixels in 512 × 512

Glyph = tuple[int, int, int, int]  # left, top, width, height


def marks_of(image: Path, pixels: NDArray[np.uint8]) -> tuple[str, ...]:
    """Return the signs of burnt-in marks, of WRITING, COLOUR and BURNED_IN.

    Args:
        image: the file, which `detect.read` has read.
        pixels: what it gave: grey, uint8, shape (height, width).
    """
    with image.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES))
    marks = [WRITING] if _longest_row(_glyphs(pixels)) >= _LETTERS else []
    if kind == "DICOM":
        marks += [BURNED_IN] if _says_burned_in(image) else []
    elif _is_coloured(image):
        marks.append(COLOUR)
    return tuple(marks)


def _glyphs(pixels: NDArray[np.uint8]) -> list[Glyph]:
    """Find bright shapes of a letter's size on even ground."""
    reduced = _LONGEST / max(pixels.shape)
    if reduced < 1:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=reduced, fy=reduced, interpolation=cv2.INTER_AREA),
            np.uint8,
        )
    kernel = np.ones((_STROKE, _STROKE), np.uint8)
    hat = cv2.morphologyEx(pixels, cv2.MORPH_TOPHAT, kernel)
    thin = (hat > _STANDS_OUT).astype(np.uint8)
    # a tenth of the time of connectedComponentsWithStats; what has a parent is a hole
    outlines, parents = cv2.findContours(thin, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline, (_, _, _, parent) in zip(outlines, parents[0] if outlines else (), strict=True):
        left, top, width, height = cv2.boundingRect(outline)
        if parent >= 0 or not _TALL[0] <= height <= _TALL[1] or width > _TALL[1]:
            continue
        area = np.count_nonzero(thin[top : top + height, left : left + width])
        if area < _TALL[0] or area > 0.85 * width * height + 3:
            continue  # a speck, or a filled block
        across = slice(max(left - _MARGIN, 0), left + width + _MARGIN)
        above = pixels[max(top - _MARGIN, 0), across]
        below = pixels[min(top + height + _MARGIN, len(pixels)) - 1, across]
        ground = np.sort(np.concatenate([above, below]))  # np.percentile takes far longer
        low, middle, high = (int(ground[len(ground) * tenths // 10]) for tenths in (1, 5, 9))
        if high - low > _EVEN:
            continue
        if int(pixels[top : top + height, left : left + width].max()) - middle >= _CONTRAST:
            found.append((left, top, width, height))
    return sorted(found)


def _longest_row(glyphs: list[Glyph]) -> int:
    """Return the number of letters in the longest row of them."""
    longest = 0
    for start, first in enumerate(glyphs):
        last, length = first, 1
        for glyph in glyphs[start + 1 :]:
            gap = glyph[0] - (last[0] + last[2])
            taller, lower = max(last[3], glyph[3]), min(last[3], glyph[3])
            if gap > 3 * taller:
                break
            foot = abs((last[1] + last[3]) - (glyph[1] + glyph[3]))
            if -2 <= gap <= taller <= 1.8 * lower and foot <= 0.35 * taller:
                last, length = glyph, length + 1
        longest = max(longest, length)
    return longest


def _is_coloured(image: Path) -> bool:
    with Image.open(image) as picture:
        if len(picture.getbands()) < 3 and picture.mode != "P":
            return False
        # a JPEG is decoded at half its size, which keeps lines of two pixels
        picture.draft("RGB", (picture.width // 2, picture.height // 2))
        channels = np.asarray(picture.convert("RGBA" if picture.has_transparency_data else "RGB"))
    spread = np.ptp(channels[..., :3], axis=2)
    if channels.shape[2] == 4:
        spread = spread * (channels[..., 3] > 0)  # what is transparent is not seen
    return bool((spread > _SATURATED).mean() > _COLOURED)


def _says_burned_in(image: Path) -> bool:
    from pydicom import dcmread

    header = dcmread(
        image, stop_before_pixels=True, force=True, specific_tags=["BurnedInAnnotation"]
    )
    return str(header.get("BurnedInAnnotation", "")).upper() == "YES"
