"""What Bundles say: verdict, places, image, software, and failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from fhir_json import Json, by_code, frame_reading, one, records_of_all_kinds
from matplotlib.path import Path as Polygon

from detect.draw.annotate import annotate
from detect.draw.style import BOX_STYLES, scale_for
from detect.read.radiograph import Radiograph
from detect.record import FAILURE_REASONS, Box, Failure, Finding, Source, Verdict

Write = Callable[..., dict[str, Json]]
NAME = "Schmidt, Anna/wrist.dcm.frame2.json"
VERDICT = "Fracture, on the whole image"
RELEASES = pytest.mark.parametrize("release", ["r4", "r5"])


def _places(bundle: Json) -> list[Json]:
    """Return the Observations of the places, which are members of the verdict."""
    resources = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    verdict = one(bundle, "Observation", code=VERDICT)
    return [resources[each["reference"]] for each in verdict.get("hasMember", [])]


@RELEASES
def test_a_report_tells_the_verdict_in_words_and_codes(write: Write, release: str) -> None:
    reading = frame_reading()
    bundle = write(reading, release=release)[NAME]
    report, verdict = one(bundle, "DiagnosticReport"), one(bundle, "Observation", code=VERDICT)
    assert report["status"] == verdict["status"] == "preliminary"
    assert report["category"][0]["coding"][0]["code"] == "RAD"
    assert report["conclusion"] == (
        "Fracture suspected by software, doubtful: probability 0.300, called fractured from "
        "0.250 on. Places: F1 (definite), F2 (suspicious). Not reviewed by a person. "
        "Research use only. Not a medical device; not for diagnosis."
    )
    assert report["conclusionCode"][0]["coding"][0]["code"] == "125605004"
    assert datetime.fromisoformat(report["issued"]).isoformat() == "2026-03-14T09:26:53+00:00"
    assert verdict["valueCodeableConcept"]["coding"][0]["display"] == "Present"
    assert verdict["interpretation"][0]["coding"][0]["code"] == "POS"
    assert verdict["note"] == [{"text": "the window is a guess"}]
    parts = by_code(verdict)
    assert parts["probability"] == reading.verdict.probability  # to the last digit
    assert (parts["threshold"], parts["operating-point"]) == (0.25, "balanced")
    assert parts["certainty"] == "doubtful"
    assert parts["region, as the software takes it"] == "wrist"
    assert parts["Probability of region, 0 to 1"] == 0.93
    assert (parts["columns"], parts["rows"], parts["frame"]) == (3000, 2500, 2)


@RELEASES
def test_a_negative_is_explicit(write: Write, release: str) -> None:
    negative = replace(
        frame_reading(),
        verdict=Verdict("not_fractured", "definite", 1e-5, "balanced", 0.25),
        findings=(),
    )
    bundle = write(negative, release=release)[NAME]
    report, verdict = one(bundle, "DiagnosticReport"), one(bundle, "Observation", code=VERDICT)
    assert report["conclusion"].startswith("No fracture found by software: probability 0.000,")
    assert report["conclusionCode"][0]["coding"][0]["display"] == "Clinical finding absent"
    assert verdict["valueCodeableConcept"]["coding"][0]["display"] == "Absent"
    assert verdict["interpretation"][0]["coding"][0]["code"] == "NEG"
    assert "hasMember" not in verdict


@RELEASES
def test_each_place_has_its_box_score_and_certainty(write: Write, release: str) -> None:
    reading = frame_reading()
    places = _places(write(reading, release=release)[NAME])
    for finding, place in zip(reading.findings, places, strict=True):
        parts = by_code(place)
        box = finding.box
        edges = [parts[f"box-{name}"] for name in ("x1", "y1", "x2", "y2")]
        assert edges == [box.x1, box.y1, box.x2, box.y2]
        assert parts["112039"] == finding.finding_id
        assert (parts["score"], parts["certainty"]) == (finding.score, finding.certainty)
        assert parts["origin"] == finding.origin
        assert place["code"]["text"] == "fracture"
    said = [place["valueCodeableConcept"].get("coding", [{}])[0].get("display") for place in places]
    assert said == ["Present", "Suspected", None]
    marks = [place.get("interpretation", [{}])[0].get("coding") for place in places]
    assert [mark and mark[0]["code"] for mark in marks] == ["POS", "IND", None]


@RELEASES
def test_what_is_listed_for_its_score_is_no_result_and_no_fracture(
    write: Write, release: str
) -> None:
    bundle = write(frame_reading(), release=release)[NAME]
    codes = [[each["code"] for each in p["code"].get("coding", [])] for p in _places(bundle)]
    assert codes == [["125605004"], ["125605004"], []]
    results = [each["reference"] for each in one(bundle, "DiagnosticReport")["result"]]
    ids = [one(bundle, "Observation", code=VERDICT)["id"], *(p["id"] for p in _places(bundle)[:2])]
    assert results == [f"urn:uuid:{identity}" for identity in ids]


@RELEASES
def test_another_class_is_no_fracture(write: Write, release: str) -> None:
    reading = frame_reading()
    metal = replace(reading.findings[0], label="metal")
    (place,) = _places(write(replace(reading, findings=(metal,)), release=release)[NAME])
    assert place["code"] == {"text": "metal"}


@RELEASES
@pytest.mark.parametrize(
    ("part", "side", "text", "code"),
    [
        ("WRIST", "L", "Left wrist joint", "74670003"),
        ("HAND", None, "Hand", "85562004"),
        ("LEG", "B", "Right and left lower leg", "30021000"),
        ("ODD PART", "R", "Right odd part", None),
        (None, "U", "Wrist joint (as the software takes it)", "74670003"),
    ],
)
def test_the_body_site_has_its_side(
    write: Write, release: str, part: str | None, side: str | None, text: str, code: str | None
) -> None:
    reading = frame_reading()
    source = replace(reading.source, body_part=part, laterality=side)
    bundle = write(replace(reading, source=source), release=release)[NAME]
    for observation in (one(bundle, "Observation", code=VERDICT), *_places(bundle)):
        site = observation["bodySite"]
        assert site["text"] == text
        assert [each["code"] for each in site.get("coding", [])] == ([code] if code else [])
        name = {"L": "Left", "R": "Right", "B": "Right and left"}.get(side or "")
        assert by_code(observation).get("272741003") == name


@RELEASES
def test_the_image_is_told_by_its_study_or_by_its_file(write: Write, release: str) -> None:
    bundles = write(*records_of_all_kinds(), release=release)
    study = {"system": "urn:dicom:uid", "value": "urn:oid:1.2"}
    report = one(bundles[NAME], "DiagnosticReport")
    (reference,) = report["study" if release == "r5" else "imagingStudy"]
    assert reference == {"type": "ImagingStudy", "identifier": study}
    assert report["subject"]["extension"][0]["valueCode"] == "masked"
    assert not [e for e in bundles[NAME]["entry"] if "Document" in e["request"]["url"]]
    document = one(bundles["b.png.json"], "DocumentReference")
    assert document["content"][0]["attachment"]["title"] == "b.png"
    assert document["identifier"][0]["value"] == "nih:sha-256;" + "a" * 64
    verdict = one(bundles["b.png.json"], "Observation", code=VERDICT)
    assert verdict["derivedFrom"][0]["reference"] == f"urn:uuid:{document['id']}"
    assert verdict["subject"]["extension"][0]["valueCode"] == "unknown"


@RELEASES
def test_the_software_is_named_as_author(write: Write, release: str) -> None:
    bundle = write(frame_reading(), release=release)[NAME]
    device, provenance = one(bundle, "Device"), one(bundle, "Provenance")
    names = device["name"][0]["value"] if release == "r5" else device["deviceName"][0]["name"]
    assert (names, device["version"][0]["value"]) == ("bundle", "1.0.0")
    assert device["identifier"][0]["value"] == "nih:sha-256;" + "f" * 64
    assert "not for diagnosis" in device["note"][0]["text"]
    assert provenance["agent"][0]["who"]["reference"] == f"urn:uuid:{device['id']}"
    made = {each["reference"] for each in provenance["target"]}
    assert made == {
        entry["fullUrl"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] in ("DiagnosticReport", "Observation")
    }
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] in ("DiagnosticReport", "Observation"):
            assert entry["resource"]["meta"]["security"][0]["code"] == "AIAST"


@RELEASES
@pytest.mark.parametrize("reason", FAILURE_REASONS)
def test_a_failure_is_a_task_that_failed(write: Write, release: str, reason: str) -> None:
    failure = Failure(Source("a.jpg", "b" * 64), reason, "a.jpg: is <broken>; copy it again")
    task = one(write(failure, release=release)["a.jpg.json"], "Task")
    (issue,) = task["contained"][0]["issue"]
    assert task["status"] == "failed"
    assert issue["severity"] == "error"
    assert issue["diagnostics"] == "a.jpg: is <broken>; copy it again"
    assert issue["details"]["coding"][0]["code"] == reason
    assert "&lt;broken&gt;" in task["text"]["div"]
    assert task["output"][0]["valueReference"] == {"reference": "#outcome"}
    assert issue["code"] != "exception" or reason == "internal"


def test_a_place_is_a_region_of_its_frame(write: Write) -> None:
    reading = frame_reading()
    bundle = write(reading)[NAME]
    selections = {
        entry["fullUrl"]: entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "ImagingSelection"
    }
    assert len(selections) == 1 + len(reading.findings)
    for finding, place in zip(reading.findings, _places(bundle), strict=True):
        selection = selections[place["derivedFrom"][0]["reference"]]
        (instance,) = selection["instance"]
        assert (instance["uid"], instance["subset"]) == ("1.2.3", ["2"])
        assert (selection["studyUid"], "seriesUid" in selection) == ("1.2", False)
        (region,) = instance["imageRegion2D"]
        points = np.array(region["coordinate"]).reshape(-1, 2)
        assert region["regionType"] == "polyline"
        assert len(points) == 5
        assert (points[0] == points[-1]).all()
        box = finding.box
        assert (points.min(0) == (box.x1, box.y1)).all()
        assert (points.max(0) == (box.x2, box.y2)).all()
    whole = selections[one(bundle, "Observation", code=VERDICT)["derivedFrom"][0]["reference"]]
    assert "imageRegion2D" not in whole["instance"][0]


def test_a_region_covers_the_pixels_inside_the_drawn_outline(write: Write) -> None:
    """Rasterised, the region is what the annotated picture frames: no pixel less or more."""
    frame = frame_reading()
    source = replace(frame.source, width=900, height=1000)
    finding = Finding("F1", "fracture", "definite", 0.8, Box(400.0, 500.0, 460.0, 572.0))
    reading = replace(frame, source=source, findings=(finding,), warnings=())
    (selection,) = [
        entry["resource"]
        for entry in write(reading)[NAME]["entry"]
        if entry["resource"].get("code", {}).get("text") == "Image region"
    ]
    points = np.array(selection["instance"][0]["imageRegion2D"][0]["coordinate"]).reshape(-1, 2)
    y, x = np.mgrid[0:1000, 0:900] + 0.5  # centres of pixels
    centres = np.stack([x.ravel(), y.ravel()], 1)
    inside = Polygon(points).contains_points(centres).reshape(1000, 900)
    pixels = np.full((1000, 900), 60, np.uint8)
    picture = annotate(Radiograph(pixels, source), reading)
    top = int(np.flatnonzero((picture[:, :3] == 60).all((1, 2)))[0])
    colour = BOX_STYLES["definite"].colour[::-1]
    drawn = (picture[top : top + 1000] == colour).all(2)
    rows, columns = np.flatnonzero(drawn.sum(1) > 60), np.flatnonzero(drawn.sum(0) > 60)
    scale = scale_for(900, 1000, 640)
    assert scale.line == 1
    framed = np.zeros_like(inside)
    near = slice(rows[0] + scale.padding, rows[-1] - scale.padding + 1)
    framed[near, columns[0] + scale.padding : columns[-1] - scale.padding + 1] = True
    assert inside.sum() == 60 * 72
    assert (inside == framed).all()


def test_r4_names_the_instance_and_frame(write: Write) -> None:
    bundle = write(frame_reading(), release="r4")[NAME]
    for observation in (one(bundle, "Observation", code=VERDICT), *_places(bundle)):
        parts = by_code(observation)
        assert (parts["sop-instance-uid"], parts["frame"]) == ("1.2.3", 2)
        assert observation["derivedFrom"][0]["identifier"]["value"] == "urn:oid:1.2"


def test_words_are_escaped_in_the_text(write: Write, tmp_path: Path) -> None:
    bundles = write(*records_of_all_kinds())
    assert (tmp_path / "out/fhir-r5/Hände").is_dir()
    (odd,) = [bundle for name, bundle in bundles.items() if name.startswith("Hände/")]
    document = one(odd, "DocumentReference")
    assert "<b>" not in document["text"]["div"]
    assert document["content"][0]["attachment"]["title"] == "Hände/<b>&\"'=SUM(A1), \\u202ex.png"
