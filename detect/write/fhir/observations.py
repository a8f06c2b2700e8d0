"""Observations: the verdict on the whole image, and each place in it.

R4 has no ImagingSelection, and R5's is for DICOM only; so each place also carries its box as
components, with which any release and any image can do: four edges in pixels of the image as a
viewer shows it (DICOM: column, row of the stored matrix), 0 at the outer edge of the first pixel.
"""

from __future__ import annotations

from uuid import UUID

from detect.record import Finding, Reading, Verdict
from detect.write.dicom.identity import tracking_uid
from detect.write.fhir.body_site import body_site, laterality
from detect.write.fhir.elements import (
    ABSENT,
    AI_ASSERTED,
    DCM,
    FRACTURE,
    IMAGING,
    PRESENT,
    SUSPECTED,
    TITLE,
    URI_SYSTEM,
    Json,
    Release,
    coded,
    component,
    concept,
    interpretation,
    local,
    narrative,
    quantity,
)
from detect.write.fhir.identity import device_id, in_dicom_study, part_id
from detect.write.fhir.image import SeriesFacts, image_reference, patient_of, urn
from detect.write.fhir.selection import selection_id
from detect.write.fhir.text import conclusion_of, is_reported, method_of
from detect.write.wording import attribute_words, shown

__all__ = ["finding_observation", "observation_id", "verdict_observation"]

_EDGES = (
    ("x1", "left edge of the box, from the left edge of the image"),
    ("y1", "upper edge of the box, from the upper edge of the image"),
    ("x2", "right edge of the box, from the left edge of the image"),
    ("y2", "lower edge of the box, from the upper edge of the image"),
)


def observation_id(record: UUID, finding: Finding | None) -> str:
    """Return the id of the Observation of a finding, or of the verdict."""
    return part_id(record, f"Observation {finding.finding_id if finding else 'verdict'}")


def verdict_observation(
    reading: Reading, record: UUID, facts: SeriesFacts, created: str, release: Release
) -> Json:
    """Return the verdict; a negative is as explicit as a positive."""
    fractured = reading.verdict.label == "fractured"
    value = (
        concept("Present, as the software finds", PRESENT)
        if fractured
        else concept("Absent, as the software finds", ABSENT)
    )
    resource = _observation(reading, record, created, release, None)
    resource |= {
        "text": narrative(*conclusion_of(reading)),
        "code": concept("Fracture, on the whole image", FRACTURE),
        "valueCodeableConcept": value,
        "interpretation": interpretation(
            *(("POS", "Positive") if fractured else ("NEG", "Negative"))
        ),
        "component": [
            *_verdict_components(reading.verdict),
            *_attribute_components(reading),
            *laterality(reading),
            *_image_components(reading, facts),
        ],
    }
    if reading.findings:
        resource["hasMember"] = [
            {"reference": urn(observation_id(record, finding))} for finding in reading.findings
        ]
    if reading.warnings:
        resource["note"] = [{"text": shown(warning)} for warning in reading.warnings]
    return resource


def finding_observation(
    reading: Reading,
    record: UUID,
    finding: Finding,
    facts: SeriesFacts,
    created: str,
    release: Release,
) -> Json:
    """Return one place, with its box, score and certainty."""
    box = finding.box
    # what is listed for its score alone must not be taken for a fracture by its code
    named = [FRACTURE] if finding.label == "fracture" and is_reported(finding) else []
    resource = _observation(reading, record, created, release, finding)
    resource |= {
        "text": narrative(
            f"{finding.finding_id}: {finding.label}, {finding.certainty}, "
            f"score {finding.score:.3f}",
            f"Box x1 {box.x1:.1f}, y1 {box.y1:.1f}, x2 {box.x2:.1f}, y2 {box.y2:.1f} pixels",
        ),
        "code": concept(finding.label, *named),
        "component": [
            component(
                concept("Tracking identifier", coded(DCM, "112039", "Tracking Identifier")),
                valueString=finding.finding_id,
            ),
            component(
                local("certainty", "Certainty"),
                valueCodeableConcept=local(finding.certainty, finding.certainty),
            ),
            component(
                local("score", "Score; no probability"), valueQuantity=quantity(finding.score)
            ),
            component(
                local("origin", "Origin: the detector, or the evidence map of the verdict"),
                valueCodeableConcept=local(finding.origin, finding.origin),
            ),
            *(
                component(
                    local(f"box-{name}", f"Box, {name}: {meaning}"),
                    valueQuantity=quantity(getattr(box, name), "{pixels}"),
                )
                for name, meaning in _EDGES
            ),
            *laterality(reading),
            *_image_components(reading, facts),
        ],
    }
    return resource | _presence(finding)


