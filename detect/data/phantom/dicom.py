"""A phantom as a DICOM object: Digital X-Ray Image Storage - For Presentation.

Modules and their attributes: DICOM PS3.3 section A.26 (DX IOD), C.8.11 (DX modules).
Everything in it is plainly synthetic, and everything follows from the phantom's seed,
so that the same phantom gives the same bytes.
"""

from __future__ import annotations

from io import BytesIO
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from detect import __version__
from detect.data.phantom.render import BITS_STORED, Phantom

__all__ = ["dicom_bytes"]

_MAX = (1 << BITS_STORED) - 1

_ANATOMY = {  # region: anatomic region (PS3.16 CID 4009)
    "forearm": codes.SCT.Forearm,
    "hand": codes.SCT.Hand,
    "leg": codes.SCT.LowerLeg,
    "femur": codes.SCT.Thigh,
}
_VIEW = Code("399348003", "SCT", "antero-posterior")  # PS3.16 CID 4010


def dicom_bytes(phantom: Phantom, *, inverted: bool = False) -> bytes:
    """Return a complete DICOM file, 12 bits stored, with a window over its whole range.

    Args:
        inverted: store it as MONOCHROME1 (bone dark in the stored values, light when shown).
    """
    dataset = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    _describe_patient_and_study(dataset, phantom)
    _describe_series_and_equipment(dataset, phantom)
    _describe_image(dataset, phantom)
    _add_pixels(dataset, phantom, inverted)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _uid(phantom: Phantom, what: str) -> UID:
    """Return a UUID-derived UID (PS3.5 section B.2) that depends on the phantom alone."""
    height, width = phantom.pixels.shape
    name = f"fracture-locator phantom {phantom.seed} {phantom.region} {phantom.fracture_type}"
    return UID(f"2.25.{uuid5(NAMESPACE_OID, f'{name} {height}x{width} {what}').int}")


def _describe_patient_and_study(dataset: Dataset, phantom: Phantom) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "PHANTOM^SYNTHETIC"
    dataset.PatientID = f"PHANTOM-{phantom.seed}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "O"
    dataset.PatientComments = "Synthetic radiograph; no patient"
    dataset.StudyInstanceUID = _uid(phantom, "study")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = "20000101"
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = "000000"
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20000101", "000000"
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = f"{phantom.seed % 10**16}"
    dataset.AccessionNumber = ""
    dataset.StudyDescription = f"Synthetic {phantom.region}"


def _describe_series_and_equipment(dataset: Dataset, phantom: Phantom) -> None:
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.SeriesInstanceUID = _uid(phantom, "series")
    dataset.SeriesNumber = 1
    dataset.Manufacturer = "Fracture Locator"
    dataset.ManufacturerModelName = "Phantom"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = __version__
    dataset.AcquisitionContextSequence = []


def _describe_image(dataset: Dataset, phantom: Phantom) -> None:
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = _uid(phantom, "instance")
    dataset.InstanceNumber = 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.ImageComments = "Synthetic radiograph; no patient"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.BodyPartExamined = phantom.body_part
    dataset.ImageLaterality = phantom.laterality
    dataset.AnatomicRegionSequence = [_code(_ANATOMY[phantom.region])]
    dataset.ViewPosition = "AP"
    dataset.ViewCodeSequence = [_code(_VIEW)]
    dataset.ViewCodeSequence[0].ViewModifierCodeSequence = []
    dataset.PatientOrientation = list(phantom.orientation)
    dataset.PositionerType = ""
    dataset.DetectorType = "SCINTILLATOR"
    spacing = [f"{phantom.pixel_spacing:.4f}"] * 2
    dataset.ImagerPixelSpacing = spacing
    dataset.PixelSpacing = spacing


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def _add_pixels(dataset: Dataset, phantom: Phantom, inverted: bool) -> None:
    stored = phantom.pixels >> (16 - BITS_STORED)
    if inverted:
        stored = np.uint16(_MAX) - stored
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = BITS_STORED
    dataset.HighBit = BITS_STORED - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    # 1: stored values rise with the intensity of the beam (PS3.3 section C.8.11.3.1.2)
    dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.RescaleIntercept = 0
    dataset.RescaleSlope = 1
    dataset.RescaleType = "US"
    dataset.WindowCenter = (_MAX + 1) // 2
    dataset.WindowWidth = _MAX + 1
    dataset.PixelData = stored.astype("<u2").tobytes()
