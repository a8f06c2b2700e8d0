"""What the README and the card say of the default bundle is what its manifest holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from detect import DEFAULT_BUNDLE
from detect.model.bundle import load_bundle

ROOT = Path(__file__).resolve().parents[2]
FIGURES = {  # words of the README's table → keys of the manifest
    "verdict: AUROC": ("auroc",),
    "verdict: sensitivity at specificity 0.90": ("sensitivity_at_specificity_0.90",),
    "verdict: calibration error (ECE, 10 bins)": ("ece",),
    "boxes: mAP50 over all images": ("map50",),
    "boxes: mAP50-95 over all images": ("map50_95",),
    "fractures found at 0.1 / 0.5 / 1 false positives per image (IoU ≥ 0.3)": (
        *("froc_0.1", "froc_0.5", "froc_1.0"),
    ),
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return load_bundle(DEFAULT_BUNDLE).manifest.model_dump(mode="json")


@pytest.mark.parametrize("words", FIGURES)
def test_the_readme_gives_the_figures_of_the_manifest(words: str, manifest: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith(f"| {words} |")]
    cell = re.sub(r"\[.*?\]", "", row.split("|")[2])

    told = re.findall(r"\d\.\d+", cell)

    assert told == [f"{manifest['metrics']['test'][name]:.3f}" for name in FIGURES[words]]


def test_the_card_is_of_this_bundle_and_names_what_splits_share(manifest: dict[str, Any]) -> None:
    card = (ROOT / "weights" / DEFAULT_BUNDLE / "CARD.md").read_text(encoding="utf-8")

    assert card.startswith(f"# {manifest['name']} {manifest['version']}\n")
    (near,) = [c for c in manifest["training"]["checks"] if c["kind"] == "near_duplicate_leak"]
    assert near["line"] in card
    for stage in (manifest["training"], manifest["training"]["continues"]["training"]):
        assert stage["command"] in card
