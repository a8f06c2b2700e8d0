"""Device and Provenance: which weights bundle made a report, and of which image."""

from __future__ import annotations

from uuid import UUID

from detect.record import ModelInfo, Reading
from detect.write.fhir.elements import (
    NO_MEDICAL_DEVICE,
    SCT,
    TITLE,
    Json,
    Release,
    coded,
    concept,
    narrative,
)
from detect.write.fhir.identity import device_id, part_id
from detect.write.fhir.image import hash_identifier, image_reference, urn
from detect.write.fhir.observations import observation_id
from detect.write.fhir.report import report_id
from detect.write.wording import shown

__all__ = ["device", "provenance"]


def device(model: ModelInfo, release: Release) -> Json:
    """Return the bundle as a Device; it has no UDI, so its hash is its identifier."""
    name, version = shown(model.name), shown(model.version)
    kind = concept("Software", coded(SCT, "706687001", "Software"))
    resource: Json = {
        "resourceType": "Device",
        "id": device_id(model),
        "text": narrative(f"{TITLE}: {name} {version}", NO_MEDICAL_DEVICE),
        "identifier": [hash_identifier(model.sha256)],
        "status": "active",
        "version": [{"value": version}],
        "note": [{"text": NO_MEDICAL_DEVICE}],
    }
    if release == "R4":
        return resource | {"deviceName": [{"name": name, "type": "model-name"}], "type": kind}
    category = coded("http://hl7.org/fhir/device-category", "software", "Software")
    return resource | {
        "displayName": name,
        "name": [{"value": name, "type": "user-friendly-name"}],
        "category": [{"coding": [category]}],
        "type": [kind],
    }


def provenance(reading: Reading, record: UUID, created: str) -> Json:
    """Return who made the report and its results, and of which image."""
    places = (None, *reading.findings)
    made = [report_id(record), *(observation_id(record, each) for each in places)]
    author = coded(
        "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author"
    )
    who = {"reference": urn(device_id(reading.model)), "type": "Device"}
    return {
        "resourceType": "Provenance",
        "id": part_id(record, "Provenance"),
        "text": narrative(f"Made by software, {reading.model.name} {reading.model.version}"),
        "target": [{"reference": urn(identity)} for identity in made],
        "recorded": created,
        "agent": [{"type": {"coding": [author]}, "who": who}],
        "entity": [{"role": "source", "what": image_reference(reading.source)}],
    }
