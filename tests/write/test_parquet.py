"""results.parquet and findings.parquet, read back by a reader that others wrote (polars)."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars
import pyarrow.parquet
import pytest

from detect.errors import InputError, OutputError
from detect.record import Failure, Reading, Source
from detect.write.context import WriteContext
from detect.write.formats import write_formats
from detect.write.parquet import FINDING_SCHEMA, RESULT_SCHEMA, ParquetTables
from detect.write.tables import FINDING_COLUMNS, RESULT_COLUMNS

Records = tuple[Reading | Failure, ...]


@pytest.fixture
def written(tmp_path: Path, records: Records, context: Callable[..., WriteContext]) -> Path:
    assert not write_formats(records, context(tmp_path), ["parquet", "csv"])
    return tmp_path


def test_columns_are_those_of_the_csv() -> None:
    assert tuple(RESULT_SCHEMA.names) == RESULT_COLUMNS
    assert tuple(FINDING_SCHEMA.names) == FINDING_COLUMNS
    for field in (*RESULT_SCHEMA, *FINDING_SCHEMA):
        assert field.metadata[b"description"]


def test_a_row_per_image_with_its_types(written: Path, records: Records) -> None:
    table = polars.read_parquet(written / "results.parquet")
    fractured, normal, frame, failure = table.to_dicts()
    reading = records[0]
    assert isinstance(reading, Reading)
    assert fractured["path"] == "Hände/=SUM(A1), links.png"
    assert fractured["probability"] == reading.verdict.probability  # to the last digit
    assert (fractured["verdict"], fractured["certainty"]) == ("fractured", "definite")
    assert (fractured["n_definite"], fractured["n_suspicious"]) == (1, 1)
    assert fractured["max_score"] == 0.83
    assert fractured["warnings"] == ["small image", 'a "quoted", one']
    region = {"name": "region", "label": "hand", "probability": 0.93}
    assert fractured["attributes"] == [region]
    assert (normal["n_definite"], normal["max_score"], normal["warnings"]) == (0, None, [])
    assert (frame["frame"], frame["width"], frame["height"]) == (2, 3000, 2500)
    assert failure["path"] == "-broken.jpg"
    assert (failure["status"], failure["reason"]) == ("failed", "truncated")
    assert {failure[name] for name in ("verdict", "probability", "sha256", "warnings")} == {None}
    kinds = {name: str(table.schema[name]) for name in ("path", "frame", "threshold", "warnings")}
    assert list(kinds.values()) == ["String", "Int32", "Float64", "List(String)"]


def test_a_row_per_box(written: Path, records: Records) -> None:
    rows = polars.read_parquet(written / "findings.parquet").to_dicts()
    reading = records[0]
    assert isinstance(reading, Reading)
    for row, finding in zip(rows, reading.findings, strict=True):
        box = finding.box
        assert [row[name] for name in ("x1", "y1", "x2", "y2")] == [box.x1, box.y1, box.x2, box.y2]
        assert (row["finding_id"], row["score"]) == (finding.finding_id, finding.score)
        assert (row["certainty"], row["origin"]) == (finding.certainty, finding.origin)
        assert (row["width"], row["height"], row["sha256"]) == (373, 454, "a" * 64)


@pytest.mark.parametrize("name", ["results", "findings"])
def test_it_says_what_the_csv_says(written: Path, name: str) -> None:
    """But for the types, the apostrophe against formulas, and lists, which CSV has not."""
    with (written / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    for row, typed in zip(
        rows, polars.read_parquet(written / f"{name}.parquet").to_dicts(), strict=True
    ):
        for column, value in typed.items():
            if not isinstance(value, list) and row[column] != (
                said := "" if value is None else str(value)
            ):
                assert row[column] == f"'{said}" or float(row[column]) == value


def test_rows_come_in_groups_and_in_order(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(17_000)]
    with ParquetTables(tmp_path) as writer:
        for name in names:
            writer.write(Failure(Source(name, None), "empty", f"{name}: file is empty"))
    file = pyarrow.parquet.ParquetFile(tmp_path / "results.parquet")
    assert file.metadata.num_row_groups == 2
    paths = polars.read_parquet(tmp_path / "results.parquet", columns=["path"])["path"]
    assert paths.to_list() == names


def test_no_record_is_a_table_all_the_same(tmp_path: Path) -> None:
    ParquetTables(tmp_path).close()
    table = polars.read_parquet(tmp_path / "results.parquet")
    assert (len(table), tuple(table.columns)) == (0, RESULT_COLUMNS)


def test_bytes_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    with ParquetTables(tmp_path) as writer:
        writer.write(Failure(Source("a\udce9.png", None), "corrupt", "a\udce9.png: no image"))
    assert polars.read_parquet(tmp_path / "results.parquet")["path"][0] == "a\\udce9.png"


def test_the_same_records_give_the_same_bytes(tmp_path: Path, records: Records) -> None:
    for folder in ("one", "two"):
        with ParquetTables(tmp_path / folder) as writer:
            for record in records:
                writer.write(record)
    for name in ("results.parquet", "findings.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_error_leaves_earlier_files(written: Path, records: Records) -> None:
    before = {path.name: path.read_bytes() for path in written.iterdir()}
    with pytest.raises(InputError, match="line 3"), ParquetTables(written) as writer:
        writer.write(records[1])
        raise InputError("line 3")
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "findings.parquet").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*findings\.parquet: it is not a file"):
        ParquetTables(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["findings.parquet"]


FULL = """
import resource, secrets, signal, sys
from pathlib import Path
from detect.errors import OutputError
from detect.record import Failure, Source
from detect.write.parquet import ParquetTables
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with ParquetTables(Path(sys.argv[1])) as writer:
        for number in range(int(sys.argv[2])):
            writer.write(Failure(Source(secrets.token_hex(32), None), "empty", "x"))
except OutputError as error:
    sys.stdout.write(str(error))
"""


# 17,000 rows hit the limit while a group is written, 1,000 at the end.
@pytest.mark.parametrize("rows", [17_000, 1_000])
def test_a_table_that_does_not_fit_leaves_nothing(tmp_path: Path, rows: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path, str(rows)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.startswith(f"cannot write {tmp_path}/results.parquet: File too large; ")
    assert not done.stderr
    assert not list(tmp_path.iterdir())
