"""Which DICOM objects are radiographs, and what to say of the others."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    EnhancedXAImageStorage,
    EnhancedXRFImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from detect import MANUFACTURER, MODEL_NAME
from detect.errors import ReadError

__all__ = ["check_kind"]

# XA as well: mobile C-arms in trauma theatres send their stills as angiography.
_RADIOGRAPHS = frozenset(
    {
        ComputedRadiographyImageStorage,
        DigitalXRayImageStorageForPresentation,
        EnhancedXAImageStorage,
        EnhancedXRFImageStorage,
        XRayAngiographicImageStorage,
        XRayRadiofluoroscopicImageStorage,
    }
)
_CAPTURES = frozenset(
    {
        SecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        MultiFrameSingleBitSecondaryCaptureImageStorage,
        MultiFrameTrueColorSecondaryCaptureImageStorage,
    }
)
# Modality (0008,0060) of radiographs; OT and DR (no defined term, but common) for captures.
_MODALITIES = frozenset({"CR", "DX", "DR", "RG", "RF", "XA"})
_CAPTURE_MODALITIES = _MODALITIES | {"OT", "SC", "HC", ""}
_CODE = re.compile(r"[A-Z0-9_]{1,16}")  # a code string without spaces (PS3.5 table 6.2-1)

_WAY_OUT = "give CR, DX, RF, XA or Secondary Capture images of radiographs"


def check_kind(dataset: Dataset, name: str) -> None:
    """Refuse an object that is no radiograph for presentation.

    Args:
        dataset: with its file meta information.
        name: how the user knows the file.

    Raises:
        ReadError: `unsupported`, where the message names the SOP class, or `truncated`
            for a header without any.
    """
    meta = getattr(dataset, "file_meta", Dataset())
    uid = UID(
        str(dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or "").strip("\0 ")
    )
    modality = str(dataset.get("Modality") or "").strip().upper()
    if uid in _RADIOGRAPHS or (not uid and modality in _MODALITIES):
        return
    if uid == DigitalXRayImageStorageForProcessing:
        # Raw detector data may be linear, dark on light and without a window: guessing
        # would give a confident reading of an image that nobody has ever looked at.
        message = f"{name}: is a DX image for processing; give the one for presentation"
        raise ReadError("unsupported", message)
    if uid in _CAPTURES:
        if _is_own_picture(dataset):
            # An archive gives back what it was sent with the study. Its outlines would be read
            # as anatomy, and what comes out would go into the study, too.
            message = f"{name}: is a picture that {MODEL_NAME} drew on"
            raise ReadError("unsupported", f"{message}; give the radiograph that it was made of")
        if modality in _CAPTURE_MODALITIES:
            return
        # Nothing of a header that breaks its own rules is quoted: it may be misread, and
        # then hold anything, such as the patient's name.
        stated = f"modality {modality}" if _CODE.fullmatch(modality) else "an unknown modality"
        message = f"{name}: is a Secondary Capture of {stated}, not a radiograph"
    elif not uid and not modality:
        message = f"{name}: file is truncated: ends within its header; copy it again"
        raise ReadError("truncated", f"{message} from its source")
    elif not uid:
        message = f"{name}: is DICOM without a SOP Class UID and of no radiographic modality"
    else:
        kind = uid.name.removesuffix(" Storage") if uid.is_valid else "of an unknown SOP class"
        message = f"{name}: is {kind}, not a radiograph"
    raise ReadError("unsupported", f"{message}; {_WAY_OUT}")


def _is_own_picture(dataset: Dataset) -> bool:
    """Tell what `dicom-sc` annotated from what it wrapped, which names no maker."""
    maker = (dataset.get("Manufacturer"), dataset.get("ManufacturerModelName"))
    return tuple(str(each or "").strip("\0 ") for each in maker) == (MANUFACTURER, MODEL_NAME)
