"""`python cli.py train` from images to a bundle that `detect` takes."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

import cli
from detect.cores import cores_allowed

pytestmark = pytest.mark.slow


def _manifest(bundle: Path) -> dict[str, Any]:
    plain: dict[str, Any] = yaml.safe_load((bundle / "manifest.yaml").read_text(encoding="utf-8"))
    return plain


def _first_box_loss(run: Path) -> float:
    text = (run / "fine-tune" / "results.csv").read_text(encoding="utf-8")
    return float(next(csv.DictReader(text.splitlines()))["train/box_loss"])


def _figures(path: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return plain["subsets"]["all"]


def test_the_bundle_is_whole_and_its_hashes_are_those_of_its_files(finished: Any) -> None:
    manifest = _manifest(finished.bundle)

    names = {path.name for path in finished.bundle.iterdir()}
    assert names == {"manifest.yaml", "model.onnx", "model.pt", "attributes.json", "CARD.md"}
    assert manifest["files"] == {
        name: hashlib.sha256((finished.bundle / name).read_bytes()).hexdigest()
        for name in names - {"manifest.yaml"}
    }
    assert manifest["name"] == "tiny"
    assert manifest["classes"] == ["fracture"]
    assert manifest["input"]["size"] == 96


def test_the_manifest_counts_every_image_of_the_data(finished: Any, phantoms: Path) -> None:
    with (phantoms / "table.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))

    expected = {
        split: {
            "images": sum(row["split"] == split for row in rows),
            "fractured": sum(row["split"] == split and row["fractured"] == "yes" for row in rows),
            "not_fractured": sum(
                row["split"] == split and row["fractured"] == "no" for row in rows
            ),
            "boxed": sum(row["split"] == split for row in rows),
        }
        for split in ("train", "val", "test")
    }
    assert _manifest(finished.bundle)["training"]["splits"] == expected


def test_detect_reads_images_with_the_new_bundle(
    finished: Any, workplace: Any, phantoms: Path
) -> None:
    done = workplace.run(
        "detect", phantoms / "images", "--weights", finished.bundle, "--out", "results"
    )

    assert done.returncode == 0, done.stderr
    lines = (workplace.folder / "results" / "results.jsonl").read_text(encoding="utf-8")
    records = [json.loads(line) for line in lines.splitlines()]
    assert len(records) == 24
    assert {record["kind"] for record in records} == {"reading"}
    sha256 = hashlib.sha256((finished.bundle / "manifest.yaml").read_bytes()).hexdigest()
    assert {record["model"]["sha256"] for record in records} == {sha256}


def test_curve_and_metrics_lie_in_the_run_folder(finished: Any) -> None:
    with (finished.run / "fine-tune" / "results.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))

    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert all(float(row["train/verdict_loss"]) > 0 for row in rows)
    with Image.open(finished.run / "learning_curve.png") as picture:
        picture.load()
        assert picture.width > 800
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 100  # curves, not a blank
    for split in ("val", "test"):
        metrics = json.loads((finished.run / "evaluation" / split / "metrics.json").read_bytes())
        assert metrics["data"]["n_failed"] == 0


def test_manifest_and_card_tell_the_measured_figures(finished: Any) -> None:
    card = (finished.bundle / "CARD.md").read_text(encoding="utf-8")
    manifest = _manifest(finished.bundle)

    for split in ("val", "test"):
        figures = _figures(finished.run / "evaluation" / split / "metrics.json")
        auroc = figures["verdict"]["auroc"]["value"]
        assert manifest["metrics"][split]["auroc"] == auroc
        assert manifest["metrics"][split]["map50"] == figures["boxes"]["map50"]["value"]
        row = next(line for line in card.splitlines() if line.startswith("| AUROC, interval by D"))
        cell = row.split("|")[2 if split == "val" else 3]
        assert cell.strip().startswith(f"{auroc:.3f}")
    assert "--epochs" not in manifest["training"]["command"]
    assert manifest["training"]["command"] in card
    assert "synthetic" in card
    assert "say nothing of how it reads patients" in card
    assert "FracAtlas" not in card
    assert "373×454" not in card  # a fact of FracAtlas, not of this data


def test_the_better_verdict_head_is_kept_and_the_card_says_so(finished: Any) -> None:
    verdict = json.loads((finished.run / "verdict.json").read_bytes())["verdict_head"]
    card = (finished.bundle / "CARD.md").read_text(encoding="utf-8")

    joint, frozen = verdict["joint_auroc"], verdict["frozen_auroc"]
    assert verdict["kept"] == ("joint" if joint >= frozen else "frozen")
    assert f"joint {joint:.4f}, on the frozen trunk {frozen:.4f}" in card
    assert f"kept: {verdict['kept']}" in card
    assert _manifest(finished.bundle)["training"]["verdict_head"] == verdict


def test_nothing_but_run_and_bundle_is_written_and_nobody_is_called(finished: Any) -> None:
    made = {path.name for path in finished.workplace.folder.iterdir()}

    assert made == {"home", "site", "runs", "weights"}
    assert list(finished.workplace.home.rglob("*")) == []
    assert {path.name for path in (finished.workplace.folder / "weights").iterdir()} == {"tiny"}


def test_the_bundle_says_nothing_of_the_machine(finished: Any, phantoms: Path) -> None:
    typed = _manifest(finished.bundle)["training"]["command"].encode()
    places = {finished.workplace.folder, phantoms, Path(cli.__file__).parent, Path(sys.prefix)}

    for path in finished.bundle.iterdir():
        content = path.read_bytes()
        if path.suffix in (".md", ".yaml"):  # the command is quoted as it was typed
            content = b" ".join(content.split()).replace(typed, b"")
        assert not [place for place in places if str(place).encode() in content], path


def test_the_same_seed_gives_the_same_weights(
    finished: Any, new_workplace: Any, tmp_path: Path
) -> None:
    import torch

    again = new_workplace(tmp_path / "again")
    again.train(*finished.arguments)
    bundle = again.folder / "weights" / "tiny"

    first, second = (
        torch.load(folder / "model.pt", weights_only=False)["model"].state_dict()
        for folder in (finished.bundle, bundle)
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    one, other = _manifest(finished.bundle), _manifest(bundle)
    assert one["files"]["model.onnx"] == other["files"]["model.onnx"]
    for key in ("calibration", "operating_points", "box_thresholds", "metrics"):
        assert one[key] == other[key]


def test_the_weights_of_the_box_losses_reach_the_training(
    finished: Any,
    workplace: Any,
    phantoms: Path,
    write_recipe: Any,
    random_weights: Any,
    tmp_path: Path,
) -> None:
    import torch

    losses = {"box": 0.75, "cls": 0.5, "one2many": [1, 1]}
    recipe = write_recipe(tmp_path / "many.yaml", epochs=1, losses=losses)
    workplace.train(
        *("--data", phantoms, "--config", recipe, "--init", random_weights("yolo26n")),
        *("--out", "weights/many"),
    )

    run = workplace.folder / "runs" / "many"
    of_a_tenth, usual = (_first_box_loss(folder) for folder in (run, finished.run))
    assert of_a_tenth / usual == pytest.approx(0.1, rel=0.25)
    first = torch.load(random_weights("yolo26n"), weights_only=False)["model"].model[-1]
    last = torch.load(run / "fine-tune" / "weights" / "last.pt", weights_only=False)["ema"]
    for name, kept in (("one2one_cv2", True), ("cv2", False)):
        was, became = (getattr(head, name)[0][-1].bias for head in (first, last.model[-1]))
        assert torch.equal(was.half(), became.half()) == kept


def test_training_takes_as_many_threads_as_told(finished: Any) -> None:
    assert finished.workplace.omp_num_threads == "1"
    assert int(finished.workplace.threads.read_text()) == 1
    assert _manifest(finished.bundle)["training"]["cores"] == 1


@pytest.mark.skipif(cores_allowed() < 2, reason="one core is all that there is")
def test_training_takes_every_core_unless_told(
    workplace: Any, phantoms: Path, write_recipe: Any, random_weights: Any, tmp_path: Path
) -> None:
    # ultralytics' import writes OMP_NUM_THREADS=1, which is not what the user asked for
    replace(workplace, omp_num_threads="").train(
        *("--data", phantoms, "--config", write_recipe(tmp_path / "one.yaml", epochs=1)),
        *("--init", random_weights("yolo26n"), "--out", "weights/one"),
    )
    assert int(workplace.threads.read_text()) == cores_allowed()
    training = _manifest(workplace.folder / "weights" / "one")["training"]
    assert training["cores"] == cores_allowed()


def test_training_goes_on_from_a_bundle_on_data_without_a_test_split(
    finished: Any, workplace: Any, write_recipe: Any, tmp_path: Path
) -> None:
    from detect.data.phantom import write_phantoms

    train = write_phantoms(tmp_path / "mine", 12, seed=1, size=(160, 128), split="train")
    val = write_phantoms(tmp_path / "held", 6, seed=2, size=(160, 128), split="val")
    recipe = write_recipe(tmp_path / "one.yaml", epochs=1, batch=8, init_share=0.5)

    workplace.train(
        *("--data", train.parent, "--data", val.parent, "--config", recipe),
        *("--init", finished.bundle / "model.pt", "--out", "weights/mine"),
    )

    bundle = workplace.folder / "weights" / "mine"
    card = (bundle / "CARD.md").read_text(encoding="utf-8")
    assert _manifest(bundle)["training"]["init"] == "model.pt"
    first = _manifest(finished.bundle)["training"]
    continues = _manifest(bundle)["training"]["continues"]
    assert continues["name"] == "tiny"
    kept = {key: first[key] for key in ("command", "recipe", "seconds", "data")}
    assert continues["training"].items() >= kept.items()
    rebuild = card.split("Rebuild it in this order")[1]
    assert rebuild.index(first["command"]) < rebuild.index("--out weights/mine")
    data = _manifest(bundle)["training"]["data"]
    assert [entry["images"] for entry in data] == [{"train": 12}, {"val": 6}]
    assert _manifest(bundle)["metrics"].keys() == {"val"}
    assert "| figure | val |" in card
    assert "there is no test split" in card

    exported = workplace.run(
        *("export", "--data", train.parent, "--data", val.parent, "--weights", bundle),
        *("--out", "again", "--workers", "1"),
    )
    assert exported.returncode == 0, exported.stderr
    assert _manifest(workplace.folder / "again")["training"]["continues"] == continues
    assert not workplace.network_attempts.exists()


def test_yes_no_folders_and_a_single_headed_network_train_beside_boxes(
    workplace: Any,
    write_recipe: Any,
    phantoms: Path,
    random_weights: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    from detect.data.phantom import render_phantom
    from detect.data.phantom.writer import write_image

    for split, count in (("train", 3), ("val", 1)):
        for index in range(count):
            for name, fractured in (("fractured", True), ("not_fractured", False)):
                path = tmp_path / "folders" / split / name / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                seed = 1000 + 10 * index + 100 * fractured + 1000 * (split == "val")
                write_image(path, render_phantom(seed, fractured=fractured, size=(160, 128)))

    workplace.train(
        *("--data", phantoms, "--data", tmp_path / "folders"),
        *("--config", write_recipe(tmp_path / "one.yaml", epochs=1, batch=8)),
        *("--init", random_weights("yolo11n"), "--out", "weights/mixed"),
    )

    training = _manifest(workplace.folder / "weights" / "mixed")["training"]
    train, val = training["splits"]["train"], training["splits"]["val"]
    assert train["images"] - train["boxed"] == 3  # fractured, but nobody drew where
    assert val["images"] - val["boxed"] == 1
    assert training["detection_heads"]["map50"].keys() == {"one2many"}
    assert not workplace.network_attempts.exists()
