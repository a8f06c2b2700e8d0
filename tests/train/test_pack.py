"""Checkpoints that ultralytics opens, manifests that hold, and a bundle that appears whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from detect.errors import OutputError
from detect.model.bundle import load_bundle
from detect.train.finetune import load_network
from detect.train.pack import place_bundle, save_checkpoint, write_manifest

RATES = {"sensitivity": 0.9, "specificity": 0.8}
MANIFEST: dict[str, Any] = {
    "schema_version": 1,
    "name": "tiny",
    "version": "1.0",
    "classes": ["fracture"],
    "input": {"size": 96, "pad_value": 114},
    "calibration": {"intercept": 0.1, "image_weight": 1.0, "box_weight": 0.5},
    "operating_points": {
        name: {"threshold": 0.5, "rule": "Youden", **RATES}
        for name in ("screening", "balanced", "confirm")
    },
    "default_operating_point": "balanced",
    "box_thresholds": {
        name: {"score": 0.5, "false_positives_per_image": 0.1, "sensitivity": 0.5}
        for name in ("definite", "suspicious")
    },
    "training": {},
    "metrics": {},
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "bundle"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"a graph")
    (folder / "CARD.md").write_text("a card", encoding="utf-8")
    return folder


def test_a_checkpoint_comes_back_with_its_weights_at_half_precision(
    make_network: Callable[..., Any], tmp_path: Path
) -> None:
    import torch

    network = make_network()
    path = tmp_path / "model.pt"

    save_checkpoint(network, {0: "fracture"}, path)
    loaded = load_network(path)

    before, after = network.state_dict(), loaded.state_dict()
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert value.dtype == after[name].dtype
        rounded = value.half().float() if value.is_floating_point() else value
        assert torch.equal(after[name], rounded.to(value.dtype)), name
    assert loaded.names == {0: "fracture"}
    assert loaded.verdict.pooling == network.verdict.pooling
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_a_checkpoint_says_nothing_of_where_it_was_made(
    make_network: Callable[..., Any], tmp_path: Path
) -> None:
    network = make_network()
    network.args = {"project": "/home/jane.doe/secret", "task": "detect"}
    network.pt_path = "/home/jane.doe/secret/last.pt"

    save_checkpoint(network, {0: "fracture"}, tmp_path / "model.pt")

    content = (tmp_path / "model.pt").read_bytes()
    assert b"jane.doe" not in content
    assert str(tmp_path).encode() not in content
    assert network.pt_path == "/home/jane.doe/secret/last.pt"  # the network itself is not touched


def test_the_manifest_pins_every_file(bundle: Path) -> None:
    write_manifest(bundle, MANIFEST)

    loaded = load_bundle(str(bundle))
    assert loaded.manifest.files == {
        name: hashlib.sha256((bundle / name).read_bytes()).hexdigest()
        for name in ("model.onnx", "CARD.md")
    }
    (bundle / "model.pt").write_bytes(b"weights")
    write_manifest(bundle, MANIFEST)
    plain = yaml.safe_load((bundle / "manifest.yaml").read_text(encoding="utf-8"))
    assert plain["files"].keys() == {"model.onnx", "CARD.md", "model.pt"}


def test_a_manifest_that_would_not_load_is_not_written(bundle: Path) -> None:
    with pytest.raises(ValidationError):
        write_manifest(bundle, MANIFEST | {"calibration": {"intercept": float("nan")}})

    assert not (bundle / "manifest.yaml").exists()


def test_a_bundle_takes_the_place_of_the_old_one(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "weights" / "tiny"
    write_manifest(bundle, MANIFEST)
    place_bundle(bundle, out)
    (out / "model.pt").write_bytes(b"of an earlier bundle")
    for name in ("tiny.old", "tiny.partial"):  # the user's own
        (out.parent / name).mkdir()
        (out.parent / name / "CARD.md").touch()

    write_manifest(bundle, MANIFEST | {"version": "2.0"})
    place_bundle(bundle, out)

    assert load_bundle(str(out)).manifest.version == "2.0"
    assert sorted(path.name for path in out.iterdir()) == ["CARD.md", "manifest.yaml", "model.onnx"]
    assert {path.name for path in out.parent.iterdir()} == {"tiny", "tiny.old", "tiny.partial"}
    assert (out.parent / "tiny.old" / "CARD.md").exists()
    assert (out.parent / "tiny.partial" / "CARD.md").exists()
    assert load_bundle(str(bundle))  # the run keeps its own


def test_the_old_bundle_stays_when_the_new_one_cannot_be_written(
    bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "weights" / "tiny"
    write_manifest(bundle, MANIFEST)
    place_bundle(bundle, out)
    (bundle / "CARD.md").unlink()
    (bundle / "CARD.md").symlink_to("gone")  # cannot be copied

    with pytest.raises(OutputError, match="run again with --resume"):
        place_bundle(bundle, out)

    assert load_bundle(str(out)).manifest.version == "1.0"
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_the_old_bundle_comes_back_when_the_new_one_cannot_move_in(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    out = tmp_path / "weights" / "tiny"
    write_manifest(bundle, MANIFEST)
    place_bundle(bundle, out)
    rename = Path.rename
    done: list[Path] = []

    def fail_once(self: Path, target: Path) -> Path:
        done.append(self)
        if len(done) == 2:  # the first moves the old one away, the third brings it back
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(OutputError if error is OSError else error):
        place_bundle(bundle, out)

    assert len(done) == 3
    assert load_bundle(str(out))
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


def test_a_link_to_a_bundle_stays_a_link(bundle: Path, tmp_path: Path) -> None:
    write_manifest(bundle, MANIFEST)
    place_bundle(bundle, tmp_path / "disk" / "tiny")
    out = tmp_path / "tiny"
    out.symlink_to(tmp_path / "disk" / "tiny")

    write_manifest(bundle, MANIFEST | {"version": "2.0"})
    place_bundle(bundle, out)

    assert out.is_symlink()
    assert load_bundle(str(out)).manifest.version == "2.0"
