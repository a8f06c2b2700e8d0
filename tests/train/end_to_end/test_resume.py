"""A training that was broken off goes on where it was, and nowhere else."""

from __future__ import annotations

import csv
import json
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from detect.model.bundle import load_bundle

pytestmark = pytest.mark.slow


def _wait_for(path: Path, process: Any, seconds: float = 500) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.02)


def _without_seconds(bundle: Path) -> dict[str, Any]:
    plain: dict[str, Any] = yaml.safe_load((bundle / "manifest.yaml").read_text(encoding="utf-8"))
    del plain["training"]["seconds"]
    del plain["files"]["CARD.md"]  # tells the minutes
    return plain


def test_a_killed_training_goes_on_after_its_last_finished_epoch(
    workplace: Any,
    write_recipe: Any,
    phantoms: Path,
    random_weights: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    recipe = write_recipe(tmp_path / "recipe.yaml", epochs=6, validate_every=2)
    arguments = (
        *("--data", phantoms, "--config", recipe),
        *("--init", random_weights("yolo26n"), "--out", "weights/killed"),
    )
    fine_tune = workplace.folder / "runs" / "killed" / "fine-tune"
    process = workplace.start("train", *arguments)
    _wait_for(fine_tune / "weights" / "last.pt", process)
    process.kill()
    process.communicate()
    with (fine_tune / "results.csv").open(encoding="utf-8") as stream:
        before = list(csv.DictReader(stream))
    assert len(before) < 6
    assert not (workplace.folder / "weights").exists()
    # What a kill between the row of an epoch and its checkpoint leaves behind.
    with (fine_tune / "results.csv").open("a", encoding="utf-8") as stream:
        stream.write(",".join([str(len(before) + 1), *["0"] * (len(before[0]) - 1)]) + "\n")

    refused = workplace.run("train", *arguments, "--resume", "--seed", "7")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "recipe" in refused.stderr
    workplace.train(*arguments, "--resume")

    with (fine_tune / "results.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["time"] for row in rows][: len(before)] == [row["time"] for row in before]
    manifest = load_bundle(str(workplace.folder / "weights" / "killed")).manifest
    assert manifest.training["recipe"]["epochs"] == 6
    assert "--resume" not in manifest.training["command"]


def test_a_stage_done_again_redoes_the_later_ones_alone(finished: Any, tmp_path: Path) -> None:
    copy = finished.copy(tmp_path / "copy")
    last = copy.run / "fine-tune" / "weights" / "last.pt"
    trained = last.stat().st_mtime_ns
    (copy.run / "verdict.json").unlink()
    # Stale from here on: kept, these would be packed beside the new weights.
    (copy.run / "bundle" / "model.onnx").write_bytes(b"the graph of another head")
    settled = {"calibration": "of another head"}
    (copy.run / "settled.json").write_text(json.dumps(settled), encoding="utf-8")

    copy.workplace.train(*copy.arguments, "--resume")

    assert last.stat().st_mtime_ns == trained
    assert _without_seconds(copy.bundle) == _without_seconds(finished.bundle)


@pytest.mark.parametrize("stage", ["fine-tune", "export"])
def test_a_full_disk_is_told_in_one_line_and_harms_nothing(
    finished: Any, tmp_path: Path, stage: str
) -> None:
    copy = finished.copy(tmp_path / "copy")
    shutil.rmtree(copy.bundle)
    if stage == "fine-tune":
        (copy.run / "fine-tune" / "weights" / "last.pt").unlink()
    else:
        (copy.run / "bundle" / "model.onnx").unlink()

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**21, 2**21))

    done = copy.workplace.run(
        "train", "--quiet", *copy.arguments, "--resume", preexec_fn=no_large_files
    )

    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("error: ")
    assert "File too large" in done.stderr
    assert not copy.bundle.exists()
    assert not (copy.run / "fine-tune" / "weights" / "last.pt").exists() or stage == "export"
