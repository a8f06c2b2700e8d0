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
            "froc": {"iou": {"all": {"points": points}}},
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
            "data": [
                {
                    "name": "set",
                    "licence": None,
                    "origin": "our clinic",
                    "images": {"train": 90, "val": 20},
                }
            ],
            "splits": {
                "train": {"images": 90, "fractured": 30, "not_fractured": 60, "boxed": 77},
                "val": {"images": 20, "fractured": 10, "not_fractured": 10, "boxed": 20},
            },
            "checks": [],
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
    assert "set: licence not stated; origin our clinic; images: 90 train, 20 val." in card
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


def _add(manifest: dict[str, Any], origin: str, **images: int) -> None:
    training = manifest["training"]
    training["data"].append({"name": "more", "licence": None, "origin": origin, "images": images})
    for split, count in images.items():
        training["splits"][split]["images"] += count


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ({"train": 30}, "30 of 120 images of train; none is among those that figures are of"),
        (
            {"train": 30, "val": 5},
            "30 of 120 images of train, 5 of 25 images of val; so the figures on val say less",
        ),
    ],
)
def test_some_synthetic_images_do_not_make_all_synthetic(
    manifest: dict[str, Any], images: dict[str, int], says: str
) -> None:
    manifest["training"]["data"][0]["origin"] = "FracAtlas, doi"
    _add(manifest, "synthetic radiographs", **images)

    card = write_card(manifest, _metrics(0.0), None)

    assert says in card
    assert "say nothing of how it reads patients" not in card
    assert "FracAtlas is one source" in card
    assert "more: licence not stated; origin synthetic radiographs; images: 30 train" in card


def test_what_the_check_found_is_told(manifest: dict[str, Any]) -> None:
    assert "## What the check found\n\nNothing: " in write_card(manifest, _metrics(0.0), None)
    manifest["training"]["checks"] = [
        {"kind": "unreadable", "line": "2 files truncated", "leak": False},
        {"kind": "tied_groups", "line": "1 image: copies tie groups", "leak": False},
    ]

    card = write_card(manifest, _metrics(0.0), _metrics(0.01))

    assert (
        "## What the check found\n\n- 2 files truncated\n- 1 image: copies tie groups\n\n" in card
    )
    assert "test (seen by nothing before)" in card
    assert "Leak" not in card


def test_an_allowed_leak_leads_the_limits_and_no_figure_is_called_unseen(
    manifest: dict[str, Any],
) -> None:
    manifest["training"]["checks"] = [
        {"kind": "unreadable", "line": "2 files truncated", "leak": False},
        {"kind": "group_leak", "line": "group p1 is in train and test", "leak": True},
    ]

    card = write_card(manifest, _metrics(0.0), _metrics(0.01))

    limits = card.split("## Intended use and limits\n\n")[1]
    assert limits.startswith("- **Leak** (`--allow-leakage`): group p1 is in train and test.")
    assert "- **Leak:** group p1 is in train and test\n" in card
    assert "test (not held out: leaks, see above)" in card
    assert "seen by nothing before" not in card
    assert "it never saw" not in card.replace("no figure is one that it never saw", "")
