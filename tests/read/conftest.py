"""A builder of small DICOM radiographs, so that each test states only what it is about."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
)

MakeDicom = Callable[..., Path]


@pytest.fixture
def make_dicom(tmp_path: Path) -> MakeDicom:
    """Return a function that writes a DICOM file and returns its path.

    `pixels` is (rows, columns) grey, (frames, rows, columns) or (rows, columns, 3) with
    `colour`; further keyword arguments are attributes; None leaves an attribute out.
    """

    def make(
        pixels: np.ndarray | None = None,
        *,
        syntax: str = ExplicitVRLittleEndian,
        sop_class: str = ComputedRadiographyImageStorage,
        colour: bool = False,
        name: str = "image.dcm",
        **attributes: Any,
    ) -> Path:
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = sop_class
        meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
        dataset = Dataset()
        dataset.file_meta = meta
        dataset.SOPClassUID = sop_class
        dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        dataset.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.2"
        dataset.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.3"
        dataset.PatientName = "Secret^Sophie"
        dataset.PatientID = "SECRET-ID"
        dataset.PatientBirthDate = "19700101"
        dataset.Modality = "CR"
        if pixels is not None:
            describe_pixels(dataset, pixels, colour, UID(syntax).is_little_endian)
        for keyword, value in attributes.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        target = UID(syntax)
        if target in (JPEG2000, JPEG2000Lossless):
            meta.TransferSyntaxUID = target
            dataset.PixelData = encapsulate(
                [jpeg_2000(frame) for frame in frames_of(pixels, colour)]
            )
            dataset["PixelData"].is_undefined_length = True
        elif target.is_compressed and target.is_encapsulated:
            dataset.compress(target)
        else:
            meta.TransferSyntaxUID = target
        path = tmp_path / name
        dataset.save_as(
            path,
            implicit_vr=target.is_implicit_VR,
            little_endian=target.is_little_endian,
            enforce_file_format=True,
        )
        return path

    return make


def frames_of(pixels: np.ndarray, colour: bool) -> np.ndarray:
    """The pixels with a first axis for frames."""
    return pixels if pixels.ndim - colour == 3 else pixels[np.newaxis]


def jpeg_2000(frame: np.ndarray) -> bytes:
    """A lossless codestream, by Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG2000", no_jp2=True, irreversible=False)
    return buffer.getvalue()


def describe_pixels(dataset: Dataset, pixels: np.ndarray, colour: bool, little: bool) -> None:
    """Fill the Image Pixel module from an array."""
    frames = pixels.ndim - 2 - colour
    dataset.Rows, dataset.Columns = pixels.shape[frames : frames + 2]
    if frames:
        dataset.NumberOfFrames = pixels.shape[0]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    bits = 8 * pixels.dtype.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<" if little else ">")).tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
