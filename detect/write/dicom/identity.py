"""Stable UIDs: the same reading written twice gets the same ones, another bundle's others.

UUID-derived UIDs (DICOM PS3.5 section B.2), each made by hashing (uuid5) what it stands for.
No time and no file name goes in, but the version of this program does: another version may
write another content, and one UID must never stand for two contents.
"""

from __future__ import annotations

import json
from uuid import UUID, uuid5

from detect import __version__
from detect.record import Finding, ModelInfo, Reading, Source

__all__ = [
    "device_uid",
    "instance_uid",
    "series_uid",
    "stand_in_uid",
    "tracking_uid",
    "wrapped_instance_uid",
    "wrapped_series_uid",
]

_NAMESPACE = UUID("6f1c1c0e-7f0b-4a37-9d63-2c4a2b1f7a55")  # drawn once, for this program
_SEPARATE = ("source", "model", "seconds")  # of a record; named apart, or no part of an identity


def instance_uid(kind: str, reading: Reading, study_instance_uid: str) -> str:
    """Return the SOPInstanceUID of the object of this kind.

    Args:
        kind: name of the format, such as "dicom-sr".
        reading: what the object is made of.
        study_instance_uid: of the study that it goes into.
    """
    content = {key: value for key, value in reading.to_json().items() if key not in _SEPARATE}
    return _uid("instance", kind, study_instance_uid, *_image(reading), content)


def series_uid(kind: str, model: ModelInfo, study_instance_uid: str) -> str:
    """Return the SeriesInstanceUID: one new series for each study, kind and bundle."""
    return _uid("series", kind, study_instance_uid, model.sha256)


def wrapped_instance_uid(source: Source, study_instance_uid: str) -> str:
    """Return the SOPInstanceUID of a raster image as a DICOM image, whichever bundle read it."""
    return _uid("instance", "image", study_instance_uid, source.sha256, source.frame)


def wrapped_series_uid(study_instance_uid: str) -> str:
    """Return the SeriesInstanceUID of the raster images that became part of a study."""
    return _uid("series", "image", study_instance_uid)


def tracking_uid(reading: Reading, finding: Finding | None, study_instance_uid: str) -> str:
    """Return a Tracking Unique Identifier (112040, DCM), equal in objects of every kind.

    Args:
        reading: what holds the finding.
        finding: one of its places; None for the verdict on the whole image.
        study_instance_uid: of the study that the objects go into.
    """
    if finding is None:
        return _uid("tracking", study_instance_uid, *_image(reading), "verdict")
    box = finding.box
    place = [finding.finding_id, finding.label, finding.origin, box.x1, box.y1, box.x2, box.y2]
    return _uid("tracking", study_instance_uid, *_image(reading), place)


def device_uid(model: ModelInfo) -> str:
    """Return the Device UID (0018,1002) of this program with this bundle."""
    return _uid("device", model.sha256)


def stand_in_uid(what: str, sha256: str) -> str:
    """Return a UID for what a source file should have named, and has not.

    Args:
        what: keyword of the attribute that is missing.
        sha256: of the file.
    """
    return _uid("stand-in", what, sha256)


def _image(reading: Reading) -> tuple[str | int | None, ...]:
    """Return what tells the image, whichever way its file was stored, and who read it."""
    source = reading.source
    return source.sop_instance_uid or source.sha256, source.frame, reading.model.sha256


def _uid(*parts: object) -> str:
    named = json.dumps([__version__, *parts], sort_keys=True)
    return f"2.25.{uuid5(_NAMESPACE, named).int}"
