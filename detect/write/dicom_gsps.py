"""dicom-gsps/: a presentation state for each image, DICOM Grayscale Softcopy Presentation State.

A viewer lays it over the very image (or frame) that was read: outlines of what was found, in
the layers DEFINITE and SUSPICIOUS; the verdict, in a layer VERDICT. A negative has its verdict
and no outline. Tracking identifiers are those of the structured report. The image is shown as
it was read: its window, its polarity, the shape of its pixels, all of it but for what its own
shutter covers.

DICOM PS3.3 section A.33.1.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from detect.draw.banner import percent
from detect.errors import NotWrittenError
from detect.write.context import WriteContext
from detect.write.dicom.annotations import add_annotations
from detect.write.dicom.concepts import plain
from detect.write.dicom.geometry import (
    add_body_part_and_side,
    pixel_aspect_ratio,
    pixel_spacing,
)
from detect.write.dicom.grey import add_grey
from detect.write.dicom.save import ObjectWriter
from detect.write.dicom.shutter import add_shutter
from detect.write.dicom.source import DicomSource

__all__ = ["KIND", "build_presentation_state", "open_dicom_gsps"]

KIND = "dicom-gsps"


def open_dicom_gsps(context: WriteContext) -> ObjectWriter:
    """Return the writer of the format `dicom-gsps`."""
    return ObjectWriter(context, KIND, build_presentation_state)


def build_presentation_state(source: DicomSource) -> Dataset:
    """Return the presentation state of one reading, but for what `dicom.common.complete` adds.

    Raises:
        NotWrittenError: the image is in colour, or cannot be read any more.
    """
    reading = source.reading
    dataset = Dataset()
    dataset.SOPClassUID = GrayscaleSoftcopyPresentationStateStorage
    dataset.Modality = "PR"
    dataset.ContentLabel = "FRACTURES"
    label = reading.verdict.label.replace("_", " ").capitalize()
    probability = percent(reading.verdict.probability)
    dataset.ContentDescription = plain(f"{label}, probability {probability}; research use only")
    dataset.ContentCreatorName = ""
    dataset.PresentationCreationDate = dataset.PresentationCreationTime = ""  # `complete` knows
    of = reading.source
    add_body_part_and_side(dataset, of.body_part, of.laterality)
    _refer(dataset, source)
    _display_all(dataset, source)
    add_grey(dataset, source)
    if not source.is_raster:
        add_shutter(dataset, source.header)
    add_annotations(dataset, source)
    return dataset


def _refer(dataset: Dataset, source: DicomSource) -> None:
    """Presentation State Relationship (PS3.3 section C.11.11)."""
    image = Dataset()
    image.ReferencedSOPClassUID = source.image.sop_class_uid
    image.ReferencedSOPInstanceUID = source.image.sop_instance_uid
    if source.image.frame is not None:
        image.ReferencedFrameNumber = source.image.frame
    series = Dataset()
    series.SeriesInstanceUID = source.image.series_instance_uid
    series.ReferencedImageSequence = [image]
    dataset.ReferencedSeriesSequence = [series]


def _display_all(dataset: Dataset, source: DicomSource) -> None:
    """Displayed Area (PS3.3 section C.10.4): here the top left pixel is 1\\1, as a whole."""
    image = source.reading.source
    if image.width is None or image.height is None:
        raise NotWrittenError(f"{image.path}: its size is not in the results; run detect again")
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [image.width, image.height]
    area.PresentationSizeMode = "SCALE TO FIT"
    spacing = None if source.is_raster else pixel_spacing(source.header, image.frame)
    if spacing is not None:
        area.PresentationPixelSpacing = [f"{part:.10g}" for part in spacing]
    else:
        ratio = (1, 1) if source.is_raster else pixel_aspect_ratio(source.header, image.frame)
        area.PresentationPixelAspectRatio = list(ratio)
    dataset.DisplayedAreaSelectionSequence = [area]
