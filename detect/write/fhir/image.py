"""The image that a record is of: referred to, never copied, and nobody's identity with it.

An image known by DICOM UIDs is referred to logically, by the identifier of its ImagingStudy
(R4 and R5 ImagingStudy, "identifier": system urn:dicom:uid, value urn:oid:UID): the study and
its patient are known to whoever receives the Bundle. Any other image becomes a
DocumentReference with the name of its file and its hash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detect.record import Source
from detect.write.fhir.elements import URI_SYSTEM, Json, Release, narrative
from detect.write.fhir.identity import image_id, in_dicom_study
from detect.write.wording import shown

__all__ = [
    "SeriesFacts",
    "SeriesOf",
    "document_of",
    "hash_identifier",
    "image_reference",
    "patient_of",
    "study_reference",
    "urn",
]


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What a DICOM image's header says beyond `Source`; None where it does not."""

    series_instance_uid: str | None = None
    sop_class_uid: str | None = None


SeriesOf = Callable[[Source], SeriesFacts]


def urn(identity: str) -> str:
    """Return the fullUrl of a resource within its Bundle, by which others refer to it."""
    return f"urn:uuid:{identity}"


def patient_of(source: Source) -> Json:
    """Return the subject: somebody, whose identity is kept out on purpose."""
    known = in_dicom_study(source)
    absent = {
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        "valueCode": "masked" if known else "unknown",
    }
    return {
        "extension": [absent],
        "display": "the patient of the imaging study" if known else "the patient of the image",
    }


def study_reference(source: Source) -> Json | None:
    """Return a logical reference to the ImagingStudy; None for an image without."""
    if not in_dicom_study(source):
        return None
    return {
        "type": "ImagingStudy",
        "identifier": {
            "system": "urn:dicom:uid",
            "value": f"urn:oid:{source.study_instance_uid}",
        },
    }


def image_reference(source: Source) -> Json:
    """Return a reference to the study, or to `document_of` the image."""
    document = {"reference": urn(image_id(source)), "type": "DocumentReference"}
    return study_reference(source) or document


def document_of(source: Source, release: Release) -> Json | None:
    """Return the DocumentReference of an image file; None for one in a DICOM study."""
    if in_dicom_study(source):
        return None
    attachment: Json = {"title": shown(source.path)}
    if release == "R5" and source.width is not None and source.height is not None:
        attachment |= {"width": source.width, "height": source.height}
    resource: Json = {
        "resourceType": "DocumentReference",
        "id": image_id(source),
        "text": narrative(f"Image file {source.path}"),
        "status": "current",
        "type": {"text": "Radiograph"},
        "subject": patient_of(source),
        "content": [{"attachment": attachment}],
    }
    if source.sha256 is not None:
        resource["identifier"] = [hash_identifier(source.sha256)]
    return resource


def hash_identifier(sha256: str) -> Json:
    """Return a hash as an Identifier: a URI in the hex form of RFC 6920, section 7."""
    return {"system": URI_SYSTEM, "value": f"nih:sha-256;{sha256}"}
