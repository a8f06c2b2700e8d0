"""Progress: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import logging

import pytest

from detect.progress import Progress, followed


def test_off_a_terminal_lines_are_logged(
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("detect.progress.time.monotonic", lambda: now)
    with (
        caplog.at_level(logging.INFO, "detect"),
        Progress("detect", 200, bar=False, done=50, every=10.0) as progress,
    ):
        for _ in range(30):
            now += 1.0
            progress.advance()
    assert [record.getMessage() for record in caplog.records] == [
        "detect: 60 of 200 images, 1.0 a second, 2:20 min left",
        "detect: 70 of 200 images, 1.0 a second, 2:10 min left",
        "detect: 80 of 200 images, 1.0 a second, 2:00 min left",
    ]
    assert capsys.readouterr() == ("", "")


def test_other_units_are_named(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("detect.progress.time.monotonic", lambda: now)
    with caplog.at_level(logging.INFO, "detect"):
        progress = Progress("fine-tune", 100, bar=False, every=60, unit="step")
        for _ in range(2):
            now += 30.0
            progress.advance("loss=1.5")
        progress.close()
    assert [record.getMessage() for record in caplog.records] == [
        "fine-tune: 2 of 100 steps, 0.0 a second, 49:00 min left"
    ]


def test_a_bar_shows_count_and_rate_and_logs_nothing(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        caplog.at_level(logging.INFO, "detect"),
        Progress("evaluate", 3, bar=True, every=0.0) as progress,
    ):
        for _ in range(3):
            progress.advance("loss=1.5")
    assert not caplog.records
    shown = capsys.readouterr().err
    assert "evaluate: 100%" in shown
    assert "3/3" in shown
    assert "image/s" in shown
    assert "loss=1.5" in shown


def test_bytes_are_counted_in_thousands_and_may_be_taken_back(
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("detect.progress.time.monotonic", lambda: now)
    with (
        caplog.at_level(logging.INFO, "detect"),
        Progress("fetch", 4_000_000, bar=False, every=10.0, unit="B", scaled=True) as progress,
    ):
        for number in (1_000_000, -1_000_000, 2_000_000):
            now += 10.0
            progress.advance(by=number)
    assert [record.getMessage() for record in caplog.records] == [
        "fetch: 1.00MB of 4.00MB, 100kB a second, 0:30 min left",
        "fetch: 2.00MB of 4.00MB, 66.7kB a second, 0:30 min left",
    ]
    with Progress("fetch", 4_000_000, bar=True, unit="B", scaled=True) as progress:
        progress.advance(by=4_000_000)
    assert "4.00M/4.00M" in capsys.readouterr().err


def test_items_are_counted_when_they_are_done_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(followed("report", "abc", 3, bar=True)) == ["a", "b", "c"]
    told = capsys.readouterr().err
    assert "report:   0%" in told
    assert "3/3" in told
