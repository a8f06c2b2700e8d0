"""A failure as a Task that failed, with its OperationOutcome: servers store no outcome alone."""

from __future__ import annotations

from uuid import UUID

from detect.record import Failure
from detect.write.fhir.elements import (
    AI_ASSERTED,
    TITLE,
    URI_SYSTEM,
    Json,
    Release,
    concept,
    local,
    narrative,
)
from detect.write.fhir.identity import part_id
from detect.write.fhir.image import image_reference, patient_of, urn
from detect.write.wording import REASON_WORDS, shown

__all__ = ["failed_task"]

_ISSUE_TYPES = {  # codes of http://hl7.org/fhir/issue-type, by `record.FAILURE_REASONS`
    "not_found": "not-found",
    "no_permission": "forbidden",
    "empty": "structure",
    "truncated": "incomplete",
    "corrupt": "structure",
    "unsupported": "not-supported",
    "too_large": "too-costly",
    "internal": "exception",
}


def failed_task(failure: Failure, record: UUID, created: str, release: Release) -> Json:
    """Return the Task."""
    identity = part_id(record, "Task")
    message = shown(failure.message)
    reason = local(failure.reason, f"Not read: {REASON_WORDS.get(failure.reason, failure.reason)}")
    outcome: Json = {
        "resourceType": "OperationOutcome",
        "id": "outcome",
        "issue": [
            {
                "severity": "error",
                "code": _ISSUE_TYPES.get(failure.reason, "exception"),
                "details": reason,
                "diagnostics": message,
            }
        ],
    }
    return {
        "resourceType": "Task",
        "id": identity,
        "meta": AI_ASSERTED,
        "text": narrative(f"{TITLE}: failed", message),
        "contained": [outcome],
        "identifier": [{"system": URI_SYSTEM, "value": urn(identity)}],
        "status": "failed",
        "statusReason": reason if release == "R4" else {"concept": reason},
        "intent": "order",
        "code": concept(TITLE),
        "description": message,
        "focus": image_reference(failure.source),
        "for": patient_of(failure.source),
        "authoredOn": created,
        "lastModified": created,
        "output": [{"type": {"text": "Outcome"}, "valueReference": {"reference": "#outcome"}}],
    }
