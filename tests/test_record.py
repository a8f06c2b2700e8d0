"""The records, their JSON and the JSON Schema of it agree."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from detect.record import (
    FAILURE_REASONS,
    Attribute,
    Box,
    Failure,
    Finding,
    ModelInfo,
    Reading,
    Source,
    Verdict,
    record_from_json,
)
from detect.write.schema import reading_schema

VALIDATOR = Draft202012Validator(reading_schema())

# Any text that JSON in UTF-8 can carry; lines have no line ends.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
fractions = st.floats(0, 1)
sizes = st.integers(1, 65535)
sides = st.floats(0, 65535, allow_nan=False)


def sources(readable: bool) -> st.SearchStrategy[Source]:
    maybe = st.none
    return st.builds(
        Source,
        path=texts,
        sha256=hashes if readable else maybe() | hashes,
        width=sizes if readable else maybe() | sizes,
        height=sizes if readable else maybe() | sizes,
        frame=maybe() | st.integers(1, 999),
        modality=maybe() | st.sampled_from(["CR", "DX", "RF"]),
        sop_instance_uid=maybe() | st.from_regex(r"\A[0-9.]{1,64}\Z"),
        study_instance_uid=maybe() | st.from_regex(r"\A[0-9.]{1,64}\Z"),
        laterality=maybe() | st.sampled_from("LRBU"),
        body_part=maybe() | texts,
    )


findings = st.builds(
    Finding,
    finding_id=st.integers(1, 300).map("F{}".format),
    label=texts,
    certainty=st.sampled_from(["definite", "suspicious", "none"]),
    score=fractions,
    box=st.builds(Box, sides, sides, sides, sides),
    origin=st.sampled_from(["detector", "evidence"]),
)
readings = st.builds(
    Reading,
    source=sources(readable=True),
    verdict=st.builds(
        Verdict,
        label=st.sampled_from(["fractured", "not_fractured"]),
        certainty=st.sampled_from(["definite", "doubtful"]),
        probability=fractions,
        operating_point=st.sampled_from(["screening", "balanced", "confirm"]),
        threshold=fractions,
    ),
    findings=st.lists(findings, max_size=4).map(tuple),
    model=st.builds(ModelInfo, name=texts, version=texts, sha256=hashes),
    attributes=st.dictionaries(texts, st.builds(Attribute, texts, fractions), max_size=3),
    warnings=st.lists(lines, max_size=3).map(tuple),
    seconds=st.floats(0, 1e6),
)
failures = st.builds(
    Failure,
    source=sources(readable=False),
    reason=st.sampled_from(FAILURE_REASONS),
    message=lines,
)

READING = Reading(
    source=Source("a.png", "0" * 64, 373, 454),
    verdict=Verdict("fractured", "definite", 0.9, "balanced", 0.4),
    findings=(Finding("F1", "fracture", "definite", 0.8, Box(1.0, 2.0, 3.5, 4.5)),),
    model=ModelInfo("bundle", "1.0.0", "f" * 64),
    attributes={"region": Attribute("hand", 0.7)},
    warnings=("small image",),
    seconds=0.5,
).to_json()
FAILURE = Failure(Source("b.png", None), "empty", "b.png: 0 bytes").to_json()


def test_the_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(reading_schema())


@given(readings | failures)
def test_every_record_validates_and_comes_back(record: Reading | Failure) -> None:
    plain = json.loads(json.dumps(record.to_json(), allow_nan=False))
    VALIDATOR.validate(plain)
    assert record_from_json(plain) == record


def test_every_failure_reason_is_in_the_schema() -> None:
    schema = reading_schema()
    assert schema["$defs"]["failure"]["properties"]["reason"]["enum"] == list(FAILURE_REASONS)


def _objects(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all objects with fixed keys in a record."""
    found = []
    if isinstance(plain, dict):
        if path[-1:] != ("attributes",):
            found.append(path)
        for key, value in plain.items():
            found += _objects(value, (*path, key))
    if isinstance(plain, list):
        for index, value in enumerate(plain):
            found += _objects(value, (*path, index))
    return found


