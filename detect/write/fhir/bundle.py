"""The Bundle of a record: all that belongs together, put onto a server at once or not at all.

Each entry is an update at an id of its own (`PUT Observation/…`), which servers that let clients
choose ids create where it is missing. So sending a Bundle twice changes nothing.
"""

from __future__ import annotations

from detect.record import Failure, Reading
from detect.write.fhir.device import device, provenance
from detect.write.fhir.elements import Json, Release
from detect.write.fhir.failure import failed_task
from detect.write.fhir.identity import part_id, record_id
from detect.write.fhir.image import SeriesFacts, document_of, urn
from detect.write.fhir.observations import finding_observation, verdict_observation
from detect.write.fhir.report import diagnostic_report
from detect.write.fhir.selection import selections

__all__ = ["bundle_of"]


def bundle_of(
    record: Reading | Failure, facts: SeriesFacts, created: str, release: Release
) -> Json:
    """Return the transaction Bundle of a record, as plain JSON.

    Args:
        record: a reading or a failure.
        facts: of its DICOM image, as far as they are known.
        created: a FHIR instant: when the run began.
        release: of FHIR.
    """
    identity = record_id(record)
    resources: list[Json | None] = [document_of(record.source, release)]
    if isinstance(record, Failure):
        resources.append(failed_task(record, identity, created, release))
    else:
        resources.append(device(record.model, release))
        if release == "R5":
            resources += selections(record, identity, facts, created)
        resources += [
            finding_observation(record, identity, finding, facts, created, release)
            for finding in record.findings
        ]
        resources += [
            verdict_observation(record, identity, facts, created, release),
            diagnostic_report(record, identity, created, release),
            provenance(record, identity, created),
        ]
    return {
        "resourceType": "Bundle",
        "id": part_id(identity, f"Bundle {release}"),
        "type": "transaction",
        "timestamp": created,
        "entry": [_entry(resource) for resource in resources if resource is not None],
    }


def _entry(resource: Json) -> Json:
    return {
        "fullUrl": urn(resource["id"]),
        "resource": resource,
        "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
    }
