"""What tests ask of FHIR Bundles, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from detect.record import Attribute, Box, Failure, Finding, ModelInfo, Reading, Source, Verdict

__all__ = ["Json", "bundles_in", "by_code", "frame_reading", "one", "records_of_all_kinds", "walk"]

Json = dict[str, Any]


def bundles_in(folder: Path) -> dict[str, Json]:
    """Return each Bundle by its name below the folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): json.loads(path.read_bytes()) for path in found}


def one(bundle: Json, kind: str, *, code: str | None = None) -> Json:
    """Return the only resource of a type, or the only one whose code has this text."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    resources = [each for each in resources if each["resourceType"] == kind]
    if code is not None:
        resources = [each for each in resources if each["code"]["text"] == code]
    (only,) = resources
    return only


def by_code(observation: Json) -> dict[str, Any]:
    """Return the values of an Observation's components, by the last code or text of each."""
    values = {}
    for part in observation["component"]:
        (value,) = [part[name] for name in part if name.startswith("value")]
        if isinstance(value, dict):
            value = value.get("value", value.get("text"))
        code = part["code"].get("coding", [{"code": part["code"]["text"]}])[0]["code"]
        assert code not in values
        values[code] = value
    return values


def walk(value: object) -> Iterator[tuple[str, object]]:
    """Yield every name in JSON with its value, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def frame_reading() -> Reading:
    """Return a fractured frame of a DICOM object, with findings of each certainty."""
    source = Source(
        path="Schmidt, Anna/wrist.dcm",
        sha256="c" * 64,
        width=3000,
        height=2500,
        frame=2,
        modality="DX",
        sop_instance_uid="1.2.3",
        study_instance_uid="1.2",
        laterality="L",
        body_part="WRIST",
    )
    return Reading(
        source=source,
        verdict=Verdict("fractured", "doubtful", 0.1 + 0.2, "balanced", 0.25),
        findings=(
            Finding("F1", "fracture", "definite", 0.83, Box(100.5, 200.25, 1000.75, 2500.0)),
            Finding("F2", "fracture", "suspicious", 1 / 3, Box(0.0, 0.0, 3000.0, 1e-3)),
            Finding("F3", "fracture", "none", 0.01, Box(1.0, 2.0, 3.0, 4.0), "evidence"),
        ),
        model=ModelInfo("bundle", "1.0.0", "f" * 64),
        attributes={"region": Attribute("wrist", 0.93)},
        warnings=("the window is a guess",),
        seconds=0.5,
    )


def records_of_all_kinds() -> tuple[Reading | Failure, ...]:
    """Return readings of DICOM and of files, positive and negative, and each failure."""
    frame = frame_reading()
    negative = Verdict("not_fractured", "definite", 1e-5, "screening", 0.25)
    odd = Source("Hände/<b>&\"'=SUM(A1), ‮x.png", "a" * 64, 373, 454)
    return (
        frame,
        replace(frame, source=replace(frame.source, frame=3), verdict=negative, findings=()),
        replace(frame, source=odd),
        replace(frame, source=replace(odd, path="b.png"), verdict=negative, findings=()),
        Failure(Source("a/broken.jpg", "b" * 64), "truncated", "a/broken.jpg: ends too early"),
        Failure(Source("gone.jpg", None), "not_found", "gone.jpg: no such file"),
        Failure(Source("x.dcm", "d" * 64), "internal", "x.dcm: <our> mistake"),
    )