def _at(plain: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        plain = plain[step]
    return plain


@pytest.mark.parametrize("record", [READING, FAILURE], ids=["reading", "failure"])
def test_no_key_may_be_added_or_missing(record: dict[str, Any]) -> None:
    VALIDATOR.validate(record)
    paths = _objects(record)
    assert len(paths) == (6 if record["kind"] == "reading" else 2)
    for path in paths:
        more = copy.deepcopy(record)
        _at(more, path)["surprise"] = 1
        assert not VALIDATOR.is_valid(more), f"a further key in {path}"
        with pytest.raises(ValueError) if path else pytest.MonkeyPatch.context():
            record_from_json(more)  # further keys at the top are for later versions
        for key in _at(record, path):
            less = copy.deepcopy(record)
            del _at(less, path)[key]
            assert not VALIDATOR.is_valid(less), f"no {key} in {path}"


def _set(*steps: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(plain: dict[str, Any]) -> None:
        _at(plain, steps[:-1])[steps[-1]] = to

    return change


BROKEN = {
    "version": _set("schema_version", to="0.9"),
    "kind": _set("kind", to="guess"),
    "path": _set("source", "path", to=""),
    "hash": _set("source", "sha256", to="F" * 64),
    "no hash": _set("source", "sha256", to=None),
    "no width": _set("source", "width", to=None),
    "width": _set("source", "width", to=0),
    "height": _set("source", "height", to=1.5),
    "frame": _set("source", "frame", to=0),
    "laterality": _set("source", "laterality", to="left"),
    "verdict": _set("verdict", "label", to="maybe"),
    "certainty": _set("verdict", "certainty", to="none"),
    "probability": _set("verdict", "probability", to=1.01),
    "text probability": _set("verdict", "probability", to="0.9"),
    "operating point": _set("verdict", "operating_point", to="mine"),
    "threshold": _set("verdict", "threshold", to=-0.1),
    "finding id": _set("findings", 0, "finding_id", to="1"),
    "label": _set("findings", 0, "label", to=""),
    "finding certainty": _set("findings", 0, "certainty", to="doubtful"),
    "score": _set("findings", 0, "score", to=2),
    "three sides": _set("findings", 0, "box_xyxy", to=[1, 2, 3]),
    "five sides": _set("findings", 0, "box_xyxy", to=[1, 2, 3, 4, 5]),
    "outside": _set("findings", 0, "box_xyxy", to=[-1, 2, 3, 4]),
    "origin": _set("findings", 0, "origin", to="reader"),
    "attribute": _set("attributes", "region", to="hand"),
    "model hash": _set("model", "sha256", to=""),
    "two lines": _set("warnings", 0, to="one\ntwo"),
    "seconds": _set("seconds", to=-1),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_the_schema_refuses_a_broken_reading(change: Callable[[dict[str, Any]], None]) -> None:
    broken = copy.deepcopy(READING)
    change(broken)
    assert not VALIDATOR.is_valid(broken)


@pytest.mark.parametrize(
    "change", [_set("reason", to="bored"), _set("message", to="a\nb"), _set("source", to=None)]
)
def test_the_schema_refuses_a_broken_failure(change: Callable[[dict[str, Any]], None]) -> None:
    broken = copy.deepcopy(FAILURE)
    change(broken)
    assert not VALIDATOR.is_valid(broken)


@pytest.mark.parametrize(
    "change",
    [
        _set("schema_version", to="9.0"),
        _set("kind", to="guess"),
        _set("source", to=[]),
        _set("findings", to=[1]),
        _set("findings", to=["F1"]),
        _set("findings", 0, "box_xyxy", to=[1, 2, 3]),
        _set("attributes", to=[]),
        _set("verdict", to={}),
        _set("warnings", to=None),
    ],
)
def test_rebuilding_a_broken_record_is_a_value_error(
    change: Callable[[dict[str, Any]], None],
) -> None:
    broken = copy.deepcopy(READING)
    change(broken)
    with pytest.raises(ValueError):
        record_from_json(broken)
