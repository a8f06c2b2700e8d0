"""Records of pictures that are there, for reports that show them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from detect.record import (
    Attribute,
    Box,
    Finding,
    FindingCertainty,
    ModelInfo,
    Reading,
    Source,
    Verdict,
)

__all__ = ["MODEL", "THRESHOLD", "finding", "picture", "reading"]

MODEL = ModelInfo("bundle", "1.2.3", "f" * 64)
THRESHOLD = 0.25


def picture(folder: Path, name: str, size: tuple[int, int] = (160, 120), grey: int = 90) -> Source:
    """Save a grey picture with a brighter square at (40, 30) to (60, 50); return its source.

    Args:
        folder: that `name` is relative to.
        name: PNG.
        size: width and height.
        grey: of the ground.
    """
    pixels = np.full((size[1], size[0]), grey, np.uint8)
    pixels[30:50, 40:60] = 230
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return Source(name, hashlib.sha256(path.read_bytes()).hexdigest(), *size)


def finding(number: int, certainty: FindingCertainty, *box: float) -> Finding:
    """Return a finding of the detector."""
    return Finding(f"F{number}", "fracture", certainty, 1 - number / 10, Box(*box))


def reading(
    source: Source,
    probability: float,
    *findings: Finding,
    doubtful: bool = False,
    region: str | None = None,
    warnings: tuple[str, ...] = (),
) -> Reading:
    """Return a reading whose verdict follows from its probability."""
    return Reading(
        source,
        Verdict(
            "fractured" if probability >= THRESHOLD else "not_fractured",
            "doubtful" if doubtful else "definite",
            probability,
            "balanced",
            THRESHOLD,
        ),
        findings,
        MODEL,
        {} if region is None else {"region": Attribute(region, 0.9)},
        warnings,
    )
