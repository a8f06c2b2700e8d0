"""Which initial weights are fetched, and what is said where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from detect.errors import InputError
from detect.train.initial import require_initial_weights


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for the network: every download is noted and fails."""
    names: list[str] = []

    def refuse(name: str) -> str:
        names.append(name)
        raise ConnectionError("no network")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ultralytics.utils.downloads.attempt_download_asset", refuse)
    return names


def test_the_name_of_a_published_detector_is_fetched_and_a_broken_network_told(
    asked: list[str],
) -> None:
    with pytest.raises(InputError, match="could not be downloaded") as caught:
        require_initial_weights("yolo26n.pt")
    assert asked == ["yolo26n.pt"]
    assert "\n" not in str(caught.value)


def test_that_opening_runs_code_is_said_once_before_it_is_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "text.pt").write_text("no weights", encoding="utf-8")

    with pytest.raises(InputError, match="is not an ultralytics checkpoint"):
        require_initial_weights(str(tmp_path / "text.pt"))

    (record,) = [r for r in caplog.records if r.name.startswith("detect")]
    assert record.levelname == "WARNING"
    assert "runs the code in it" in record.getMessage()


@pytest.mark.parametrize("name", ["mine.pt", "elsewhere/yolo26n.pt", "https://host/yolo26n.pt"])
def test_nothing_else_is_ever_fetched(asked: list[str], name: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        require_initial_weights(name)
    assert asked == []
