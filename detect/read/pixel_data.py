"""Pixel data of a DICOM object: checked before it is decoded, decoded frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.pixels.utils import get_expected_length, iter_pixels
from pydicom.uid import UID

from detect.errors import ReadError
from detect.read.codestream import inspect
from detect.read.isolated import decode_isolated

__all__ = ["check_pixel_data", "decode_frames"]

# pydicom's plug-ins that hold when a frame is damaged, best first; GDCM does not. pydicom's own
# is for RLE alone, and comes first since that of pylibjpeg panics, past any `except Exception`.
_STURDY = ("pydicom", "pylibjpeg", "pyjpegls", "pillow")
_WAY_OUT = "export it as JPEG 2000 or uncompressed"


def check_pixel_data(dataset: FileDataset, name: str, frames: int) -> None:
    """Refuse an unknown compression, missing or short pixel data, and frames that lie.

    Args:
        dataset: with its file meta information and pixel data.
        name: how the user knows the file.
        frames: how many the header states.

    Raises:
        ReadError: `unsupported`, `truncated` or `corrupt`.
    """
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    kind = syntax.name if syntax.is_valid else "an unknown transfer syntax"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:  # pydicom's word for a syntax without a decoder
        message = f"{name}: is compressed as {kind}, which cannot be read; {_WAY_OUT}"
        raise ReadError("unsupported", message) from error
    if not decoder.is_available:
        message = f"{name}: is compressed as {kind}, for which no decoder is installed; {_WAY_OUT}"
        raise ReadError("unsupported", message)
    data = dataset.get("PixelData")
    if not data:
        message = f"{name}: file is truncated: ends before its pixel data does"
        raise ReadError("truncated", f"{message}; copy it again from its source")
    if syntax.is_encapsulated:
        _check_codestreams(dataset, decoder, name, frames)
        return
    missing = get_expected_length(dataset) - len(data)
    if missing > 0:
        message = f"{name}: file is truncated: pixel data ends {missing} bytes early"
        raise ReadError("truncated", f"{message}; copy it again from its source")


def decode_frames(dataset: Dataset, first: int = 0) -> Iterator[NDArray[Any]]:
    """Yield stored values frame by frame, colour as RGB.

    Whatever a plug-in raises over a damaged frame is passed on.

    Args:
        dataset: one that `check_pixel_data` let pass.
        first: number from 0 of the frame to begin with.

    Yields:
        Shape (rows, columns) or (rows, columns, 3).
    """
    decoder = get_decoder(UID(dataset.file_meta.TransferSyntaxUID))
    count = int(dataset.get("NumberOfFrames") or 1)
    wanted = range(first, count)
    if not decoder.is_encapsulated:
        yield from iter_pixels(dataset, indices=wanted)
        return
    plugins = decoder.available_plugins
    sturdy = next((plugin for plugin in _STURDY if plugin in plugins), None)
    done = first
    if sturdy is not None:
        try:
            for frame in iter_pixels(dataset, decoding_plugin=sturdy, indices=wanted):
                yield frame
                done += 1
            return
        except Exception:  # a rare variant, or damage: GDCM has the last word, if it is there
            if "gdcm" not in plugins:
                raise
    for index, coded in enumerate(generate_frames(dataset.PixelData, number_of_frames=count)):
        if index >= done:
            yield decode_isolated(dataset, coded)


def _check_codestreams(dataset: Dataset, decoder: Decoder, name: str, frames: int) -> None:
    """Refuse compressed frames whose own size is not the header's, and 12-bit lossy JPEG."""
    expected = int(dataset.Columns), int(dataset.Rows)
    for frame in generate_frames(dataset.PixelData, number_of_frames=frames):
        stated = inspect(frame)
        if stated is None:
            continue
        if (stated.width, stated.height) != expected:
            message = (
                f"{name}: header says {expected[0]}×{expected[1]} pixels, compressed frame "
                f"{stated.width}×{stated.height}: it is damaged; export it again"
            )
            raise ReadError("corrupt", message)
        # Only pylibjpeg-libjpeg reads it: Pillow cannot, and GDCM overruns its memory.
        if stated.deep_lossy_jpeg and "pylibjpeg" not in decoder.available_plugins:
            message = f"{name}: is compressed as 12-bit lossy JPEG, for which no decoder is"
            raise ReadError("unsupported", f"{message} installed; {_WAY_OUT}")