def _presence(finding: Finding) -> Json:
    """Return value and interpretation; only a definite finding is said to be present."""
    if not is_reported(finding):
        said = "Not reported: listed for its score alone"
        return {"valueCodeableConcept": concept(said)}
    if finding.certainty == "definite":
        return {
            "valueCodeableConcept": concept("Present, as the software finds", PRESENT),
            "interpretation": interpretation("POS", "Positive"),
        }
    return {
        "valueCodeableConcept": concept("Suspected by the software", SUSPECTED),
        "interpretation": interpretation("IND", "Indeterminate"),
    }


def _observation(
    reading: Reading, record: UUID, created: str, release: Release, finding: Finding | None
) -> Json:
    """Return what both kinds have in common."""
    identity = observation_id(record, finding)
    selected = release == "R5" and in_dicom_study(reading.source)
    image = (
        {"reference": urn(selection_id(record, finding)), "type": "ImagingSelection"}
        if selected
        else image_reference(reading.source)
    )
    resource: Json = {
        "resourceType": "Observation",
        "id": identity,
        "meta": AI_ASSERTED,
        "identifier": [{"system": URI_SYSTEM, "value": urn(identity)}],
        "status": "preliminary",
        "category": IMAGING,
        "subject": patient_of(reading.source),
        "issued": created,
        "method": concept(method_of(reading)),
        "device": {"reference": urn(device_id(reading.model)), "display": TITLE},
        "derivedFrom": [image],
    }
    if finding is not None and reading.source.study_instance_uid is not None:
        # the same place has the same identity in DICOM objects
        tracking = tracking_uid(reading, finding, reading.source.study_instance_uid)
        resource["identifier"].append({"system": "urn:dicom:uid", "value": f"urn:oid:{tracking}"})
    site = body_site(reading)
    return resource | ({"bodySite": site} if site else {})


def _verdict_components(verdict: Verdict) -> list[Json]:
    point = verdict.operating_point
    return [
        component(
            local("probability", "Calibrated probability of a fracture, 0 to 1"),
            valueQuantity=quantity(verdict.probability),
        ),
        component(
            local("threshold", "Called fractured from this probability on"),
            valueQuantity=quantity(verdict.threshold),
        ),
        component(
            local("operating-point", "Operating point"), valueCodeableConcept=local(point, point)
        ),
        component(
            local(
                "certainty",
                "Certainty; doubtful: another operating point decides otherwise, "
                "or the image is out of scope",
            ),
            valueCodeableConcept=local(verdict.certainty, verdict.certainty),
        ),
    ]


def _attribute_components(reading: Reading) -> list[Json]:
    parts = []
    for name, attribute in reading.attributes.items():
        words = attribute_words(name)
        about = concept(f"{words}, as the software takes it")
        parts.append(component(about, valueCodeableConcept=concept(attribute.label)))
        about = concept(f"Probability of {words}, 0 to 1")
        parts.append(component(about, valueQuantity=quantity(attribute.probability)))
    return parts


def _image_components(reading: Reading, facts: SeriesFacts) -> list[Json]:
    """Return which image, and which frame of it, boxes are in, and its size."""
    source = reading.source
    parts = []
    if in_dicom_study(source):
        if facts.series_instance_uid is not None:
            code = concept("Series Instance UID", coded(DCM, "112002", "Series Instance UID"))
            parts.append(component(code, valueString=facts.series_instance_uid))
        code = local("sop-instance-uid", "SOP Instance UID")
        parts.append(component(code, valueString=source.sop_instance_uid))
    if source.frame is not None:
        code = local("frame", "Frame; the first is 1")
        parts.append(component(code, valueInteger=source.frame))
    for name, size in (("columns", source.width), ("rows", source.height)):
        if size is not None:
            code = local(name, f"{name.capitalize()} of the image")
            parts.append(component(code, valueInteger=size))
    return parts
