"""Pictures as the pixel data of an object, without loss.

JPEG 2000 Lossless (DICOM PS3.5 section A.4.4): the annotated picture of a plate of 3000 × 2500
pixels takes 3 MB by it and 25 MB without, since its colour transformation costs nothing where
red, green and blue are alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import JPEG2000LosslessEncoder
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless

__all__ = ["add_lossy_history", "add_pixels"]

_LOSSY = {  # transfer syntax: LossyImageCompressionMethod (PS3.3 section C.7.6.1.1.5.1)
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
}
_LEAST_SIDE = 32  # of a picture that the encoder's default of five halvings leaves a pixel of


def add_pixels(dataset: Dataset, pixels: NDArray[np.uint8]) -> None:
    """Fill in the Image Pixel module (PS3.3 section C.7.6.3) and the transfer syntax.

    Args:
        dataset: the object being made.
        pixels: uint8, shape (h, w), light is high; or (h, w, 3), red first.
    """
    colour = pixels.ndim == 3
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 3 if colour else 1
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    compressed = min(pixels.shape[:2]) >= _LEAST_SIDE
    coded_colour = "YBR_RCT" if compressed else "RGB"
    dataset.PhotometricInterpretation = coded_colour if colour else "MONOCHROME2"
    syntax = JPEG2000Lossless if compressed else ExplicitVRLittleEndian
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    data = _encoded(dataset, pixels) if compressed else pixels.tobytes()
    if not compressed and len(data) % 2:
        data += b"\0"
    dataset.PixelData = data
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = compressed


def add_lossy_history(dataset: Dataset, header: Dataset) -> None:
    """Say of a picture whether its image was ever compressed with loss (C.7.6.1.1.5).

    Once lossy, always lossy: ratios and methods are kept. Where the image does not say, nothing
    is said of the picture either.

    Args:
        dataset: the object being made.
        header: of the image, with its file meta information.
    """
    method = _LOSSY.get(str(UID(header.file_meta.TransferSyntaxUID)))
    stated = str(header.get("LossyImageCompression") or "").strip()
    if stated != "01" and method is None:
        if stated == "00":
            dataset.LossyImageCompression = "00"
        return
    dataset.LossyImageCompression = "01"
    kept = header.get("LossyImageCompressionMethod") or method
    if header.get("LossyImageCompressionRatio"):
        dataset.LossyImageCompressionRatio = header.LossyImageCompressionRatio
        if kept:
            dataset.LossyImageCompressionMethod = kept


def _encoded(dataset: Dataset, pixels: NDArray[np.uint8]) -> bytes:
    # The plug-in is named, since pydicom's first choice, GDCM, ends the process over some frames.
    frame = JPEG2000LosslessEncoder.encode(
        np.ascontiguousarray(pixels),
        encoding_plugin="pylibjpeg",
        rows=dataset.Rows,
        columns=dataset.Columns,
        samples_per_pixel=dataset.SamplesPerPixel,
        photometric_interpretation=dataset.PhotometricInterpretation,
        bits_allocated=8,
        bits_stored=8,
        pixel_representation=0,
        number_of_frames=1,
        planar_configuration=0,  # asked of colour alone
    )
    return encapsulate([frame])
