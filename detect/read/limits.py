"""Limits that keep a hostile or mistaken file from doing harm, and their one check."""

from __future__ import annotations

from detect.errors import ReadError

__all__ = ["MAX_BYTES", "MAX_FRAMES", "MAX_INFLATED", "MAX_PIXELS", "check_size"]

# The largest detectors and film scanners give about 50 megapixels; pixels of one image or frame.
MAX_PIXELS = 120_000_000
MAX_FRAMES = 10_000  # of one multi-frame file: ten minutes of fluoroscopy at 15 per second
MAX_BYTES = 2 << 30  # of one file on disk
MAX_INFLATED = 512 << 20  # bytes of a deflated DICOM data set once inflated


def check_size(name: str, width: int, height: int, frames: int = 1) -> None:
    """Refuse an image by what its header says, before any pixel is decoded.

    Args:
        name: how the user knows the file.
        width, height: pixels.
        frames: number of frames or pages.

    Raises:
        ReadError: `corrupt` for an empty image, `too_large` beyond a limit.
    """
    if width < 1 or height < 1 or frames < 1:
        message = f"{name}: header says {width}×{height} pixels: it is damaged; export it again"
        raise ReadError("corrupt", message)
    if width * height > MAX_PIXELS:
        message = (
            f"{name}: {width}×{height} pixels exceed the limit of "
            f"{MAX_PIXELS // 1_000_000} megapixels; export it smaller"
        )
        raise ReadError("too_large", message)
    if frames > MAX_FRAMES:
        message = f"{name}: {frames} frames exceed the limit of {MAX_FRAMES}; split the file"
        raise ReadError("too_large", message)
