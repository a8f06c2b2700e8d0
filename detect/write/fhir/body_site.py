"""The body part and its side, in SNOMED CT."""

from __future__ import annotations

from detect.record import Reading
from detect.write.dicom.anatomy import region_code
from detect.write.fhir.elements import SCT, Json, coded, component, concept
from detect.write.wording import region_of, shown

__all__ = ["body_site", "laterality"]

_SIDES = {  # DICOM PS3.16 CID 244
    "L": ("7771000", "Left"),
    "R": ("24028007", "Right"),
    "B": ("51440002", "Right and left"),
}


def body_site(reading: Reading) -> Json | None:
    """Return the body part with its side, as a CodeableConcept; None where nobody says.

    What the image's header states goes before what the bundle takes it for.
    """
    stated = reading.source.body_part
    said = shown(stated or "").strip() or region_of(reading)
    if not said:
        return None
    part = region_code(said)
    name = said.lower() if part is None else part.meaning
    side = _SIDES.get(reading.source.laterality or "")
    text = f"{side[1]} {name.lower()}" if side else name
    if not stated:
        text += " (as the software takes it)"
    return concept(text, *([coded(SCT, part.value, part.meaning)] if part else []))


def laterality(reading: Reading) -> list[Json]:
    """Return the side as a component of an Observation; none where it is not known."""
    side = _SIDES.get(reading.source.laterality or "")
    if side is None:
        return []
    code = concept("Laterality", coded(SCT, "272741003", "Laterality"))
    return [component(code, valueCodeableConcept=concept(side[1], coded(SCT, *side)))]
