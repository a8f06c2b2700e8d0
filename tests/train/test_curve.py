"""The learning curve: read, mended after a kill, and drawn."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from PIL import Image

from detect.train.curve import drop_epochs_after, plot_learning_curve, read_curve

CSV = """\
epoch,time,train/box_loss,train/verdict_loss,metrics/mAP50,metrics/AUROC,lr/pg0
1,10.5,2.5,0.7,nan,nan,0.001
2,20.5,1.25,0.5,0.25,0.75,0.0005
3,30.5,1,0,nan,nan,0.0001
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_columns_are_read_by_name(results: Path) -> None:
    curve = read_curve(results)

    assert curve["epoch"] == [1, 2, 3]
    assert curve["train/box_loss"] == [2.5, 1.25, 1]
    assert math.isnan(curve["metrics/AUROC"][0])
    assert curve["metrics/AUROC"][1] == 0.75


def test_epochs_without_a_checkpoint_are_dropped(results: Path) -> None:
    drop_epochs_after(results, 2)

    assert results.read_text(encoding="utf-8") == "".join(CSV.splitlines(keepends=True)[:3])
    drop_epochs_after(results, 7)
    assert read_curve(results)["epoch"] == [1, 2]


def test_a_missing_or_empty_curve_is_left_as_it_is(tmp_path: Path) -> None:
    drop_epochs_after(tmp_path / "results.csv", 2)
    assert not (tmp_path / "results.csv").exists()

    (tmp_path / "empty.csv").touch()
    drop_epochs_after(tmp_path / "empty.csv", 2)
    assert read_curve(tmp_path / "empty.csv") == {}


def test_the_plot_shows_losses_and_figures(results: Path, tmp_path: Path) -> None:
    curve = read_curve(results)
    full, fewer = tmp_path / "full.png", tmp_path / "fewer.png"

    plot_learning_curve(curve, full)
    plot_learning_curve(curve | {"metrics/AUROC": [math.nan] * 3}, fewer)

    with Image.open(full) as one, Image.open(fewer) as other:
        assert one.size == other.size
        # the left half holds the losses, which are the same; the right one the figures
        half = (0, 0, one.width // 2 - 20, one.height)
        assert one.crop(half).tobytes() == other.crop(half).tobytes()
        assert one.tobytes() != other.tobytes()
