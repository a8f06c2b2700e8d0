"""Reading results.jsonl back: whole, streaming, and clear about bad lines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.errors import InputError
from detect.record import Failure, Reading, Source
from detect.write.json_lines import JsonLinesWriter
from detect.write.results import read_results

Records = tuple[Reading | Failure, ...]

FAILURE = Failure(Source("b.png", None), "empty", "b.png: 0 bytes").to_json()


@pytest.fixture
def written(tmp_path: Path, records: Records) -> Path:
    with JsonLinesWriter(tmp_path) as writer:
        for record in records:
            writer.write(record)
    return tmp_path / "results.jsonl"


def test_records_come_back(written: Path, records: Records) -> None:
    assert tuple(read_results(written)) == records


def test_a_name_that_is_no_text_comes_back(tmp_path: Path) -> None:
    record = Failure(Source(os.fsdecode(b"\xff.png"), None), "corrupt", "not readable")
    with JsonLinesWriter(tmp_path) as writer:
        writer.write(record)
    assert list(read_results(tmp_path / "results.jsonl")) == [record]


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").touch()
    assert list(read_results(tmp_path / "results.jsonl")) == []


def test_reading_is_lazy(written: Path, records: Records) -> None:
    with written.open("a") as file:
        file.write("broken\n")
    assert next(read_results(written)) == records[0]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}\n", "schema_version None"),
        ("[]\n", "not a record"),
        ("\n", "Expecting value"),
        ("[" * 100_000 + "\n", ""),
        ("\x00\x00\n", "Expecting value"),
        ('{"probability": NaN}\n', "NaN is not JSON"),
        ('{"schema_version": "1.0", "ki', "unfinished; finish the run with --resume"),
        ('{"schema_version": "2.0"}\n', "'2.0' is not '1.0'"),
        (json.dumps(FAILURE | {"more": 1}) + "\n", "fields are not those of the schema"),
        (json.dumps(FAILURE | {"message": 1}) + "\n", "message: Input should be a valid string"),
    ],
)
def test_a_bad_line_is_named(written: Path, line: str, says: str) -> None:
    with written.open("a") as file:
        file.write(line)
    with pytest.raises(InputError) as caught:
        list(read_results(written))
    message = str(caught.value)
    assert message.startswith(f"{written}, line 5: ")
    assert says in message
    assert "\n" not in message


def test_bytes_that_are_no_text_are_named(written: Path) -> None:
    with written.open("ab") as file:
        file.write(b'{"a": "\xff"}\n')
    with pytest.raises(InputError, match="line 5: "):
        list(read_results(written))


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(InputError) as caught:
        list(read_results(path))
    assert str(caught.value).startswith(f"cannot read {path}: ")


def _paths(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = plain.items() if isinstance(plain, dict) else enumerate(plain)
    found = []
    for key, value in steps:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += _paths(value, (*path, key))
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_a_value_is_a_record_or_an_input_error(
    tmp_path: Path, records: Records, data: st.DataObject
) -> None:
    plain = data.draw(st.sampled_from(records)).to_json()
    plain = json.loads(json.dumps(plain))
    path = data.draw(st.sampled_from(_paths(plain)))
    values = st.none() | st.booleans() | st.integers() | st.text() | st.just([]) | st.just({})
    target = plain
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = data.draw(values)
    file = tmp_path / "results.jsonl"
    file.write_text(json.dumps(plain) + "\n")
    try:
        (record,) = read_results(file)
    except InputError as error:
        assert str(error).startswith(f"{file}, line 1: ")
    else:
        # what is accepted can be worked with: it has the types that writers rely on
        assert json.loads(json.dumps(record.to_json())) == plain
        if isinstance(record, Reading):
            assert f"{record.verdict.probability:.3f}"
            assert all(f"{f.score:.2f} {f.box.x1:.1f} {f.label.upper()}" for f in record.findings)
