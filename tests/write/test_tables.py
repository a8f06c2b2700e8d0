"""results.csv and findings.csv, read back by an independent parser."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from detect.errors import InputError, OutputError
from detect.record import Failure, Reading, Source
from detect.write.tables import FINDING_COLUMNS, RESULT_COLUMNS, CsvWriter

Records = tuple[Reading | Failure, ...]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture
def written(tmp_path: Path, records: Records) -> Path:
    with CsvWriter(tmp_path) as writer:
        for record in records:
            writer.write(record)
    return tmp_path


def test_a_row_per_image(written: Path, records: Records) -> None:
    rows = _rows(written / "results.csv")
    assert [tuple(row) for row in rows] == [RESULT_COLUMNS] * 4
    assert [row["status"] for row in rows] == ["ok", "ok", "ok", "failed"]
    fractured, normal, frame, failure = rows
    reading = records[0]
    assert isinstance(reading, Reading)
    assert float(fractured["probability"]) == reading.verdict.probability  # to the last digit
    assert fractured["verdict"] == "fractured"
    assert fractured["certainty"] == "definite"
    assert (fractured["n_definite"], fractured["n_suspicious"]) == ("1", "1")
    assert float(fractured["max_score"]) == 0.83
    assert fractured["warnings"] == 'small image; a "quoted", one'
    assert json.loads(fractured["attributes"])["region"]["label"] == "hand"
    assert (normal["n_definite"], normal["max_score"], normal["attributes"]) == ("0", "", "")
    assert (frame["frame"], frame["sop_instance_uid"], frame["laterality"]) == ("2", "1.2.3", "L")
    assert (frame["width"], frame["height"]) == ("3000", "2500")
    assert failure["reason"] == "truncated"
    assert (failure["verdict"], failure["probability"], failure["sha256"]) == ("", "", "")


def test_the_maximum_score_is_the_detectors(tmp_path: Path, records: Records) -> None:
    """An outline's score is of another scale, and is in findings.csv."""
    reading = records[0]
    assert isinstance(reading, Reading)
    first, second, *_ = reading.findings
    outline = replace(first, origin="evidence")
    with CsvWriter(tmp_path) as writer:
        writer.write(replace(reading, findings=(outline, second)))
        writer.write(replace(reading, findings=(outline,)))
    scores = [row["max_score"] for row in _rows(tmp_path / "results.csv")]
    assert scores == [str(second.score), ""]


def test_a_row_per_box(written: Path, records: Records) -> None:
    rows = _rows(written / "findings.csv")
    assert [tuple(row) for row in rows] == [FINDING_COLUMNS] * 3
    reading = records[0]
    assert isinstance(reading, Reading)
    for row, finding in zip(rows, reading.findings, strict=True):
        assert row["finding_id"] == finding.finding_id
        assert float(row["score"]) == finding.score
        sides = tuple(float(row[name]) for name in ("x1", "y1", "x2", "y2"))
        assert sides == (finding.box.x1, finding.box.y1, finding.box.x2, finding.box.y2)
        assert (row["certainty"], row["origin"]) == (finding.certainty, finding.origin)
        assert row["sha256"] == "a" * 64


def test_no_text_is_a_formula(written: Path) -> None:
    results, findings = _rows(written / "results.csv"), _rows(written / "findings.csv")
    assert results[0]["path"] == "Hände/=SUM(A1), links.png"  # harmless inside
    assert results[3]["path"] == "'-broken.jpg"
    assert findings[1]["label"] == "'@home"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_each_dangerous_start_is_led_by_an_apostrophe(tmp_path: Path, start: str) -> None:
    path = f"{start}cmd|' /C calc'!A0"
    with CsvWriter(tmp_path) as writer:
        writer.write(Failure(Source(path, None), "corrupt", "no image"))
    assert _rows(tmp_path / "results.csv")[0]["path"] == "'" + path


def test_both_files_appear_at_the_end_only(tmp_path: Path, records: Records) -> None:
    writer = CsvWriter(tmp_path)
    writer.write(records[0])
    assert not list(tmp_path.glob("*.csv"))
    writer.close()
    writer.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["findings.csv", "results.csv"]


@pytest.mark.parametrize("error", [InputError("line 3"), KeyboardInterrupt(), OSError("other")])
def test_an_error_leaves_earlier_files(
    written: Path, records: Records, error: BaseException
) -> None:
    before = {p.name: p.read_bytes() for p in written.iterdir()}
    with pytest.raises(type(error)) as caught, CsvWriter(written) as writer:
        writer.write(records[1])
        raise error
    assert caught.value is error
    assert {p.name: p.read_bytes() for p in written.iterdir()} == before


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "findings.csv").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*findings\.csv: it is not a file"):
        CsvWriter(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["findings.csv"]


def test_the_same_records_give_the_same_bytes(tmp_path: Path, records: Records) -> None:
    for folder in ("one", "two"):
        with CsvWriter(tmp_path / folder) as writer:
            for record in records:
                writer.write(record)
    for name in ("results.csv", "findings.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
