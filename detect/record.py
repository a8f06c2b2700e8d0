"""The records that leave this package: all that writers ever see.

Frozen values without behaviour beyond conversion to and from plain JSON types.
The field names and their meaning are the public contract (`SCHEMA_VERSION`);
`reading.schema.json` beside this file states the same as JSON Schema.

Coordinate frame of every box: pixels of the image as a viewer shows it (raster:
after the EXIF turn; DICOM: column, row of the stored matrix); (0, 0) is the
top-left corner of the top-left pixel; floats; inside the image.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "FAILURE_REASONS",
    "SCHEMA_VERSION",
    "Attribute",
    "Box",
    "Failure",
    "Finding",
    "ModelInfo",
    "Reading",
    "Source",
    "Verdict",
    "fields_of",
    "record_from_json",
]

SCHEMA_VERSION = "1.0"

FAILURE_REASONS = (
    "not_found",  # the path does not exist
    "no_permission",  # the file exists but may not be opened
    "empty",  # 0 bytes
    "truncated",  # the file ends before its pixels do
    "corrupt",  # the file is of a known kind but cannot be decoded
    "unsupported",  # a kind of file or object that is no radiograph
    "too_large",  # more pixels than the safety limit
    "internal",  # our own mistake, reported rather than hidden
)

VerdictLabel = Literal["fractured", "not_fractured"]
VerdictCertainty = Literal["definite", "doubtful"]
FindingCertainty = Literal["definite", "suspicious", "none"]


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle, x1 < x2 and y1 < y2, in the frame of the module docstring."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Source:
    """The image that was read."""

    path: str  # relative to the folder given by the user, with forward slashes
    sha256: str | None  # of the file's bytes, hex; None where the file could not be opened
    width: int | None = None  # pixels, as a viewer shows it
    height: int | None = None  # pixels, as a viewer shows it
    frame: int | None = None  # 1-based frame of a multi-frame object, else None
    modality: str | None = None  # DICOM Modality (0008,0060)
    sop_instance_uid: str | None = None  # DICOM SOPInstanceUID (0008,0018)
    study_instance_uid: str | None = None  # DICOM StudyInstanceUID (0020,000D)
    laterality: str | None = None  # "L", "R", "B" or "U": ImageLaterality, else Laterality
    body_part: str | None = None  # DICOM BodyPartExamined (0018,0015)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Fractured or not, for the whole image."""

    label: VerdictLabel  # by `probability >= threshold`
    # doubtful: the other operating points do not all agree, or the image is out of scope, or
    # was taken for a negative
    certainty: VerdictCertainty
    probability: float  # calibrated P(fracture), 0..1
    operating_point: str  # name: screening, balanced or confirm
    threshold: float  # of that operating point, on the calibrated probability


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in the image."""

    finding_id: str  # unique in its reading: "F1" has the highest score
    label: str  # class name of the bundle, "fracture" by default
    certainty: FindingCertainty  # definite, suspicious, or none (below suspicious)
    score: float  # of the detector, or the peak of the evidence outlined; 0..1, no probability
    box: Box
    origin: Literal["detector", "evidence"] = "detector"  # evidence: outlined from the map


@dataclass(frozen=True, slots=True)
class Attribute:
    """A further label of the whole image, such as its body region."""

    label: str
    probability: float  # of the label, 0..1; where that is yes or no, always of yes


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The bundle that read the image."""

    name: str
    version: str
    sha256: str  # of the bundle's manifest


@dataclass(frozen=True, slots=True)
class Reading:
    """One image (or one frame), read."""

    source: Source
    verdict: Verdict
    findings: tuple[Finding, ...]  # by descending score
    model: ModelInfo
    attributes: dict[str, Attribute] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()  # one line each, for a person
    seconds: float = 0.0  # wall time from decoded pixels to this record; not reproducible

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, in the order and with the names of the contract."""
        findings = []
        for finding in self.findings:
            box = finding.box
            plain = {k: v for k, v in fields_of(finding).items() if k != "box"}
            findings.append(plain | {"box_xyxy": [box.x1, box.y1, box.x2, box.y2]})
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "reading",
            "source": fields_of(self.source),
            "verdict": fields_of(self.verdict),
            "findings": findings,
            "attributes": {name: fields_of(value) for name, value in self.attributes.items()},
            "model": fields_of(self.model),
            "warnings": list(self.warnings),
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that could not be read, and why."""

    source: Source
    reason: str  # one of FAILURE_REASONS
    message: str  # one line for a person

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types, in the order and with the names of the contract."""
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "failure",
            "source": fields_of(self.source),
            "reason": self.reason,
            "message": self.message,
        }


def fields_of(part: Box | Source | Verdict | Finding | Attribute | ModelInfo) -> dict[str, Any]:
    """Return a part's fields by name, in their order, each as it is.

    Many times faster than `dataclasses.asdict`, which copies all that lies within.
    """
    return {name: getattr(part, name) for name in part.__slots__}


def record_from_json(plain: dict[str, Any]) -> Reading | Failure:
    """Rebuild a record from `to_json`'s form.

    Raises:
        ValueError: the schema version or kind is unknown, or a field is missing.
    """
    version = plain.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(f"schema_version {version!r} is not {SCHEMA_VERSION!r}")
    try:
        source = Source(**plain["source"])
        kind = plain["kind"]
        if kind not in ("reading", "failure"):
            raise ValueError(f"kind {kind!r} is neither 'reading' nor 'failure'")
        if kind == "failure":
            return Failure(source, plain["reason"], plain["message"])
        findings = tuple(
            Finding(
                box=Box(*entry["box_xyxy"]),
                **{k: v for k, v in entry.items() if k != "box_xyxy"},
            )
            for entry in plain["findings"]
        )
        return Reading(
            source=source,
            verdict=Verdict(**plain["verdict"]),
            findings=findings,
            model=ModelInfo(**plain["model"]),
            attributes={k: Attribute(**v) for k, v in plain["attributes"].items()},
            warnings=tuple(plain["warnings"]),
            seconds=plain["seconds"],
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a record of schema {SCHEMA_VERSION}: {error}") from error
