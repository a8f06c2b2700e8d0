"""What a reading says in words."""

from __future__ import annotations

from detect.record import Finding, Reading
from detect.write.fhir.elements import NO_MEDICAL_DEVICE
from detect.write.wording import OPERATING_POINT_MEANINGS, shown

__all__ = ["conclusion_of", "is_reported", "method_of"]


def is_reported(finding: Finding) -> bool:
    """Whether a place is part of the report, and not only listed for its score."""
    return finding.certainty != "none"


def conclusion_of(reading: Reading) -> list[str]:
    """Return the conclusion in sentences; the last says what it is not for."""
    verdict = reading.verdict
    fractured = verdict.label == "fractured"
    found = "Fracture suspected" if fractured else "No fracture found"
    doubt = ", doubtful" if verdict.certainty == "doubtful" else ""
    sentences = [
        f"{found} by software{doubt}: probability {verdict.probability:.3f}, "
        f"called fractured from {verdict.threshold:.3f} on."
    ]
    reported = [finding for finding in reading.findings if is_reported(finding)]
    if fractured and reported:
        places = ", ".join(f"{each.finding_id} ({each.certainty})" for each in reported)
        sentences.append(f"Places: {places}.")
    sentences.append("Not reviewed by a person.")
    sentences.append(NO_MEDICAL_DEVICE)
    return sentences


def method_of(reading: Reading) -> str:
    """Return the bundle and operating point that decided."""
    point = reading.verdict.operating_point
    meaning = OPERATING_POINT_MEANINGS.get(point)
    said = shown(f"{reading.model.name} {reading.model.version}, operating point {point}")
    return f"{said}: {meaning}" if meaning else said
