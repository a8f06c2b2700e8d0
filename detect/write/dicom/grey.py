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
        voi.VOILUTSequence = [_lut(stages.voi.VOILUTSequence[0], source.header, fixed=False)]
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
        lut = _lut(item, source.header, fixed=True)
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


def _lut(item: Dataset, header: Dataset, fixed: bool) -> Dataset:
    """Return a table with a descriptor that is true of it: many are not.

    Args:
        item: of ModalityLUTSequence or VOILUTSequence.
        header: that it is of.
        fixed: entries may have 8 or 16 bits (Modality LUT), not any number between (VOI LUT).
    """
    first, table = lut_entries(item, header)
    entries: NDArray[np.uint16] = np.asarray(table).astype(np.uint16)
    bits = max(8, int(entries.max()).bit_length())
    if fixed and bits > 8:
        bits = 16
    lut = Dataset()
    # The VR tells whether the first value mapped has a sign; the count is then one bit short,
    # and read without its sign by all who read DICOM (PS3.3 section C.11.1.1.1).
    signed = first < 0
    count = entries.size % (1 << 16)
    stated = count - (1 << 16) if signed and count >= 1 << 15 else count
    descriptor: list[Any] = [stated, first, bits]
    lut.add_new("LUTDescriptor", "SS" if signed else "US", descriptor)
    lut.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return lut
