"""The table of formats, and saved results turned into any of them."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from detect.errors import InputError
from detect.record import Failure, Reading
from detect.write.context import WriteContext
from detect.write.formats import known_formats, write_formats
from detect.write.registry import FORMATS
from detect.write.results import read_results

Records = tuple[Reading | Failure, ...]
Contexts = Callable[..., WriteContext]


def test_every_format_is_written_in_one_pass(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    write_formats(iter(records), context(tmp_path), tuple(FORMATS))
    assert {p.name for p in tmp_path.iterdir()} >= {"results.jsonl", "results.csv", "findings.csv"}
    assert tuple(read_results(tmp_path / "results.jsonl")) == records


def test_saved_results_become_tables(tmp_path: Path, records: Records, context: Contexts) -> None:
    write_formats(records, context(tmp_path), ["json"])
    write_formats(read_results(tmp_path / "results.jsonl"), context(tmp_path), ["csv"])
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert [row["sha256"][:1] for row in rows] == ["a", "b", "c", ""]


def test_repeats_are_dropped() -> None:
    assert known_formats(["csv", "json", "csv"]) == ("csv", "json")


def test_an_unknown_format_is_refused_with_the_list(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    with pytest.raises(InputError) as caught:
        write_formats(records, context(tmp_path / "out"), ["csv", "xml"])
    message = str(caught.value)
    assert message.startswith("--format xml: unknown; choose from ")
    assert all(name in message for name in FORMATS)
    assert not (tmp_path / "out").exists()


def test_bad_records_leave_earlier_tables(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    write_formats(records, context(tmp_path), ["csv"])
    before = (tmp_path / "results.csv").read_bytes()

    def failing() -> Iterator[Reading | Failure]:
        yield records[0]
        raise InputError("line 2")

    with pytest.raises(InputError, match="line 2"):
        write_formats(failing(), context(tmp_path), ["csv"])
    assert (tmp_path / "results.csv").read_bytes() == before


FULL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from detect.errors import OutputError
from detect.record import Failure, Source
from detect.write.context import WriteContext
from detect.write.formats import write_formats
from detect.write.originals import Originals
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
records = (Failure(Source(f"{n}.png", None), "empty", "x" * 50) for n in range(int(sys.argv[2])))
try:
    now = datetime.now(UTC)
    context = WriteContext(Path(sys.argv[1]), now, Originals(lambda name: None))
    write_formats(records, context, [sys.argv[3]])
except OutputError as error:
    sys.stdout.write(str(error))
"""


# 5,000 rows hit the limit while rows are written, 620 when the last of them are flushed.
@pytest.mark.parametrize("rows", [5000, 620])
def test_a_table_that_does_not_fit_leaves_nothing(tmp_path: Path, rows: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path, str(rows), "csv"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.startswith(f"cannot write {tmp_path}/results.csv: File too large; ")
    assert not (tmp_path / "results.csv").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["html", "pdf"])
def test_a_report_whose_side_files_do_not_fit_names_its_folder(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path, "5000", name],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.startswith(f"cannot write {tmp_path}: File too large; ")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
