"""DiagnosticReport: what a reporting system lists and shows."""

from __future__ import annotations

from uuid import UUID

from detect.record import Reading
from detect.write.fhir.elements import (
    AI_ASSERTED,
    FRACTURE,
    NOT_FOUND,
    TITLE,
    URI_SYSTEM,
    Json,
    Release,
    coded,
    concept,
    narrative,
)
from detect.write.fhir.identity import part_id
from detect.write.fhir.image import patient_of, study_reference, urn
from detect.write.fhir.observations import observation_id
from detect.write.fhir.text import conclusion_of, is_reported

__all__ = ["diagnostic_report", "report_id"]


def report_id(record: UUID) -> str:
    """Return the id of the report of a reading."""
    return part_id(record, "DiagnosticReport")


def diagnostic_report(reading: Reading, record: UUID, created: str, release: Release) -> Json:
    """Return the report: preliminary, since no person has reviewed it.

    Its author is told by a Provenance: no release lets a Device perform or interpret a report.
    """
    identity = report_id(record)
    conclusion = conclusion_of(reading)
    results = (None, *filter(is_reported, reading.findings))
    code = (
        concept("Fracture suspected by software", FRACTURE)
        if reading.verdict.label == "fractured"
        else concept("No fracture found by software", NOT_FOUND)
    )
    system = "http://terminology.hl7.org/CodeSystem/v2-0074"
    resource: Json = {
        "resourceType": "DiagnosticReport",
        "id": identity,
        "meta": AI_ASSERTED,
        "text": narrative(TITLE, *conclusion),
        "identifier": [{"system": URI_SYSTEM, "value": urn(identity)}],
        "status": "preliminary",
        "category": [concept("Radiology", coded(system, "RAD", "Radiology"))],
        "code": concept(TITLE, coded("http://loinc.org", "18748-4", "Diagnostic imaging study")),
        "subject": patient_of(reading.source),
        "issued": created,
        "result": [{"reference": urn(observation_id(record, each))} for each in results],
        "conclusion": " ".join(conclusion),
        "conclusionCode": [code],
    }
    study = study_reference(reading.source)
    if study is not None:
        resource["study" if release == "R5" else "imagingStudy"] = [study]
    return resource
