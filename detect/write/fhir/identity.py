"""Identifiers that the same reading always gets, so that sending it twice makes nothing double.

Name-based UUIDs (RFC 9562, version 5). What is of one reading by one bundle has one identity;
another bundle, operating point or box gives another. Times, warnings and, of DICOM images, the
place of the file are no part of it.
"""

from __future__ import annotations

import json
from uuid import UUID, uuid5

from detect.record import Failure, ModelInfo, Reading, Source

__all__ = ["device_id", "image_id", "in_dicom_study", "part_id", "record_id"]

_NAMESPACE = UUID("313c558a-5cdb-4f5e-b921-e4ddcc2ec475")


def in_dicom_study(source: Source) -> bool:
    """Whether the image is known by DICOM UIDs."""
    return source.study_instance_uid is not None and source.sop_instance_uid is not None


def record_id(record: Reading | Failure) -> UUID:
    """Return the identity of a reading or failure."""
    plain = record.to_json()
    for name in ("seconds", "warnings"):
        plain.pop(name, None)
    if in_dicom_study(record.source):
        del plain["source"]["path"]
    return _named(plain)


def part_id(record: UUID, part: str) -> str:
    """Return the id of one resource of a record."""
    return str(uuid5(record, part))


def device_id(model: ModelInfo) -> str:
    """Return the id of a weights bundle."""
    return str(_named(["device", model.name, model.version, model.sha256]))


def image_id(source: Source) -> str:
    """Return the id of an image file, whoever reads it."""
    return str(_named(["image", source.path, source.sha256]))


def _named(value: object) -> UUID:
    # ASCII only: bytes of a file name that are no text have no UTF-8
    return uuid5(_NAMESPACE, json.dumps(value, sort_keys=True, ensure_ascii=True))
