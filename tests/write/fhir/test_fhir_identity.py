"""Who is who: the same reading has the same ids each time, whatever it is written with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fhir_json import Json, frame_reading, records_of_all_kinds

from detect.record import Finding, Reading, Source, Verdict
from detect.write.dicom.identity import tracking_uid

Write = Callable[..., dict[str, Json]]


def _ids(bundle: Json) -> set[str]:
    return {bundle["id"], *(entry["resource"]["id"] for entry in bundle["entry"])}


def _only(bundles: dict[str, Json]) -> Json:
    (bundle,) = bundles.values()
    return bundle


@pytest.mark.parametrize("release", ["r4", "r5"])
def test_the_same_records_give_the_same_bytes(write: Write, tmp_path: Path, release: str) -> None:
    for out in ("one", "two"):
        write(*records_of_all_kinds(), release=release, out=out)
    for path in (tmp_path / "one").rglob("*.json"):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert other.read_bytes() == path.read_bytes()


def test_time_warnings_and_place_are_no_identity(write: Write) -> None:
    reading = frame_reading()
    moved = replace(reading.source, path="elsewhere/copy.dcm")
    other = replace(reading, source=moved, warnings=(), seconds=9.0)
    assert _ids(_only(write(reading, out="a"))) == _ids(_only(write(other, out="b")))


def _another(reading: Reading, what: str) -> Reading:
    first, *rest = reading.findings
    changes: dict[str, Any] = {
        "bundle": {"model": replace(reading.model, sha256="0" * 64)},
        "verdict": {"verdict": Verdict("fractured", "definite", 0.3, "screening", 0.1)},
        "box": {"findings": (replace(first, box=replace(first.box, x1=101.0)), *rest)},
        "frame": {"source": replace(reading.source, frame=1)},
        "image": {"source": replace(reading.source, sop_instance_uid="1.2.4")},
    }
    return replace(reading, **changes[what])


@pytest.mark.parametrize("what", ["bundle", "verdict", "box", "frame", "image"])
def test_another_reading_has_other_ids(write: Write, what: str) -> None:
    reading = frame_reading()
    ours, theirs = _only(write(reading, out="a")), _only(write(_another(reading, what), out="b"))
    common = _ids(ours) & _ids(theirs)
    devices = {
        entry["resource"]["id"]
        for entry in ours["entry"]
        if entry["resource"]["resourceType"] == "Device"
    }
    assert common == (set() if what == "bundle" else devices)


def test_files_of_one_content_are_two_images(write: Write) -> None:
    reading = frame_reading()
    places = [replace(reading, source=Source(name, "a" * 64, 9, 9)) for name in ("a.png", "b.png")]
    one, two = write(*places).values()
    assert len(_ids(one) & _ids(two)) == 1  # the device


def test_a_place_is_tracked_as_in_dicom_objects(write: Write) -> None:
    reading = frame_reading()
    tracked = {
        identifier["value"]
        for entry in _only(write(reading))["entry"]
        for identifier in entry["resource"].get("identifier", [])
        if identifier["system"] == "urn:dicom:uid"
    }

    def uid(finding: Finding) -> str:
        return f"urn:oid:{tracking_uid(reading, finding, '1.2')}"

    assert tracked == {uid(finding) for finding in reading.findings}
