"""R5 ImagingSelection: the image that was read, and each place in it.

Coordinates are those of our boxes already: "(column, row) pairs … The origin at the TLHC of the
TLHC pixel is 0.0\\0.0 … the BRHC of the BRHC pixel is the number of columns\\rows in the image /
frames" (R5, ImagingSelection.instance.imageRegion2D.coordinate; DICOM PS3.3 C.18.6).
"""

from __future__ import annotations

from uuid import UUID

from detect.record import Box, Finding, Reading
from detect.write.fhir.elements import (
    AI_ASSERTED,
    DCM,
    URI_SYSTEM,
    Json,
    coded,
    concept,
    narrative,
)
from detect.write.fhir.identity import device_id, in_dicom_study, part_id
from detect.write.fhir.image import SeriesFacts, patient_of, study_reference, urn

__all__ = ["selection_id", "selections"]


def selection_id(record: UUID, finding: Finding | None) -> str:
    """Return the id of the selection of a finding's place, or of the whole image."""
    return part_id(record, f"ImagingSelection {finding.finding_id if finding else 'image'}")


def selections(reading: Reading, record: UUID, facts: SeriesFacts, created: str) -> list[Json]:
    """Return the ImagingSelections: the image, then its findings; none without DICOM UIDs."""
    if not in_dicom_study(reading.source):
        return []
    places = (None, *reading.findings)
    return [_selection(reading, record, facts, created, place) for place in places]


def _selection(
    reading: Reading, record: UUID, facts: SeriesFacts, created: str, finding: Finding | None
) -> Json:
    source = reading.source
    instance: Json = {"uid": source.sop_instance_uid}
    if facts.sop_class_uid is not None:
        code = f"urn:oid:{facts.sop_class_uid}"
        instance["sopClass"] = {"system": URI_SYSTEM, "code": code}
    if source.frame is not None:
        instance["subset"] = [str(source.frame)]
    if finding is None:
        code_of = concept("Image that was read", coded(DCM, "113000", "Of Interest"))
        said = "The image that was read"
    else:
        code_of = concept("Image region", coded(DCM, "111030", "Image Region"))
        said = f"Place {finding.finding_id}"
        instance["imageRegion2D"] = [
            {"regionType": "polyline", "coordinate": _outline(finding.box)}
        ]
    resource: Json = {
        "resourceType": "ImagingSelection",
        "id": selection_id(record, finding),
        "meta": AI_ASSERTED,
        "text": narrative(said),
        "status": "available",
        "subject": patient_of(source),
        "issued": created,
        "performer": [{"actor": {"reference": urn(device_id(reading.model))}}],
        "code": code_of,
        "studyUid": source.study_instance_uid,
        "derivedFrom": [study_reference(source)],
        "instance": [instance],
    }
    if facts.series_instance_uid is not None:
        resource["seriesUid"] = facts.series_instance_uid
    return resource


def _outline(box: Box) -> list[float]:
    """Return the corners of a box as x, y, x, y, …; closed, so the first comes again."""
    return [box.x1, box.y1, box.x2, box.y1, box.x2, box.y2, box.x1, box.y2, box.x1, box.y1]
