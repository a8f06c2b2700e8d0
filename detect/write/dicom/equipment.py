"""This program as the equipment that made an object.

DICOM PS3.3: General Equipment (C.7.5.1), Enhanced General Equipment (C.7.5.2), Contributing
Equipment Sequence (0018,A001) of the SOP Common Module (C.12.1).
"""

from __future__ import annotations

from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from detect import MANUFACTURER, MODEL_NAME, __version__
from detect.record import ModelInfo
from detect.write.dicom.identity import device_uid

__all__ = ["add_equipment", "coded", "date_time", "software_versions"]

_LONG_STRING = 64  # characters of a value of VR LO (PS3.5 table 6.2-1)


def add_equipment(dataset: Dataset, model: ModelInfo, created: datetime) -> None:
    """Name this program and the bundle as maker of the object, and as contributing equipment.

    The serial number is the hash of the bundle; the Device UID changes with it.

    Args:
        dataset: the object being made.
        model: the bundle that read the image.
        created: with time zone.
    """
    _name_device(dataset, model)
    contributor = Dataset()
    contributor.PurposeOfReferenceCodeSequence = [coded(codes.DCM.ProcessingEquipment)]
    _name_device(contributor, model)
    contributor.ContributionDateTime = date_time(created)
    contributor.ContributionDescription = "Fractures looked for; research use only"
    dataset.ContributingEquipmentSequence = [contributor]


def software_versions(model: ModelInfo) -> list[str]:
    """Return the versions of this program and of the bundle, each a valid LO."""
    return [
        f"{MODEL_NAME} {__version__}"[:_LONG_STRING],
        f"{model.name} {model.version}".replace("\\", "/")[:_LONG_STRING],
    ]


def date_time(moment: datetime) -> str:
    """Return a value of VR DT with the offset from UTC, such as 20260314092653+0000."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def coded(code: Code) -> Dataset:
    """Return a concept as an item of a code sequence (PS3.3 section 8.8)."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def _name_device(dataset: Dataset, model: ModelInfo) -> None:
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = MODEL_NAME
    dataset.DeviceSerialNumber = model.sha256[:_LONG_STRING]
    dataset.SoftwareVersions = software_versions(model)
    dataset.DeviceUID = device_uid(model)
