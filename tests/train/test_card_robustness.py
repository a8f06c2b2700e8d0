"""The card's section on altered images, from a file that is of this very bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from detect.errors import InputError
from detect.evaluate.robustness.measure import FIGURES
from detect.model.bundle import load_bundle
from detect.train.refresh import refresh_card

Measured = Callable[..., dict[str, Any]]


@pytest.fixture
def bundle(make_bundle: Callable[..., Path]) -> Path:
    """A bundle whose training had 20 fractured images and 20 others in val alone."""
    folder = make_bundle("mine")
    path = folder / "manifest.yaml"
    manifest = yaml.safe_load(path.read_bytes())
    counts = {"images": 40, "fractured": 20, "not_fractured": 20, "boxed": 40}
    manifest["training"]["splits"] = {"val": counts}
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def val(bundle: Path, measured: Measured, tmp_path: Path) -> Path:
    metrics = measured(3, split="val")
    metrics["model"]["sha256"] = load_bundle(str(bundle)).sha256
    (tmp_path / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return tmp_path / "metrics.json"


@pytest.fixture
def found(bundle: Path) -> dict[str, Any]:
    """Figures on clean and on inverted images."""

    def estimate(value: float, low: float, high: float, **more: Any) -> dict[str, Any]:
        return {"value": value, "interval": [low, high], "method": "", "reason": None, **more}

    def row(name: str, value: float, differences: Any, warned: int) -> dict[str, Any]:
        counts = {"n": 40, "n_fractured": 20, "n_failed": 0, "n_cut": 0, "n_warned": warned}
        figures = {figure: estimate(value, 0.1, 0.9) for figure in FIGURES}
        strength = "as | it is"
        return {"name": name, "strength": strength, **counts, "figures": figures,
                "differences": differences}  # fmt: skip

    less = {name: estimate(-0.2, -0.3, -0.1, p_value=0.01, test="") for name in FIGURES}
    less["auroc"] = estimate(-0.2, -0.5, 0.1, p_value=0.3, test="")
    return {
        "schema_version": "1.0",
        "kind": "robustness",
        "model": {"name": "mine", "version": "1", "sha256": load_bundle(str(bundle)).sha256},
        "settings": {
            "operating_point": "balanced",
            "threshold": 0.25,
            "specificity": 0.9,
            "ece_bins": 10,
            "false_positives_per_image": 0.5,
            "froc_iou": 0.3,
            "n_resamples": 1000,
            "seed": 0,
            "confidence_level": 0.95,
        },
        "data": {"split": "val", "n": 40, "grouped_by": "group", "caution": None},
        "conditions": [row("clean", 0.75, None, 0), row("inverted", 0.55, less, 39)],
    }


def save(found: Any, folder: Path) -> Path:
    folder.mkdir()
    (folder / "robustness.json").write_text(json.dumps(found), encoding="utf-8")
    return folder


def test_the_card_shows_the_table(
    bundle: Path, val: Path, found: dict[str, Any], tmp_path: Path
) -> None:
    refresh_card(str(bundle), val, None, robustness=save(found, tmp_path / "r"))
    card = (bundle / "CARD.md").read_text("utf-8")
    section = card.split("### Altered images of val\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert rows[0].startswith("| condition | strength | images | AUROC | sens@spec 0.9 |")
    assert rows[2].startswith("| clean | as \\| it is | 40 | 0.750 | 0.750 |")
    assert rows[3].startswith("| inverted | as \\| it is | 40 | 0.550 -0.200 | 0.550 -0.200* |")
    assert rows[3].endswith("| 39 |")
    assert "0.250" in section
    # the bundle has another sha256 now, yet it is the one that was measured
    refresh_card(str(bundle), val, None, robustness=tmp_path / "r" / "robustness.json")
    assert "### Altered images" in (bundle / "CARD.md").read_text("utf-8")
    refresh_card(str(bundle), val, None)
    assert "### Altered images" not in (bundle / "CARD.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda found: found["model"].update(sha256="f" * 64), "another bundle"),
        (
            lambda found: found.update(system={"runtime": "tensorrt", "precision": "float16"}),
            "was computed in float16, unlike",
        ),
        (lambda found: found.update(kind="evaluation"), "holds no figures of robustness"),
        (lambda found: found.update(schema_version="2.0"), "schema '2.0'"),
        (lambda found: found.pop("conditions"), "not whole"),
        (lambda found: found["conditions"][1]["figures"].pop("ece"), "lacks some figures"),
    ],
)
def test_other_files_are_refused_in_a_line(
    bundle: Path,
    val: Path,
    found: dict[str, Any],
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    words: str,
) -> None:
    change(found)
    before = (bundle / "CARD.md").read_bytes()
    with pytest.raises(InputError, match=words) as caught:
        refresh_card(str(bundle), val, None, robustness=save(found, tmp_path / "r"))
    assert "--robustness" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (bundle / "CARD.md").read_bytes() == before
    with pytest.raises(InputError, match="cannot be read"):
        refresh_card(str(bundle), val, None, robustness=tmp_path / "nowhere.json")
