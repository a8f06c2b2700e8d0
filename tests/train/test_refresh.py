"""A bundle's card written anew: the right evaluations only, and a bundle that still holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cli import app
from detect.errors import BundleError, ConfigError, FractureLocatorError, InputError, OutputError
from detect.model.bundle import file_sha256, load_bundle
from detect.train import pack
from detect.train.refresh import refresh_card

Measured = Callable[..., dict[str, Any]]
Save = Callable[..., Path]


@pytest.fixture
def bundle(make_bundle: Callable[..., Path]) -> Path:
    """A bundle whose training had 20 fractured images and 20 others in val and in test."""
    folder = make_bundle("mine", screening=0.2, balanced=0.4321, confirm=0.6)
    path = folder / "manifest.yaml"
    manifest = yaml.safe_load(path.read_bytes())
    for split in ("val", "test"):
        counts = {"images": 40, "fractured": 20, "not_fractured": 20, "boxed": 40}
        manifest["training"]["splits"][split] = counts
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def save(bundle: Path, measured: Measured, tmp_path: Path) -> Save:
    """Write the metrics of a split, measured with the bundle as it is now; return the folder."""

    def write(split: str, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
        metrics = measured(3 if split == "val" else 4, split=split)
        metrics["model"]["sha256"] = load_bundle(str(bundle)).sha256
        if change is not None:
            change(metrics)
        folder = tmp_path / f"of {split}"
        folder.mkdir(exist_ok=True)
        (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
        return folder

    return write


def test_the_card_changes_and_the_bundle_still_holds(bundle: Path, save: Save) -> None:
    before = load_bundle(str(bundle))
    (bundle / "notes.txt").write_text("mine", encoding="utf-8")
    val, test = save("val"), save("test")

    after = refresh_card(str(bundle), val, test / "metrics.json")

    assert after.sha256 != before.sha256
    assert load_bundle(str(bundle)).sha256 == after.sha256
    manifest = yaml.safe_load((bundle / "manifest.yaml").read_bytes())
    assert manifest["files"]["CARD.md"] == file_sha256(bundle / "CARD.md")
    assert manifest["files"]["model.onnx"] == before.manifest.files["model.onnx"]
    metrics = json.loads((test / "metrics.json").read_bytes())["subsets"]["all"]
    assert manifest["metrics"]["test"]["auroc"] == metrics["verdict"]["auroc"]["value"]
    kept = before.manifest.model_dump(mode="json", exclude={"files", "metrics"})
    assert after.manifest.model_dump(mode="json", exclude={"files", "metrics"}) == kept
    card = (bundle / "CARD.md").read_text("utf-8")
    assert f"{metrics['boxes']['map50']['value']:.3f}" in card
    assert card.startswith(f"# {before.manifest.name} {before.manifest.version}\n")
    assert (bundle / "notes.txt").read_text("utf-8") == "mine"
    assert [path.name for path in bundle.parent.iterdir() if path.name.startswith(".")] == []


def test_evaluations_say_by_which_runtime_or_are_older(bundle: Path, save: Save) -> None:
    def computed_by(runtime: str | None, precision: str | None) -> Any:
        system = {"kind": "results", "runtime": runtime, "precision": precision}
        return lambda metrics: metrics.update(system=system)

    for stated in (("cuda", "float32"), (None, None)):  # null: no run.yaml beside the results
        refresh_card(str(bundle), save("val"), save("test", computed_by(*stated)))


def test_the_same_evaluations_fill_it_again(bundle: Path, save: Save) -> None:
    val, test = save("val"), save("test")
    first = refresh_card(str(bundle), val, test)
    again = refresh_card(str(bundle), val, test)
    assert again.sha256 == first.sha256


def test_the_trainings_before_stay_in_the_manifest(bundle: Path, save: Save) -> None:
    path = bundle / "manifest.yaml"
    manifest = yaml.safe_load(path.read_bytes())
    earlier = {"name": "first", "version": "0.1.0", "sha256": "c" * 64, "training": {}}
    manifest["training"]["continues"] = earlier
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")

    after = refresh_card(str(bundle), save("val"), save("test"))

    assert after.manifest.training["continues"] == earlier
    assert "Stage 1, which gave first 0.1.0" in (bundle / "CARD.md").read_text("utf-8")


def test_an_evaluation_of_schema_1_2_still_fills_it(bundle: Path, save: Save) -> None:
    val, test = save("val"), save("test")
    file = test / "metrics.json"
    metrics = json.loads(file.read_bytes())
    metrics["schema_version"] = "1.2"
    for point in metrics["subsets"]["all"]["verdict"]["operating_points"].values():
        point["f1"] |= {"interval": None, "method": None}  # as it was there
    file.write_text(json.dumps(metrics), "utf-8")
    refresh_card(str(bundle), val, test)
    value = metrics["subsets"]["all"]["verdict"]["operating_points"]["screening"]["f1"]["value"]
    assert f"| {value:.3f} |" in (bundle / "CARD.md").read_text("utf-8")


def test_ablations_go_into_the_card_and_stay_there(
    bundle: Path, save: Save, tmp_path: Path
) -> None:
    table = tmp_path / "table.yaml"
    row = {"what": "more pixels", "figures": {"mAP50": 0.123}, "seeds": 1, "time": "36 s"}
    table.write_text(yaml.safe_dump({"about": "On val.", "rows": [row]}), encoding="utf-8")
    val, test = save("val"), save("test")
    options = ["--weights", str(bundle), "--val", str(val), "--test", str(test)]
    with_table = [*options, "--ablations", str(table)]
    assert CliRunner().invoke(app, ["card", *with_table], catch_exceptions=False).exit_code == 0
    card = (bundle / "CARD.md").read_text("utf-8")
    assert "| more pixels | 0.123 | 1 | 36 s |" in card
    refresh_card(str(bundle), val, test)
    assert (bundle / "CARD.md").read_text("utf-8") == card

    table.write_text("rows: []", encoding="utf-8")
    before = load_bundle(str(bundle))
    with pytest.raises(ConfigError, match=r"table\.yaml: about: Field required; rows:"):
        refresh_card(str(bundle), val, test, table)
    assert load_bundle(str(bundle)) == before


def _another_model(metrics: dict[str, Any]) -> None:
    metrics["model"]["sha256"] = "f" * 64


def _other_images(metrics: dict[str, Any]) -> None:
    metrics["subsets"]["all"]["verdict"]["n_fractured"] = 19


def _other_settings(metrics: dict[str, Any]) -> None:
    metrics["settings"]["froc_iou"] = 0.5


def _other_split(metrics: dict[str, Any]) -> None:
    metrics["data"]["split"] = "train"


def _older(metrics: dict[str, Any]) -> None:
    metrics["schema_version"] = "1.1"


def _newer(metrics: dict[str, Any]) -> None:
    metrics["schema_version"] = "2.0"


def _no_evaluation(metrics: dict[str, Any]) -> None:
    metrics["kind"] = "results"


def _mirrored(metrics: dict[str, Any]) -> None:
    metrics["system"] = {"kind": "bundle", "mirror": True}


def _rid_of_copies(metrics: dict[str, Any]) -> None:
    metrics["data"]["without_copies"] = {"n": 2}


def _in_8_bits(metrics: dict[str, Any]) -> None:
    metrics["system"] = {"kind": "bundle", "runtime": "openvino-int8", "precision": "int8"}


def _cut(metrics: dict[str, Any]) -> None:
    del metrics["subsets"]["all"]["boxes"]["by_size"]


def _anonymous(metrics: dict[str, Any]) -> None:
    del metrics["model"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_another_model, "measured with another bundle than"),
        (_other_images, "has 19 fractured images and 20 others, but the test split .* 20 and 20"),
        (_other_settings, "measured with different froc_iou"),
        (_other_split, "was measured on train, not on test"),
        (_older, "has schema '1.1', not 1.6"),
        (_newer, "has schema '2.0', not 1.6"),
        (_no_evaluation, "is no evaluation"),
        (_mirrored, "was measured with --mirror, unlike the bundle's thresholds"),
        (_rid_of_copies, "was measured with --without-copies, not on the whole split; .* without"),
        (_in_8_bits, "was computed in int8, unlike the bundle's thresholds; .*--runtime openvino$"),
        (_cut, "'by_size' is neither in its manifest nor in the metrics"),
        (_anonymous, "does not say what was measured on what"),
    ],
)
def test_what_is_not_of_this_bundle_is_refused_and_nothing_changes(
    bundle: Path, save: Save, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    before = load_bundle(str(bundle))
    with pytest.raises(FractureLocatorError, match=says):
        refresh_card(str(bundle), save("val"), save("test", change))
    assert load_bundle(str(bundle)) == before


def test_a_split_of_the_training_must_be_given(bundle: Path, save: Save) -> None:
    with pytest.raises(InputError, match="--test: needed"):
        refresh_card(str(bundle), save("val"), None)


def test_files_that_are_none_are_named(bundle: Path, save: Save, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--val .*nowhere: cannot be read"):
        refresh_card(str(bundle), tmp_path / "nowhere", save("test"))
    broken = tmp_path / "broken.json"
    for text in ("{", "[" * 100_000, "[]", '{"kind": "evaluation"}'):
        broken.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"--val .*broken\.json"):
            refresh_card(str(bundle), broken, save("test"))


def test_a_bundle_that_was_not_trained_has_no_card_to_fill(bundle: Path, save: Save) -> None:
    path = bundle / "manifest.yaml"
    manifest = yaml.safe_load(path.read_bytes())
    manifest["training"] = {}
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    with pytest.raises(BundleError, match="tells no splits"):
        refresh_card(str(bundle), save("val"), save("test"))


def test_a_full_disk_leaves_the_old_bundle(
    bundle: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_bundle(str(bundle))
    val, test = save("val"), save("test")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pack, "_swap", full)
    with pytest.raises(
        OutputError, match=r"No space left on device; free some space and run again$"
    ):
        refresh_card(str(bundle), val, test)
    assert load_bundle(str(bundle)) == before


def test_the_command_says_where_the_card_is(bundle: Path, save: Save) -> None:
    options = ["--weights", str(bundle), "--val", str(save("val")), "--test", str(save("test"))]
    done = CliRunner().invoke(app, ["card", *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert "CARD.md" in done.output
    assert load_bundle(str(bundle)).sha256 in done.output.replace("\n", "")
