"""`export`: a bundle's graph made anew, by the real command line."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
import yaml

from detect.model.bundle import load_bundle

pytestmark = pytest.mark.slow

SETTLED = ("calibration", "operating_points", "box_thresholds", "input", "classes")


def test_the_graph_made_anew_is_the_one_of_the_training(
    finished: Any, phantoms: Path, tmp_path: Path, new_workplace: Any
) -> None:
    """The same weights on the same data: the same graph, thresholds and figures."""
    workplace = new_workplace(tmp_path / "work")

    done = workplace.run(
        "export",
        "--data",
        phantoms,
        "--weights",
        finished.bundle,
        "--out",
        "again",
        "--workers",
        "1",
    )

    assert done.returncode == 0, done.stderr
    again, before = load_bundle(str(workplace.folder / "again")), load_bundle(str(finished.bundle))
    assert again.manifest.files["model.onnx"] == before.manifest.files["model.onnx"]
    for name in SETTLED:
        assert getattr(again.manifest, name) == getattr(before.manifest, name)
    assert again.manifest.metrics == before.manifest.metrics
    assert again.manifest.name == "again"
    exported = again.manifest.training["exported"]
    assert exported["command"].startswith("python cli.py export --data")
    assert "again" in (again.folder / "CARD.md").read_text(encoding="utf-8")
    assert not workplace.network_attempts.exists()


def test_other_data_than_it_was_trained_with_is_refused(
    finished: Any, phantoms: Path, tmp_path: Path, new_workplace: Any
) -> None:
    """Thresholds must not be settled on images that the network has learned."""
    workplace = new_workplace(tmp_path / "work")
    table = (phantoms / "table.csv").read_text(encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    for file in phantoms.iterdir():
        if file.name != "table.csv":
            (other / file.name).symlink_to(file)
    (other / "table.csv").write_text(table.replace(",train,", ",val,", 1), encoding="utf-8")

    done = workplace.run("export", "--data", other, "--weights", finished.bundle, "--out", "again")

    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert error.startswith(f"error: {other}: its train split is not the one")
    assert not (workplace.folder / "again").exists()


def test_what_is_there_is_not_replaced_unasked(
    finished: Any, phantoms: Path, tmp_path: Path, new_workplace: Any
) -> None:
    workplace = new_workplace(tmp_path / "work")
    (workplace.folder / "again").mkdir()

    done = workplace.run(
        "export", "--data", phantoms, "--weights", finished.bundle, "--out", "again"
    )

    assert done.returncode == 1
    assert done.stderr == "error: --out again: exists; --overwrite replaces it\n"


def test_a_bundle_without_its_checkpoint_is_told(
    finished: Any, phantoms: Path, tmp_path: Path, new_workplace: Any
) -> None:
    workplace = new_workplace(tmp_path / "work")
    bare = tmp_path / "bare"
    bare.mkdir()
    manifest = yaml.safe_load((finished.bundle / "manifest.yaml").read_bytes())
    for name in list(manifest["files"]):
        if name == "model.pt":
            del manifest["files"][name]
        else:
            (bare / name).symlink_to(finished.bundle / name)
    (bare / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")

    done = workplace.run("export", "--data", phantoms, "--weights", bare, "--out", "again")

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {bare}: has no model.pt")
    assert done.stderr.count("\n") == 1


def _changed(manifest: Any) -> int:
    return int(manifest.training["int8"]["operating_points"]["confirm"]["changed"])


def test_a_graph_in_8_bits_reads_nearly_the_same(
    finished: Any, phantoms: Path, tmp_path: Path, new_workplace: Any
) -> None:
    workplace = new_workplace(tmp_path / "work")
    weights = ("--weights", "small")

    made = workplace.run(
        "export", "--int8", "--data", phantoms, "--weights", finished.bundle, "--out", "small"
    )
    read = [
        workplace.run(
            *("detect", phantoms, *weights, "--out", name, "--runtime", name),
            *("--no-images", "--min-score", "0.001"),
        )
        for name in ("openvino", "openvino-int8")
    ]

    assert made.returncode == 0, made.stderr
    assert [done.returncode for done in read] == [0, 0], read[1].stderr
    findings = []
    for name in ("openvino", "openvino-int8"):
        lines = (workplace.folder / name / "results.jsonl").read_text("utf-8").splitlines()
        findings.append([json.loads(line)["findings"] for line in lines])
    assert findings[0] != findings[1]  # another graph, indeed
    best = [[found[0]["score"] if found else 0.0 for found in each] for each in findings]
    # of a network that has hardly learned anything, some may move far
    assert statistics.median(abs(a - b) for a, b in zip(*best, strict=True)) < 0.1
    manifest = load_bundle(str(workplace.folder / "small")).manifest
    assert manifest.training["int8"]["val"]["auroc"] is not None
    card = (workplace.folder / "small" / "CARD.md").read_text("utf-8")
    assert "| figure on val | float32 | int8 |" in card
    assert (
        f"| confirm | {_changed(manifest)} of {manifest.training['splits']['val']['images']} |"
        in card
    )

    again = workplace.run("export", "--data", phantoms, "--weights", "small", "--out", "plain")
    assert again.returncode == 0, again.stderr
    assert "--int8 makes one of the new graph" in again.stderr
    assert "int8" not in load_bundle(str(workplace.folder / "plain")).manifest.training
    assert "8 bits" not in (workplace.folder / "plain" / "CARD.md").read_text("utf-8")
    assert not workplace.network_attempts.exists()


def test_a_bundle_without_a_graph_in_8_bits_says_how_to_make_one(
    finished: Any, phantoms: Path, tmp_path: Path, new_workplace: Any
) -> None:
    workplace = new_workplace(tmp_path / "work")

    done = workplace.run(
        "detect", phantoms, "--weights", finished.bundle, "--runtime", "openvino-int8"
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {finished.bundle}: has no model.int8.xml")
    assert "export --int8" in done.stderr
    assert done.stderr.count("\n") == 1
