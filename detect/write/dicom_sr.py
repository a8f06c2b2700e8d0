r"""dicom-sr/: a structured report for each image, DICOM Comprehensive 3D SR.

Imaging Measurement Report (PS3.16 TID 1500), made with the IHE profile AI Results in mind;
conformance is not claimed. It holds, in this order:

- a group on the whole image (TID 1501): fracture of bone = present or absent, so that a
  negative report says so; calibrated probability, threshold, certainty of the verdict; further
  attributes of the bundle, such as the region;
- a group for each place shown (TID 1410): its outline, finding and site, whether it is
  suspected only, and the score. Places below *suspicious*, which --min-score lists, are left out;
- as text: for research use only, operating point, and what `Reading.warnings` say.

An outline is a closed POLYLINE of five points (column\row) in the pixels of the image, or of
the frame, referred to. As in PS3.3 section C.18.6.1.2, 0\0 is the top left corner of the top
left pixel, and Columns\Rows the bottom right corner of the last one: the frame of `record.Box`.
Neither PixelSpacing nor MONOCHROME1 has a part in it.

Reports are complete, preliminary and UNVERIFIED. The algorithm of every group is that of
TID 4019: name and version are the bundle's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian

from detect import MANUFACTURER, MODEL_NAME, __version__
from detect.record import Finding, Reading
from detect.write.context import WriteContext
from detect.write.dicom.anatomy import (
    body_part_code,
    laterality_code,
    procedure_code,
    region_code,
)
from detect.write.dicom.common import series_number
from detect.write.dicom.concepts import (
    ABSENT,
    DETECTOR_SCORE,
    EVIDENCE_SCORE,
    FINDING_CONTEXT,
    FRACTURE,
    NO_UNITS,
    PRESENT,
    PROBABILITY,
    SUSPECTED,
    THRESHOLD,
    VERDICT_CERTAINTY,
    coding_scheme,
    plain,
    private_code,
)
from detect.write.dicom.identity import device_uid, tracking_uid
from detect.write.dicom.save import ObjectWriter
from detect.write.dicom.source import DicomSource
from detect.write.wording import attribute_words

__all__ = ["KIND", "build_report", "open_dicom_sr"]

KIND = "dicom-sr"
RESEARCH_ONLY = "Research use only. Not a medical device; not for diagnosis."

_GEOMETRIC_PURPOSE = Code("75958009", "SCT", "Bounded by")  # CID 219
_QUALITATIVE = Code("C0034375", "UMLS", "Qualitative Evaluations")  # TID 1500
_SHOWN = {"definite": PRESENT, "suspicious": SUSPECTED}
_YES_OR_NO = {"yes": codes.cid230.Yes, "no": codes.cid230.No}
_TEXT = 1024  # characters of a comment, far more than any of ours has


def open_dicom_sr(context: WriteContext) -> ObjectWriter:
    """Return the writer of the format `dicom-sr`."""
    return ObjectWriter(context, KIND, build_report)


def build_report(source: DicomSource) -> Dataset:
    """Return the report of one reading, but for what `dicom.common.complete` adds."""
    reading = source.reading
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=device_uid(reading.model),
        name=MODEL_NAME,
        manufacturer_name=MANUFACTURER,
        model_name=plain(f"{reading.model.name} {reading.model.version}"),
        serial_number=plain(reading.model.sha256),
    )
    observer = sr.ObserverContext(codes.DCM.Device, device)
    shown = [finding for finding in reading.findings if finding.certainty in _SHOWN]
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=procedure_code(source),
        imaging_measurements=[_on_image(source), *(_on_place(source, each) for each in shown)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    content[0].ContentSequence.append(_comments(reading))
    return sr.Comprehensive3DSR(
        evidence=[_evidence(source)],
        content=content[0],
        series_instance_uid=source.series_uid(KIND),
        series_number=series_number(KIND),
        sop_instance_uid=source.instance_uid(KIND),
        instance_number=1,
        is_complete=True,
        is_final=False,
        is_verified=False,
        coding_schemes=[coding_scheme()],
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )


def _on_image(source: DicomSource) -> sr.MeasurementsAndQualitativeEvaluations:
    reading = source.reading
    verdict = reading.verdict
    presence = PRESENT if verdict.label == "fractured" else ABSENT
    certainty = private_code(verdict.certainty, verdict.certainty.capitalize())
    measured = [(PROBABILITY, verdict.probability), (THRESHOLD, verdict.threshold)]
    judged = [(FRACTURE, presence), (VERDICT_CERTAINTY, certainty)]
    for name, attribute in reading.attributes.items():
        region = region_code(attribute.label) if name == "region" else None
        words = attribute_words(name)
        concept = codes.DCM.TargetRegion if region else private_code(name, words.capitalize())
        label = _YES_OR_NO.get(attribute.label) or private_code(attribute.label, attribute.label)
        judged.append((concept, region or label))
        probability = private_code(f"p({name})", f"Probability of {words}")
        measured.append((probability, attribute.probability))
    image = source.image
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=tracking_uid(reading, None, source.study_instance_uid), identifier="Whole image"
        ),
        algorithm_id=_algorithm(reading),
        finding_sites=_sites(source),
        measurements=[_measurement(name, value) for name, value in measured],
        qualitative_evaluations=[sr.QualitativeEvaluation(*pair) for pair in judged],
        source_images=[
            sr.SourceImageForMeasurementGroup(
                image.sop_class_uid, image.sop_instance_uid, _frames(source)
            )
        ],
    )


def _on_place(
    source: DicomSource, finding: Finding
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    reading, image = source.reading, source.image
    uid = tracking_uid(reading, finding, source.study_instance_uid)
    score = DETECTOR_SCORE if finding.origin == "detector" else EVIDENCE_SCORE
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=uid, identifier=plain(f"{finding.finding_id} ({finding.certainty})")
        ),
        referenced_region=sr.ImageRegion(
            graphic_type=sr.GraphicTypeValues.POLYLINE,
            graphic_data=_outline(finding),
            source_image=sr.SourceImageForRegion(
                image.sop_class_uid, image.sop_instance_uid, _frames(source)
            ),
        ),
        finding_type=_finding_type(finding),
        algorithm_id=_algorithm(reading),
        finding_sites=_sites(source),
        measurements=[_measurement(score, finding.score)],
        qualitative_evaluations=[
            sr.QualitativeEvaluation(FINDING_CONTEXT, _SHOWN[finding.certainty])
        ],
        geometric_purpose=_GEOMETRIC_PURPOSE,
    )


def _outline(finding: Finding) -> np.ndarray:
    """Return (column, row) of the corners, clockwise from the top left, float64, shape (5, 2)."""
    box = finding.box
    corners = [(box.x1, box.y1), (box.x2, box.y1), (box.x2, box.y2), (box.x1, box.y2)]
    return np.array([*corners, corners[0]], np.float64)


def _finding_type(finding: Finding) -> Code:
    return FRACTURE if finding.label == "fracture" else private_code(finding.label, finding.label)


def _algorithm(reading: Reading) -> sr.AlgorithmIdentification:
    model, verdict = reading.model, reading.verdict
    return sr.AlgorithmIdentification(
        name=plain(model.name),
        version=plain(model.version),
        parameters=[
            f"software {MODEL_NAME} {__version__}",
            plain(f"bundle sha256 {model.sha256}", _TEXT),
            plain(f"operating point {verdict.operating_point}"),
        ],
    )


def _sites(source: DicomSource) -> list[sr.FindingSite] | None:
    part = body_part_code(source)
    return None if part is None else [sr.FindingSite(part, laterality_code(source))]


def _measurement(name: Code, value: float) -> sr.Measurement:
    return sr.Measurement(name=name, value=float(value), unit=NO_UNITS)


def _frames(source: DicomSource) -> list[int] | None:
    return None if source.image.frame is None else [source.image.frame]


def _comments(reading: Reading) -> sr.ContainerContentItem:
    """Return the container of TID 1500 for what is said about the whole report."""
    container = sr.ContainerContentItem(
        name=_QUALITATIVE, relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    container.ContentSequence = sr.ContentSequence(
        [
            sr.TextContentItem(codes.DCM.Comment, text, sr.RelationshipTypeValues.CONTAINS)
            for text in _sentences(reading)
        ]
    )
    return container


def _sentences(reading: Reading) -> Iterator[str]:
    yield RESEARCH_ONLY
    verdict = reading.verdict
    words = "Fracture found" if verdict.label == "fractured" else "No fracture found"
    yield plain(
        f"{words} by this software at operating point {verdict.operating_point}: calibrated "
        f"probability {verdict.probability:.3f}, threshold {verdict.threshold:.3f}",
        _TEXT,
    )
    for warning in reading.warnings:
        yield plain(f"Warning: {warning}", _TEXT)


def _evidence(source: DicomSource) -> Dataset:
    """Return as much of the image's header as highdicom needs; `complete` adds the patient."""
    evidence = Dataset()
    evidence.StudyInstanceUID = source.study_instance_uid
    evidence.SeriesInstanceUID = source.image.series_instance_uid
    evidence.SOPClassUID = source.image.sop_class_uid
    evidence.SOPInstanceUID = source.image.sop_instance_uid
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        setattr(evidence, keyword, "")
    for keyword in ("AccessionNumber", "StudyID", "StudyDate", "StudyTime"):
        setattr(evidence, keyword, "")
    return evidence
