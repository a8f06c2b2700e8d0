"""check.json against the packaged schema, by an independent validator."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator, ValidationError

from detect.data.check_json import check_schema, check_to_json, write_check_json
from detect.data.check_report import LEAKS, FullReport, ProblemKind


def test_the_file_follows_the_schema_and_lists_every_image(
    checked: FullReport, tmp_path: Path
) -> None:
    write_check_json(checked, tmp_path / "check.json")
    plain = json.loads((tmp_path / "check.json").read_bytes())
    schema = check_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(plain)
    by_kind = {problem["kind"]: problem for problem in plain["problems"]}
    leak = by_kind["near_duplicate_leak"]
    assert leak["images"] == [
        "a/<script>alert(1)<&.png",
        "a/\"quoted\" 'twice'.png",
        os.fsdecode(b"a/caf\xe9\x1b[31m\n.png"),
        "b/plain.png",
    ]
    assert leak["sets"] == [leak["images"][:2], leak["images"][2:]]
    root = Path(plain["dataset"]["root"])
    for problem in plain["problems"]:
        assert all((root / name).is_file() for name in problem["images"])
    assert by_kind["no_split"]["images"] == [str(tmp_path / "elsewhere.png")]
    assert plain["dataset"]["splits"] == {"train": 2, "val": 1, "test": 2, "none": 1}
    assert plain["balances"][0]["rows"][1] == ["val", 1, 0.0, None]


def test_the_worst_comes_first_and_tells_of_the_whole(checked: FullReport) -> None:
    plain = check_to_json(checked)
    assert [problem["severity"] for problem in plain["problems"]] == [
        "leak",
        "error",
        "error",
        "error",
        "caution",
    ]
    assert (plain["leaks"], plain["severity"]) == (True, "leak")
    assert plain["leaking_splits"] == ["train", "val", "test"]
    harmless = replace(checked, problems=checked.problems[-1:])
    plain = check_to_json(harmless)
    assert (plain["leaks"], plain["leaking_splits"]) == (False, [])
    assert plain["severity"] == "caution"
    assert check_to_json(replace(checked, problems=()))["severity"] is None


def test_the_schema_knows_every_kind_and_no_other() -> None:
    problem = check_schema()["properties"]["problems"]["items"]["properties"]
    assert set(problem["kind"]["enum"]) == set(get_args(ProblemKind))
    for kind in LEAKS:
        assert kind in problem["kind"]["description"]


@pytest.mark.parametrize(
    ("key", "value"), [("severity", "bad"), ("kind", "dirt"), ("images", "a.png"), ("more", 1)]
)
def test_the_schema_refuses_what_it_does_not_describe(
    checked: FullReport, key: str, value: object
) -> None:
    plain = check_to_json(checked)
    plain["problems"][0][key] = value
    with pytest.raises(ValidationError):
        Draft202012Validator(check_schema()).validate(plain)
