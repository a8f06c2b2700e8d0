"""The further recipes in `configs/` train, from the command line to a bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
# Sizes alone: that the rest is as it was written is what is tested.
TINY: dict[str, dict[str, Any]] = {
    "": {"epochs": 1, "batch": 4, "precision": "fp32"},
    "model": {"image_size": 96},
    "augment": {"view_size": 64},
    "verdict": {"frozen_epochs": 1},
}


@pytest.mark.parametrize(
    ("recipe", "start"),
    [("train_accurate.yaml", "yolo26s"), ("train_cpu.yaml", "yolo26n")],
)
def test_a_recipe_trains(
    workplace: Any,
    phantoms: Path,
    random_weights: Callable[[str], Path],
    tmp_path: Path,
    recipe: str,
    start: str,
) -> None:
    plain = yaml.safe_load((CONFIGS / recipe).read_text(encoding="utf-8"))
    for section, changes in TINY.items():
        (plain.setdefault(section, {}) if section else plain).update(changes)
    (tmp_path / recipe).write_text(yaml.safe_dump(plain), encoding="utf-8")

    where = ("--data", phantoms, "--config", tmp_path / recipe, "--out", "weights/tiny")
    workplace.train(*where, "--init", random_weights(start))

    bundle = workplace.folder / "weights" / "tiny"
    manifest = yaml.safe_load((bundle / "manifest.yaml").read_text(encoding="utf-8"))
    trained = manifest["training"]["recipe"]
    for section, changes in plain.items():
        if isinstance(changes, dict):
            assert trained[section] == trained[section] | changes
        else:
            assert trained[section] == changes
    done = workplace.run("detect", phantoms / "images", "--weights", bundle, "--out", "results")
    assert done.returncode == 0, done.stderr
