"""Saved results in other formats: what is known of their run, and where their images lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detect.errors import InputError, NotWrittenError
from detect.record import Failure, ModelInfo, Reading, Source, Verdict
from detect.reporting import report_results
from detect.write.context import WriteContext
from detect.write.json_lines import JsonLinesWriter
from detect.write.registry import FORMATS, Format
from detect.write.run_file import write_run

SEEN: list[tuple[datetime, Path | str]] = []


class _Spy(AbstractContextManager["_Spy"]):
    """Looks up the image of every record."""

    def __init__(self, context: WriteContext) -> None:
        self._context = context

    def write(self, record: Reading | Failure) -> None:
        try:
            found: Path | str = self._context.originals.path_of(record.source)
        except NotWrittenError as error:
            SEEN.append((self._context.created, str(error)))
            raise
        SEEN.append((self._context.created, found))

    def close(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        pass


def open_spy(context: WriteContext) -> _Spy:
    return _Spy(context)


@pytest.fixture(autouse=True)
def spy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    SEEN.clear()
    spying = Format("looks", f"{__name__}:open_spy", ("spy.txt",))
    monkeypatch.setattr(Format, "open", lambda _self, context: open_spy(context))
    monkeypatch.setitem(FORMATS, "spy", spying)
    yield


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of one image, `tmp_path`/in/a.png."""
    image = tmp_path / "in" / "a.png"
    image.parent.mkdir()
    image.write_bytes(b"\x89PNG\r\n\x1a\n")
    from detect.read import sha256_of

    with JsonLinesWriter(tmp_path / "run") as results:
        results.write(
            Reading(
                Source("a.png", sha256_of(image), 4, 4),
                Verdict("not_fractured", "definite", 0.1, "balanced", 0.5),
                (),
                ModelInfo("m", "1", "0" * 64),
            )
        )
    values = {"started": "2026-03-14T09:26:53+00:00", "inputs": [str(image.parent)]}
    write_run(tmp_path / "run" / "run.yaml", values)
    return tmp_path / "run"


STARTED = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


def test_images_are_found_through_the_run_file(run: Path, tmp_path: Path) -> None:
    assert report_results(run, ["spy"], tmp_path / "out") == ()
    assert [(STARTED, tmp_path / "in" / "a.png")] == SEEN


def test_images_that_have_moved_are_told_and_found_by_option(run: Path, tmp_path: Path) -> None:
    (tmp_path / "in").rename(tmp_path / "moved")
    (missed,) = report_results(run, ["spy"], tmp_path / "out")
    assert (missed.format, missed.path) == ("spy", "a.png")
    assert missed.message.endswith("name its folder with --images")
    assert "--images" in (tmp_path / "out" / "not_written.csv").read_text(encoding="utf-8")
    assert report_results(run, ["spy"], tmp_path / "out", images=tmp_path / "moved") == ()
    assert not (tmp_path / "out" / "not_written.csv").exists()
    with pytest.raises(InputError, match=r"--images .*gone: no such folder"):
        report_results(run, ["spy"], tmp_path / "out", images=tmp_path / "gone")


def test_results_without_a_run_file_are_as_old_as_their_file(run: Path, tmp_path: Path) -> None:
    (run / "run.yaml").unlink()
    os.utime(run / "results.jsonl", (1_000_000_000, 1_000_000_000))
    report_results(run / "results.jsonl", ["spy"], tmp_path / "out", images=tmp_path / "in")
    assert [(datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC), tmp_path / "in" / "a.png")] == SEEN


@pytest.mark.parametrize("text", ["[", "started: yesterday"])
def test_a_broken_run_file_is_one_line(run: Path, tmp_path: Path, text: str) -> None:
    (run / "run.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.yaml: (cannot be read as YAML|started yesterday)"):
        report_results(run, ["spy"], tmp_path / "out")


def test_it_tells_how_far_it_is(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_results(run, ["spy"], tmp_path / "out", show_progress=True)
    assert "1/1" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "warnings"), [("done", 0), ("interrupted", 1), ("running", 1)])
def test_results_of_a_run_that_was_broken_off_are_told(
    run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, status: str, warnings: int
) -> None:
    write_run(run / "run.yaml", {"inputs": [str(tmp_path / "in")], "status": status})
    report_results(run, ["spy"], tmp_path / "out")
    assert len(caplog.messages) == warnings
    assert all("--resume goes on" in message for message in caplog.messages)
