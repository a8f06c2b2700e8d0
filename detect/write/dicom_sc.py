"""dicom-sc/: the annotated picture of each image, DICOM Secondary Capture Image.

What `images/` shows, in colour and without loss, for every viewer that knows neither structured
reports nor presentation states: verdict, probability, operating point and bundle above the
radiograph, outlines and scores in it, the intended use below.

Of a raster image, which joins the study of the file given by --as-secondary-capture-of, there are
two: beside the annotated picture `<path>.image.dcm`, the radiograph as it was read (turned by its
EXIF orientation, grey, 8 bits) without annotations. Structured report and presentation state
refer to that one.

DICOM PS3.3 section A.8.1.
"""

from __future__ import annotations

import re
from types import TracebackType

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sr.codedict import codes
from pydicom.uid import SecondaryCaptureImageStorage

from detect import MANUFACTURER, MODEL_NAME, __version__
from detect.draw.annotate import annotate
from detect.draw.style import scale_for
from detect.errors import NotWrittenError
from detect.read.sniff import HEAD_BYTES, sniff
from detect.write.context import WriteContext
from detect.write.dicom.concepts import plain
from detect.write.dicom.equipment import coded
from detect.write.dicom.geometry import (
    add_body_part_and_side,
    pixel_aspect_ratio,
    pixel_spacing,
)
from detect.write.dicom.pixels import add_lossy_history, add_pixels
from detect.write.dicom.save import ObjectWriter
from detect.write.dicom.source import DicomSource
from detect.write.radiographs import Radiographs

__all__ = ["KIND", "open_dicom_sc"]

KIND = "dicom-sc"
_SHORT_TEXT = 1024  # characters of VR ST (PS3.5 table 6.2-1)
_GREATEST_SIDE = (1 << 16) - 1  # Rows and Columns are of VR US
_MIN_LONG_SIDE = 640  # smaller radiographs are enlarged, as in `images/`
_ORIENTATION = re.compile(r"[APRLHF]{1,3}|[A-Z]{1,16}")  # PS3.3 section C.7.6.1.1.1


def open_dicom_sc(context: WriteContext) -> ObjectWriter:
    """Return the writer of the format `dicom-sc`."""
    return _SecondaryCaptureWriter(context)


class _SecondaryCaptureWriter(ObjectWriter):
    """Draws on each image again; holds one at a time."""

    def __init__(self, context: WriteContext) -> None:
        self._radiographs = Radiographs(context.originals)
        super().__init__(context, KIND, self._annotated, self._unannotated)

    def close(self) -> None:
        self._radiographs.close()
        super().close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._radiographs.close()
        super().__exit__(kind, error, trace)

    def _annotated(self, source: DicomSource) -> Dataset:
        radiograph = self._radiographs.radiograph_of(source.reading.source)
        picture = annotate(radiograph, source.reading, min_long_side=_MIN_LONG_SIDE)
        if max(picture.shape[:2]) > _GREATEST_SIDE:
            raise NotWrittenError(
                f"{source.reading.source.path}: its picture has more than {_GREATEST_SIDE} pixels "
                "a side, which no DICOM image can have; ask for dicom-sr or dicom-gsps"
            )
        dataset = _capture(source)
        add_pixels(dataset, np.ascontiguousarray(picture[:, :, ::-1]))
        _describe(dataset, source)
        if source.is_raster:
            _state_jpeg(dataset, source)
            return dataset
        height, width = radiograph.pixels.shape
        factor = scale_for(width, height, _MIN_LONG_SIDE).factor
        _copy_from_image(dataset, source.header, source.reading.source.frame, factor)
        return dataset

    def _unannotated(self, source: DicomSource) -> Dataset:
        dataset = _capture(source)
        dataset.Manufacturer = ""  # of what took the image: not known (type 2)
        dataset.DerivationDescription = "Picture file as read: upright, grey, 8 bits"
        add_pixels(dataset, self._radiographs.radiograph_of(source.reading.source).pixels)
        _state_jpeg(dataset, source)
        return dataset


def _capture(source: DicomSource) -> Dataset:
    """Return what both captures have in common: SC Equipment, General Series, General Image."""
    dataset = Dataset()
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.Modality = "OT"
    dataset.ConversionType = "WSD"
    dataset.SecondaryCaptureDeviceManufacturer = MANUFACTURER
    dataset.SecondaryCaptureDeviceManufacturerModelName = MODEL_NAME
    dataset.SecondaryCaptureDeviceSoftwareVersions = __version__
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.ContentDate = dataset.ContentTime = ""  # `complete` knows
    dataset.PatientOrientation = ""
    of = source.reading.source
    add_body_part_and_side(dataset, of.body_part, of.laterality)
    return dataset


def _describe(dataset: Dataset, source: DicomSource) -> None:
    """General Reference (PS3.3 section C.12.4): from which image the picture was made, and how."""
    image = Dataset()
    image.ReferencedSOPClassUID = source.image.sop_class_uid
    image.ReferencedSOPInstanceUID = source.image.sop_instance_uid
    if source.image.frame is not None:
        image.ReferencedFrameNumber = source.image.frame
    image.PurposeOfReferenceCodeSequence = [coded(codes.DCM.SourceImageForImageProcessingOperation)]
    dataset.SourceImageSequence = [image]
    model = source.reading.model
    dataset.DerivationDescription = plain(
        f"Verdict and outlines by {model.name} {model.version} drawn on the image as displayed; "
        "research use only",
        _SHORT_TEXT,
    )


def _copy_from_image(dataset: Dataset, header: Dataset, frame: int | None, factor: int) -> None:
    """Say of the picture what is true of it as of its image.

    Burned In Annotation is about what tells the patient; what is drawn here does not. So it is
    as in the image, and where nobody knows it stays unsaid.

    Args:
        dataset: the object being made.
        header: of the image.
        frame: of the image, from 1.
        factor: whole-number enlargement of the radiograph in the picture.
    """
    burned_in = str(header.get("BurnedInAnnotation") or "").strip().upper()
    if burned_in in ("YES", "NO"):
        dataset.BurnedInAnnotation = burned_in
    orientation = header.get("PatientOrientation")
    if isinstance(orientation, MultiValue) and len(orientation) == 2:
        row, column = (str(part).strip() for part in orientation)
        if _ORIENTATION.fullmatch(row) and _ORIENTATION.fullmatch(column):
            dataset.PatientOrientation = [row, column]
    spacing = pixel_spacing(header, frame)
    ratio = pixel_aspect_ratio(header, frame)
    if spacing is not None:
        dataset.PixelSpacing = [f"{part / factor:.10g}" for part in spacing]
    elif ratio != (1, 1):
        dataset.PixelAspectRatio = list(ratio)
    add_lossy_history(dataset, header)


def _state_jpeg(dataset: Dataset, source: DicomSource) -> None:
    """Say of a JPEG's picture that it was compressed with loss (PS3.3 section C.7.6.1.1.5)."""
    with source.path.open("rb") as stream:
        if sniff(stream.read(HEAD_BYTES)) == "JPEG":
            dataset.LossyImageCompression = "01"
