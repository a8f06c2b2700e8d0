"""FHIR data types as plain JSON, and the code systems in use.

Codes of our own (`LOCAL_SYSTEM`) name what no public code system does: the parts of a verdict,
and the edges of a box. Each is explained by the `text` beside it.
"""

from __future__ import annotations

from html import escape
from typing import Any, Literal

from detect.write.wording import shown

__all__ = [
    "ABSENT",
    "AI_ASSERTED",
    "DCM",
    "FRACTURE",
    "IMAGING",
    "LOCAL_SYSTEM",
    "NOT_FOUND",
    "NO_MEDICAL_DEVICE",
    "PRESENT",
    "SCT",
    "SUSPECTED",
    "TITLE",
    "UCUM",
    "URI_SYSTEM",
    "Json",
    "Release",
    "coded",
    "component",
    "concept",
    "interpretation",
    "local",
    "narrative",
    "quantity",
]

Json = dict[str, Any]
Release = Literal["R4", "R5"]

SCT = "http://snomed.info/sct"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
UCUM = "http://unitsofmeasure.org"
URI_SYSTEM = "urn:ietf:rfc:3986"  # of identifiers that are URIs
LOCAL_SYSTEM = "urn:uuid:0f0c67b8-0f6f-4e58-9efa-5c01b676f7bc"

TITLE = "Fracture detection on a radiograph, by software"
NO_MEDICAL_DEVICE = "Research use only. Not a medical device; not for diagnosis."


def concept(text: str, *coding: Json) -> Json:
    """Return a CodeableConcept."""
    return ({"coding": list(coding)} if coding else {}) | {"text": shown(text)}


def coded(system: str, code: str, display: str) -> Json:
    """Return a Coding."""
    return {"system": system, "code": code, "display": display}


def local(code: str, text: str) -> Json:
    """Return a CodeableConcept of our own code."""
    return concept(text, {"system": LOCAL_SYSTEM, "code": code})


def quantity(value: float, unit: str = "1") -> Json:
    """Return a Quantity in a UCUM unit; "1" is a number without one."""
    said = {"unit": "pixels"} if unit == "{pixels}" else {}
    return {"value": value} | said | {"system": UCUM, "code": unit}


def component(code: Json, **value: Any) -> Json:
    """Return a component of an Observation: `component(code, valueString="x")`."""
    return {"code": code} | value


def narrative(*lines: str) -> Json:
    """Return the human-readable text of a resource, a line a paragraph."""
    body = "".join(f"<p>{escape(shown(line))}</p>" for line in lines)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'}


def interpretation(code: str, display: str) -> list[Json]:
    """Return Observation.interpretation."""
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    return [{"coding": [coded(system, code, display)]}]


# Security provenance: whoever reads the resource learns that no person made it.
AI_ASSERTED: Json = {
    "security": [
        coded(
            "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
            "AIAST",
            "Artificial Intelligence asserted",
        )
    ]
}

IMAGING: list[Json] = [
    {
        "coding": [
            coded(
                "http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "Imaging"
            )
        ]
    }
]

FRACTURE = coded(SCT, "125605004", "Fracture of bone")
PRESENT = coded(SCT, "52101004", "Present")
SUSPECTED = coded(SCT, "415684004", "Suspected")
ABSENT = coded(SCT, "2667000", "Absent")
NOT_FOUND = coded(SCT, "373572006", "Clinical finding absent")
