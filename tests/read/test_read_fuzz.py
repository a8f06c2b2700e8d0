"""Mutated and cut bytes of small valid files raise nothing but ReadError."""

from __future__ import annotations

import io
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from detect.errors import ReadError
from detect.read import read
from detect.record import FAILURE_REASONS

NOISE = np.random.default_rng(7).integers(0, 256, (40, 56), dtype=np.uint8)


def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, form, **({"lossless": True} if form == "WEBP" else {}))
    return buffer.getvalue()


def small_dicom(syntax: str) -> bytes:
    """A DICOM file in memory, for tests whose examples outlive a fixture."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality = "CR"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME1"
    dataset.Rows, dataset.Columns = 12, 20
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = 600, 1000
    dataset.PixelData = (NOISE[:12, :20].astype(np.uint16) * 8).tobytes()
    dataset["PixelData"].VR = "OW"
    if syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


VALID = {
    "PNG": encoded("PNG"),
    "JPEG": encoded("JPEG"),
    "TIFF": encoded("TIFF"),
    "WEBP": encoded("WEBP"),
    "BMP": encoded("BMP"),
    "DICOM": small_dicom(ExplicitVRLittleEndian),
    "DICOM RLE": small_dicom(RLELossless),
    "DICOM JPEG-LS": small_dicom(JPEGLSLossless),
}
EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=0, max_size=6)), max_size=6
)


@pytest.mark.parametrize("kind", VALID)
@settings(max_examples=120, deadline=None)
@given(edits=EDITS, head=st.booleans(), cut=st.floats(0, 1))
def test_mutated_bytes_raise_nothing_but_read_error(
    kind: str, edits: list[tuple[float, bytes]], head: bool, cut: float
) -> None:
    content = bytearray(VALID[kind])
    # half of the examples aim at the header, where a byte does the most
    reach = min(len(content), 700) if head else len(content)
    for place, patch in edits:
        at = int(place * reach)
        content[at : at + len(patch)] = patch
    with tempfile.NamedTemporaryFile() as file:
        file.write(content[: int(len(content) * min(1.0, cut * 2))])
        file.flush()
        try:
            radiographs = list(read(Path(file.name), "x"))
        except ReadError as error:
            assert error.reason in FAILURE_REASONS
            assert "\n" not in str(error)
        else:
            assert all(r.pixels.dtype == np.uint8 and r.pixels.ndim == 2 for r in radiographs)


def test_what_an_rle_frame_holds_too_much_is_dropped(tmp_path: Path) -> None:
    # pylibjpeg's decoder panics over it, and a panic is no Exception; pydicom's cuts it off
    content = bytearray(VALID["DICOM RLE"])
    start = content.index(struct.pack("<2L", 2, 64))  # two segments, the first after 64 bytes
    (second,) = struct.unpack_from("<L", content, start + 8)
    content[start + second : start + second + 8] = b"\x81\x00" * 4  # each 128 bytes of 240
    path = tmp_path / "run.dcm"
    path.write_bytes(content)
    (radiograph,) = read(path, "run.dcm")
    assert radiograph.pixels.shape == (12, 20)
