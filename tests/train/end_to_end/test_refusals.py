"""What cannot be trained is refused with exit code 1 and one line that says the way out."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

import cli

Refuse = Callable[..., str]


@pytest.fixture
def refuse(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    write_recipe: Any,
) -> Refuse:
    """Call `train` with these options; return the one line that it ends with."""
    for name in ("YOLO_CONFIG_DIR", "YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_VERBOSE"):
        monkeypatch.setenv(name, os.environ[name])  # put back what `train` changes

    def call(*options: str | Path, config: Path | None = None) -> str:
        config = config or write_recipe(tmp_path / "recipe.yaml")
        folders = ("--out", tmp_path / "weights" / "new", "--runs", tmp_path / "runs")
        arguments = ("--quiet", "--config", config, *folders, *options)
        monkeypatch.setattr(sys, "argv", ["cli.py", "train", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        captured = capsys.readouterr()
        assert leaving.value.code == 1
        assert captured.err.startswith("error: ")
        assert captured.err.count("\n") == 1
        assert captured.out == ""
        assert not (tmp_path / "weights").exists()
        return captured.err

    return call


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """Write a canonical dataset of noise: `pictures(rows)`; a row is split, group, label, boxes."""

    def write(
        rows: list[tuple[str, str, str, str]], classes: tuple[str, ...] = ("fracture",)
    ) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        rng = np.random.default_rng(0)
        with (folder / "table.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(["image", "split", "group", "fractured", "boxes"])
            for index, (split, group, label, boxes) in enumerate(rows):
                pixels = rng.integers(0, 255, (60, 50), np.uint8)
                Image.fromarray(pixels).save(folder / f"{index}.png")
                table.writerow([f"{index}.png", split, group, label, boxes])
        header = {"schema_version": "1.0", "name": "noise", "classes": list(classes)}
        (folder / "dataset.yaml").write_text(yaml.safe_dump(header), encoding="utf-8")
        return folder

    return write


BOX = '[{"label": "fracture", "box_xyxy": [5, 5, 20, 20]}]'
USABLE = [
    ("train", "a", "yes", BOX),
    ("train", "b", "no", "[]"),
    ("val", "c", "yes", BOX),
    ("val", "d", "no", "[]"),
]


def test_a_missing_folder_is_named_and_the_mended_command_is_not_in_its_own_way(
    refuse: Refuse, tmp_path: Path, pictures: Any
) -> None:
    assert "nowhere: no such folder" in refuse("--data", tmp_path / "nowhere")

    # The next attempt comes as far as the weights; it does not stumble over the first one's run.
    line = refuse("--data", pictures(USABLE), "--init", "missing.pt")
    assert "--init missing.pt: no such file" in line


def test_data_without_any_box_is_refused(
    refuse: Refuse, pictures: Any, random_weights: Callable[[str], Path]
) -> None:
    rows = [(split, group, label, "") for split, group, label, _ in USABLE]

    line = refuse("--data", pictures(rows), "--init", random_weights("yolo26n"))

    assert "no training image has a box" in line
    assert "--data" in line


def test_val_without_fractures_is_refused(
    refuse: Refuse, pictures: Any, random_weights: Callable[[str], Path]
) -> None:
    rows = [row for row in USABLE if row[:3] != ("val", "c", "yes")]

    line = refuse("--data", pictures(rows), "--init", random_weights("yolo26n"))

    assert "the val split needs images of both kinds" in line


def test_a_class_table_of_other_data_is_refused(
    refuse: Refuse,
    pictures: Any,
    random_weights: Callable[[str], Path],
    write_recipe: Any,
    tmp_path: Path,
) -> None:
    recipe = write_recipe(tmp_path / "classes.yaml", classes={"broken": "fracture"})

    line = refuse("--data", pictures(USABLE), "--init", random_weights("yolo26n"), config=recipe)

    assert "broken of the recipe's classes not among fracture" in line


def test_a_recipe_that_trains_no_verdict_is_refused(
    refuse: Refuse, pictures: Any, write_recipe: Any, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path / "none.yaml", verdict={"joint_gain": 0, "frozen_epochs": 0})

    assert "nothing trains the verdict" in refuse("--data", pictures(USABLE), config=recipe)


def test_a_patient_in_two_splits_is_refused_unless_allowed(
    refuse: Refuse, pictures: Any, random_weights: Callable[[str], Path]
) -> None:
    data = pictures([*USABLE[:2], ("val", "a", "no", "[]")])
    options = ("--data", data, "--init", random_weights("yolo26n"))

    assert "--allow-leakage" in refuse(*options)

    # Allowed, the same data comes as far as its next mistake: val has no fracture.
    assert "both kinds" in refuse(*options, "--allow-leakage")


def test_an_old_run_is_not_dropped_for_a_start_that_cannot_be(
    refuse: Refuse, pictures: Any, random_weights: Callable[[str], Path], tmp_path: Path
) -> None:
    data = pictures([*USABLE, ("train", "c", "no", "[]")])
    old = tmp_path / "runs" / "new" / "data" / "prepared.json"
    old.parent.mkdir(parents=True)
    old.write_text("days of work", encoding="utf-8")
    (tmp_path / "runs" / "new" / "run.json").write_text("{}", encoding="utf-8")
    (tmp_path / "text.pt").write_text("no weights", encoding="utf-8")

    for init in ("missing.pt", tmp_path / "text.pt"):
        assert f"--init {init}" in refuse("--data", data, "--overwrite", "--init", init)
    leaking = ("--data", data, "--overwrite", "--init", random_weights("yolo26n"))
    assert "--allow-leakage" in refuse(*leaking)

    assert old.read_text(encoding="utf-8") == "days of work"
    assert (old.parents[1] / "run.json").read_text(encoding="utf-8") == "{}"


def test_damaged_stage_notes_are_named(
    refuse: Refuse, pictures: Any, random_weights: Callable[[str], Path], tmp_path: Path
) -> None:
    options = ("--data", pictures(USABLE[:3]), "--init", random_weights("yolo26n"))
    assert "both kinds" in refuse(*options)  # now there is a run
    (tmp_path / "runs" / "new" / "run.json").write_text('{"init": ', encoding="utf-8")

    assert "run.json: is damaged; start anew with --overwrite" in refuse(*options, "--resume")
    assert "both kinds" in refuse(*options, "--overwrite")


def test_what_is_no_checkpoint_is_refused_before_any_image_is_prepared(
    refuse: Refuse, pictures: Any, tmp_path: Path
) -> None:
    import torch

    data = pictures(USABLE)
    (tmp_path / "text.pt").write_text("no weights", encoding="utf-8")
    (tmp_path / "empty.pt").touch()
    torch.save({"weight": torch.zeros(3)}, tmp_path / "tensors.pt")
    (tmp_path / "model.onnx").write_bytes(b"a graph")

    for name in ("text.pt", "empty.pt", "tensors.pt", "model.onnx"):
        assert f"{name}: is no" in refuse("--data", data, "--init", tmp_path / name)
    assert not list((tmp_path / "runs").rglob("images"))


def test_a_network_that_draws_no_boxes_is_refused(
    refuse: Refuse, pictures: Any, tmp_path: Path
) -> None:
    import torch
    from ultralytics.nn.tasks import ClassificationModel

    network = ClassificationModel("yolo26n-cls.yaml", verbose=False)
    torch.save({"model": network, "train_args": {"task": "classify"}}, tmp_path / "classify.pt")

    line = refuse("--data", pictures(USABLE), "--init", tmp_path / "classify.pt")

    assert "is a network for classify" in line


@pytest.mark.parametrize("device", ["cuda:99", "99", "toaster", "0,", ""])
def test_a_device_that_is_not_here_is_refused(refuse: Refuse, pictures: Any, device: str) -> None:
    assert f"--device {device}" in refuse("--data", pictures(USABLE), "--device", device)
