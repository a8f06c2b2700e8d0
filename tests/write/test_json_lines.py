"""results.jsonl survives kills, resumes, and full disks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from detect.errors import OutputError
from detect.record import Failure, Reading, Source, record_from_json
from detect.write.json_lines import JsonLinesWriter
from detect.write.schema import reading_schema

Records = tuple[Reading | Failure, ...]


def _records(path: Path) -> Records:
    return tuple(record_from_json(json.loads(line)) for line in path.read_bytes().splitlines())


def test_each_record_is_a_valid_line_at_once(tmp_path: Path, records: Records) -> None:
    validator = Draft202012Validator(reading_schema())
    path = tmp_path / "out" / "results.jsonl"
    with JsonLinesWriter(path.parent) as writer:
        for count, record in enumerate(records, start=1):
            writer.write(record)
            lines = path.read_text(encoding="utf-8").split("\n")
            assert len(lines) == count + 1
            assert lines[-1] == ""
            validator.validate(json.loads(lines[-2]))
    assert _records(path) == records
    assert "Hände" in path.read_text(encoding="utf-8")


def test_a_fresh_run_starts_empty(tmp_path: Path, records: Records) -> None:
    (tmp_path / "results.jsonl").write_text("old\n")
    with JsonLinesWriter(tmp_path) as writer:
        writer.write(records[0])
    assert _records(tmp_path / "results.jsonl") == records[:1]


@pytest.mark.parametrize("half", ["", "{", '{"schema_version": "1.0", "pa' + "x" * 200_000])
def test_resume_cuts_the_unfinished_line(tmp_path: Path, records: Records, half: str) -> None:
    path = tmp_path / "results.jsonl"
    with JsonLinesWriter(tmp_path) as writer:
        writer.write(records[0])
    with path.open("a") as file:
        file.write(half)
    with JsonLinesWriter(tmp_path, resume=True) as writer:
        writer.write(records[1])
    assert _records(path) == records[:2]


@pytest.mark.parametrize("content", [None, "", "half a line"])
def test_resume_without_a_whole_line_starts_empty(
    tmp_path: Path, records: Records, content: str | None
) -> None:
    path = tmp_path / "results.jsonl"
    if content is not None:
        path.write_text(content)
    with JsonLinesWriter(tmp_path, resume=True) as writer:
        writer.write(records[0])
    assert _records(path) == records[:1]


def test_a_name_that_is_no_text_comes_back(tmp_path: Path) -> None:
    record = Failure(Source(os.fsdecode(b"\xff.png"), None), "corrupt", "not readable")
    with JsonLinesWriter(tmp_path) as writer:
        writer.write(record)
    content = (tmp_path / "results.jsonl").read_bytes()
    content.decode("ascii")
    assert _records(tmp_path / "results.jsonl") == (record,)


def test_a_full_disk_is_named(tmp_path: Path, records: Records) -> None:
    path = tmp_path / "results.jsonl"
    path.symlink_to("/dev/full")
    with (
        pytest.raises(OutputError) as caught,
        JsonLinesWriter(tmp_path) as writer,
    ):
        writer.write(records[0])
    assert str(caught.value) == (
        f"cannot write {path}: No space left on device;"
        " free some space or choose another folder with --out"
    )


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match=r"cannot write .*results\.jsonl: File exists"):
        JsonLinesWriter(tmp_path / "out")


ENDLESS = """
import itertools, sys
from pathlib import Path
from detect.record import Failure, Source
from detect.write.json_lines import JsonLinesWriter
with JsonLinesWriter(Path(sys.argv[1])) as writer:
    for number in itertools.count():
        writer.write(Failure(Source(f"{number}.png", None), "empty", "x" * 20_000))
        if number == 50:
            sys.stdout.write("ready")
            sys.stdout.flush()
"""


def test_a_killed_run_goes_on(tmp_path: Path, records: Records) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, tmp_path],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"ready"
        process.kill()
    with JsonLinesWriter(tmp_path, resume=True) as writer:
        writer.write(records[0])
    read = _records(tmp_path / "results.jsonl")
    assert len(read) > 50
    assert [r.source.path for r in read[:-1]] == [f"{n}.png" for n in range(len(read) - 1)]
    assert read[-1] == records[0]
