"""The model card: every figure in its place, and nothing said that is not so."""

from __future__ import annotations

from typing import Any

import pytest

from detect.train.card import write_card


def _estimate(value: float | None, interval: tuple[float, float] | None = None) -> dict[str, Any]:
    if value is None:
        return {"value": None, "interval": None, "reason": "one kind alone"}
    return {"value": value, "interval": interval}


def _metrics(shift: float, hardware: int = 3) -> dict[str, Any]:
    """Return figures that are all different, moved by `shift`."""
    points = [
        {"false_positives_per_image": rate, "sensitivity": _estimate(0.3 + rate / 10 + shift)}
        for rate in (0.1, 0.5, 1)
    ]
    rates = {"sensitivity": _estimate(0.81 + shift), "specificity": _estimate(0.71 + shift)}
    subset = {
        "n": 40,
        "verdict": {
            "auroc": _estimate(0.9 + shift, (0.8, 0.95)),
            "average_precision": _estimate(0.6 + shift),
            "calibration": {
                "ece_equal_width": _estimate(0.05 + shift),
                "brier": _estimate(0.15 + shift),
            },
            "sensitivity_at_specificity": {"sensitivity": _estimate(0.7 + shift)},
            "operating_points": {"balanced": {"threshold": 0.4321, **rates}},
        },
        "boxes": {
            "map50": _estimate(0.5 + shift),
            "map50_95": _estimate(0.2 + shift),
            "froc": {"iou": {"points": points}},
        },
    }
    undefined = {
        "n": hardware,
        "verdict": {"auroc": _estimate(None)},
        "boxes": {"map50": _estimate(None)},
    }
    return {"subsets": {"all": subset, "without_hardware": undefined}}


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "name": "tiny",
        "version": "1.2.3",
        "training": {
            "command": "python cli.py train --data {mine}",
            "data": [{"name": "set", "licence": None, "origin": "our clinic"}],
            "splits": {"train": {"images": 90, "fractured": 30, "not_fractured": 60, "boxed": 77}},
            "init": "yolo26n.pt",
            "recipe": {
                "model": {"image_size": 640},
                "augment": {"view_size": 448},
                "epochs": 32,
                "batch": 16,
                "seed": 5,
            },
            "precision": "float32",
            "device": "cpu",
            "seconds": {"fine-tune": 600.0, "evaluate": 120.0},
            "verdict_head": {"kept": "frozen", "joint_auroc": None, "frozen_auroc": 0.9123},
            "detection_heads": {"kept": "one2many", "map50": {"one2one": 0.41, "one2many": 0.42}},
            "ece_on_val": {"before": 0.2, "after": 0.03},
        },
    }


def _row(card: str, start: str) -> list[str]:
    (line,) = [line for line in card.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_figures_of_val_and_test_stand_in_their_columns(manifest: dict[str, Any]) -> None:
    card = write_card(manifest, _metrics(0.0), _metrics(0.01))

    assert _row(card, "AUROC") == ["AUROC", "0.900 [0.800, 0.950]", "0.910 [0.800, 0.950]"]
    assert _row(card, "mAP50")[1:] == ["0.500", "0.510"]
    assert _row(card, "mAP50-95")[1:] == ["0.200", "0.210"]
    assert _row(card, "ECE, 10 bins")[1:] == ["0.050", "0.060"]
    assert _row(card, "sensitivity at specificity 0.90")[1:] == ["0.700", "0.710"]
    froc = "box sensitivity at 0.5 false positives per image (IoU ≥ 0.3)"
    assert _row(card, froc)[1:] == ["0.350", "0.360"]
    assert "sensitivity on test" in card
    assert _row(card, "balanced") == ["balanced", "0.432", "0.820", "0.720"]
    assert _row(card, "without hardware")[2] == "undefined: one kind alone"


def test_without_a_test_split_no_figure_claims_to_be_of_test(manifest: dict[str, Any]) -> None:
    card = write_card(manifest, _metrics(0.0), None)

    assert _row(card, "AUROC")[2] == "no test split"
    assert _row(card, "sensitivity at specificity 0.90")[2] == "no test split"
    assert "sensitivity on test" not in card
    assert "subset of test" not in card
    assert _row(card, "balanced") == ["balanced", "0.432", "0.810", "0.710"]


def test_the_recipe_and_its_choices_are_told(manifest: dict[str, Any]) -> None:
    card = write_card(manifest, _metrics(0.0), _metrics(0.01))

    assert card.startswith("# tiny 1.2.3\n")
    assert _row(card, "train") == ["train", "90", "30", "60", "77"]
    assert "joint not measured, on the frozen trunk 0.9123;\n  kept: frozen." in card
    assert "one2one 0.4100, one2many 0.4200; kept: one2many" in card
    assert "10 minutes of fine-tuning,\n  12 minutes in all" in card
    assert "--init weights/tiny/model.pt" in card
    assert "python cli.py train --data {mine}" in card
    assert "set: licence not stated; origin our clinic." in card
    assert "0.2000; after: 0.0300" in card


def test_subsets_without_an_image_are_left_out(manifest: dict[str, Any]) -> None:
    card = write_card(manifest, _metrics(0.0), _metrics(0.01, hardware=0))

    assert "without hardware |" not in card


@pytest.mark.parametrize(
    ("origin", "says", "keeps_quiet"),
    [
        ("FracAtlas, doi 10.1038/s41597-023-02432-4", "373×454", "Synthetic"),
        ("synthetic radiographs", "Synthetic pictures", "373×454"),
        (None, "Nothing is claimed beyond the data below", "373×454"),
    ],
)
def test_limits_are_those_of_the_data(
    manifest: dict[str, Any], origin: str | None, says: str, keeps_quiet: str
) -> None:
    manifest["training"]["data"][0]["origin"] = origin

    card = write_card(manifest, _metrics(0.0), None)

    assert says in card
    assert keeps_quiet not in card
