"""How a presentation state shows the grey of an image: as the image was read.

DICOM PS3.3: Modality LUT (C.11.1), Softcopy VOI LUT (C.11.8), Softcopy Presentation LUT (C.11.6);
the order of the stages: PS3.4 section N.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import DSfloat

from detect.errors import NotWrittenError, ReadError
from detect.read.dicom_grey import GreyStages, lut_entries
from detect.read.dicom_stages import read_stages
from detect.write.dicom.concepts import plain
from detect.write.dicom.source import DicomSource

__all__ = ["add_grey"]

_WRAPPED = GreyStages(None, None, (0.0, 255.0), inverted=False)  # 8 bits, as `dicom-sc` wraps
_GREATEST = (1 << 16) - 1  # entry of a table of 16 bits
_DEFAULT_TYPE = "US"  # unspecified: of RescaleType and ModalityLUTType


def add_grey(dataset: Dataset, source: DicomSource) -> None:
    """Fill in the grey stages of a presentation state of one image.

    They are written out even where they change nothing, since viewers choose a window by rules
    of their own where none is stated. A photometric interpretation is overridden by a
    presentation state (PS3.4 section N.2.1.4), so that MONOCHROME1 becomes shape INVERSE. Where
    an image brings no window, or one that shows nothing of it, the one it was read by is stated.

    Args:
        dataset: the object being made.
        source: the image.

    Raises:
        NotWrittenError: the image is in colour, or cannot be read any more.
    """
    stages = _WRAPPED if source.is_raster else _read(source)
    if stages.modality is not None:
        _add_modality(dataset, stages.modality, source)
    voi = Dataset()
    if stages.voi is None:
        _add_limits(voi, *stages.limits)
    elif stages.voi.get("VOILUTSequence"):
        first, table = lut_entries(stages.voi.VOILUTSequence[0], source.header)
        # Over the bits in use, as `detect.read` counts them: what comes out is grey, in no unit.
        top = (1 << int(table.max()).bit_length()) - 1
        voi.VOILUTSequence = [_lut(first, np.rint(table * (_GREATEST / max(top, 1))))]
    else:
        _add_window(voi, stages.voi)
    dataset.SoftcopyVOILUTSequence = [voi]
    dataset.PresentationLUTShape = "INVERSE" if stages.inverted else "IDENTITY"


def _read(source: DicomSource) -> GreyStages:
    name = source.reading.source.path
    if int(source.header.get("SamplesPerPixel") or 1) != 1 or not str(
        source.header.get("PhotometricInterpretation")
    ).startswith("MONOCHROME"):
        raise NotWrittenError(
            f"{name}: is in colour, which a grey-scale presentation state cannot refer to; "
            "ask for dicom-sr or dicom-sc"
        )
    try:
        return read_stages(source.path, name, source.reading.source.frame)
    except ReadError as error:
        raise NotWrittenError(str(error)) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NotWrittenError(f"{name}: cannot be read again: {why}; check the disk") from error


def _add_modality(dataset: Dataset, stage: Dataset, source: DicomSource) -> None:
    if stage.get("ModalityLUTSequence"):
        item = stage.ModalityLUTSequence[0]
        lut = _lut(*lut_entries(item, source.header))
        lut.ModalityLUTType = plain(str(item.get("ModalityLUTType") or "")) or _DEFAULT_TYPE
        dataset.ModalityLUTSequence = [lut]
        return
    dataset.RescaleIntercept = _decimal(stage, "RescaleIntercept")
    dataset.RescaleSlope = _decimal(stage, "RescaleSlope")
    dataset.RescaleType = plain(str(stage.get("RescaleType") or "")) or _DEFAULT_TYPE


def _add_window(voi: Dataset, stage: Dataset) -> None:
    voi.WindowCenter = _decimal(stage, "WindowCenter")
    voi.WindowWidth = _decimal(stage, "WindowWidth")
    function = str(stage.get("VOILUTFunction") or "").strip().upper()
    if function in ("SIGMOID", "LINEAR_EXACT"):
        voi.VOILUTFunction = function


def _add_limits(voi: Dataset, low: float, high: float) -> None:
    """State the window that shows `low` black and `high` white (PS3.3 section C.11.2.1.2.1)."""
    voi.WindowCenter = DSfloat((low + high + 1) / 2, auto_format=True)
    voi.WindowWidth = DSfloat(high - low + 1, auto_format=True)


def _decimal(dataset: Dataset, keyword: str) -> DSfloat:
    """Return the first value of a numeric attribute, in the form of a VR of DS."""
    value = dataset[keyword].value
    first = value[0] if isinstance(value, MultiValue | list | tuple) else value
    return DSfloat(float(first), auto_format=True)


def _lut(first: int, table: NDArray[Any]) -> Dataset:
    """Return a table of 8 or 16 bits, whichever it needs.

    Args:
        first: value mapped to the first entry.
        table: integers from 0 to 65,535, shape (n,).
    """
    entries = np.asarray(table).astype("<u2")
    count = entries.size % (1 << 16)
    # The VR tells whether the first value mapped has a sign. The count never has one, and all who
    # read DICOM take its bits for what they are (PS3.3 section C.11.1.1.1).
    if first < 0 and count >= 1 << 15:
        count -= 1 << 16
    lut = Dataset()
    descriptor = [count, first, 8 if entries.max() < 1 << 8 else 16]
    lut.add_new("LUTDescriptor", "SS" if first < 0 else "US", descriptor)
    lut.add_new("LUTData", "OW", entries.tobytes())
    return lut
