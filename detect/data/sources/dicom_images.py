"""What the headers of a folder of DICOM say: who is one patient, and what is shown.

Patients are named by the first 16 digits of the SHA-256 of their Patient ID, or without one, of
the Study Instance UID. That is pseudonymous, not anonymous: whoever has a list of IDs can compute
the same. In return, a patient of an earlier import is known again. No Patient ID is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from detect.cores import cores_allowed
from detect.data.sources.dicom_terms import region_of, view_of
from detect.data.sources.options import ImportOptions
from detect.data.sources.table_images import Found
from detect.errors import ReadError
from detect.in_order import in_order
from detect.progress import followed
from detect.read.sniff import HEAD_BYTES, sniff

__all__ = ["DicomImage", "pseudonym", "read_images"]


@dataclass(frozen=True, slots=True)
class DicomImage:
    """What one header says, without the patient's identity."""

    path: Path
    uid: str | None = None  # SOP Instance UID
    patient: str | None = None  # pseudonym
    study: str | None = None  # pseudonym
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _LeftOut:
    reason: str


def pseudonym(kind: str, identity: str) -> str:
    """Return `kind` and a digest of an identity, such as patient-9f86d081884c7d65."""
    return f"{kind}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def read_images(
    paths: Sequence[Path], options: ImportOptions, found: Found
) -> tuple[DicomImage, ...]:
    """Read the headers of all DICOM radiographs among `paths`, in their order.

    Other objects (reports, presentation states, DICOMDIR) and pictures that are no DICOM are left
    out. A file whose header is damaged stays, with nothing known: a row may name its path.
    Threads read them, since at half a millisecond a header waiting for the disk is the larger part.

    Args:
        paths: absolute.
        options: of which `show_progress` counts.
        found: what is odd is added to it.
    """
    images = []
    headers = in_order(_read, paths, cores_allowed())
    headers = followed("headers", headers, len(paths), bar=options.show_progress)
    for path, image in zip(paths, headers, strict=True):
        if isinstance(image, _LeftOut):
            found[f"{image.reason}; left out"].append(path.name)
            continue
        if image.patient is None and image.study is None:
            found["no patient or study can be read in its header"].append(path.name)
        images.append(image)
    return tuple(images)


def _read(path: Path) -> DicomImage | _LeftOut:
    # pydicom takes a good part of a second to import: only where there is DICOM
    from detect.read.dicom_header import read_header

    with path.open("rb") as stream:
        kind = sniff(stream.read(HEAD_BYTES))
    if kind is None:
        return DicomImage(path)
    if kind != "DICOM":
        return _LeftOut(f"{kind}, not DICOM")
    try:
        header = read_header(path, "")
    except ReadError as error:
        if error.reason != "unsupported":
            return DicomImage(path)
        return _LeftOut(str(error).removeprefix(": ").partition(";")[0])
    patient, study = header.patient_id, header.study_instance_uid
    region = None if header.body_part is None else region_of(header.body_part)
    view = None if header.view is None else view_of(header.view)
    attributes = {
        "modality": header.modality,
        "body_part": header.body_part and header.body_part.casefold(),
        "region": region,
        "laterality": header.laterality,
        "view": view,
        "view_position": header.view,
        "manufacturer": header.manufacturer,
    }
    return DicomImage(
        path=path,
        uid=header.sop_instance_uid,
        patient=pseudonym("patient", patient) if patient else None,
        study=pseudonym("study", study) if study else None,
        attributes={name: value for name, value in attributes.items() if value},
    )
