"""The model card: every figure in its place, and nothing said that is not so."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from detect.train.card import write_card

Measured = Callable[..., dict[str, Any]]


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "name": "tiny",
        "version": "1.2.3",
        "default_operating_point": "balanced",
        "files": {"model.pt": "a" * 64},
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


def _rows(card: str, section: str) -> list[dict[str, str]]:
    """Return the rows of a section's first table, by the titles of its columns."""
    text = card.split(f"### {section}\n\n")[1]
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.split("\n\n")[0].strip().split("\n")
    ]
    assert set(lines[1]) == {"---"}
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def _row(card: str, section: str, first: str) -> dict[str, str]:
    (row,) = [row for row in _rows(card, section) if next(iter(row.values())) == first]
    return row


def _cell(estimate: dict[str, Any]) -> str:
    low, high = estimate["interval"]
    return f"{estimate['value']:.3f} [{low:.3f}, {high:.3f}]"


def test_figures_of_val_and_test_stand_in_their_columns(
    manifest: dict[str, Any], measured: Measured
) -> None:
    splits = {"val": measured(1, split="val", raw=True), "test": measured(2, failed=3)}
    card = write_card(manifest, splits["val"], splits["test"])

    for split, metrics in splits.items():
        whole = metrics["subsets"]["all"]
        verdict, boxes = whole["verdict"], whole["boxes"]
        row = _row(card, "Verdict", "AUROC, interval by DeLong")
        assert row[split] == _cell(verdict["auroc"])
        row = _row(card, "Verdict", "AUROC, interval by bootstrap")
        assert row[split] == _cell(verdict["auroc_bootstrap"])
        row = _row(card, "Calibration", "Brier score")
        assert row[f"{split}, after"] == _cell(verdict["calibration"]["brier"])
        names = {"mAP50": "map50", "mAP50-95": "map50_95", "AP at IoU 0.3": "ap_iou"}
        for name, key in names.items():
            assert _row(card, "Boxes", name)[split] == _cell(boxes[key])
        froc = _rows(card, "Fractures found against false alarms (FROC)")
        points = [
            (criterion, denominator, point)
            for criterion in ("IoU ≥ 0.3", "centre inside")
            for denominator in ("all images", "images without fracture")
            for point in boxes["froc"]["iou" if "IoU" in criterion else "centre"][
                "all" if "all" in denominator else "normals"
            ]["points"]
        ]
        assert len(froc) == len(points) == 16
        for row, (criterion, denominator, point) in zip(froc, points, strict=True):
            assert row["a box counts"] == criterion
            assert row["false positives counted on"] == denominator
            rate = float(row["false positives per image"])
            assert rate == point["false_positives_per_image"]
            assert row[f"{split}: fractures found"].startswith(
                f"{point['sensitivity']['value']:.3f}"
            )
        sizes = _rows(card, "Fractures by size")
        assert [int(row[f"{split}: fractures"]) for row in sizes] == [
            band["n"] for band in boxes["by_size"]["bands"]
        ]
        row = _row(card, "Right for the right reason", "fractured images called fractured")
        assert row[split] == str(whole["reasons"]["n_true_positive"])
        points_of = [row for row in _rows(card, "Operating points") if row["split"] == split]
        assert [row["operating point"] for row in points_of] == ["screening", "balanced", "confirm"]
        balanced = verdict["operating_points"]["balanced"]
        for title in ("sensitivity", "specificity", "PPV", "NPV", "accuracy", "F1", "kappa"):
            assert points_of[1][title] == _cell(balanced[title.lower()])
        assert points_of[1]["Youden's J"] == _cell(balanced["youden"])
        assert points_of[1]["threshold"] == "0.432"
    before = _row(card, "Calibration", "Brier score")
    assert before["val, before"].startswith("0.250 (note ")  # every image is as far off
    assert before["test, before"] == "not recorded"


def test_failures_are_counted_and_counted_as_wrong(
    manifest: dict[str, Any], measured: Measured
) -> None:
    metrics = measured(2, failed=3)
    card = write_card(manifest, measured(1, split="val"), metrics)

    assert _row(card, "What was measured on", "test")["could not be read"] == "truncated 3"
    assert _row(card, "What was measured on", "val")["could not be read"] == "none"
    (_, after) = card.split("With every image that could not be read counted as wrong:")
    wrong = after.split("\n\n")[1]
    rows = [line for line in wrong.split("\n") if line.startswith("| test | balanced | 1 | 2 |")]
    point = metrics["subsets"]["all"]["verdict"]["operating_points"]["balanced"]
    assert len(rows) == 1
    for rate in ("sensitivity", "specificity", "ppv", "npv", "accuracy", "f1", "youden", "kappa"):
        assert _cell(point["with_failures_as_errors"][rate]) in rows[0]
    assert "| val | balanced | 0" not in wrong
    assert "In no band: 1 fracture in images that could not be read." in card


def test_small_subgroups_are_marked_and_empty_ones_explained(
    manifest: dict[str, Any], measured: Measured
) -> None:
    card = write_card(manifest, measured(1, split="val"), measured(2, n=72))

    assert _row(card, "Subgroups of test", "all")["size"] == "enough"
    few = _row(card, "Subgroups of test", "hardware=yes")
    assert (few["images"], few["size"]) == ("8", "**too few**")
    assert _row(card, "Subgroups of test", "without hardware")["images"] == "64"
    bare = measured(3)
    bare["subsets"]["without_hardware"] |= {"n": 0, "reason": 'no image has attribute "hardware"'}
    card = write_card(manifest, measured(1, split="val"), bare)
    assert 'No line for without hardware: no image has attribute "hardware".' in card


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (
            "Subgroups of test",
            "AUROC by DeLong, sensitivity and specificity by Wilson. These take images as "
            "independent, so they are too narrow where images share a patient or study; those of "
            "mAP50 are by bootstrap of groups, and do not.",
        ),
        ("Fractures found against false", "fractured images with one found, by Wilson. These take"),
        ("Fractures by size", "found by Wilson. These take fractures as independent"),
        ("Right for the right reason", "shares by Wilson. These take images as independent"),
    ],
)
def test_intervals_that_know_of_no_groups_are_named_under_their_table(
    manifest: dict[str, Any], measured: Measured, section: str, says: str
) -> None:
    card = write_card(manifest, measured(1, split="val"), measured(2))

    assert says in " ".join(card.split(f"### {section}")[1].split("### ")[0].split())


def test_without_a_test_split_no_figure_claims_to_be_of_test(
    manifest: dict[str, Any], measured: Measured
) -> None:
    card = write_card(manifest, measured(1, split="val"), None)

    assert list(_row(card, "Verdict", "average precision")) == ["figure", "val"]
    assert "there is no test split" in card
    assert "### Subgroups of val" in card
    figures = card.split("## Figures")[1].split("### ", 1)[1].split("## Fine-tune")[0]
    assert "test" not in figures


def test_the_recipe_and_its_choices_are_told(manifest: dict[str, Any], measured: Measured) -> None:
    card = write_card(manifest, measured(1, split="val"), measured(2))

    assert card.startswith("# tiny 1.2.3\n")
    assert "| train | 90 | 30 | 60 | 77 |" in card
    assert "joint not measured, on the frozen trunk 0.9123;\n  kept: frozen." in card
    assert "one2one 0.4100, one2many 0.4200; kept: one2many" in card
    assert "10 minutes of fine-tuning,\n  12 minutes in all" in card
    assert "--init weights/tiny/model.pt" in card
    assert "python cli.py train --data {mine}" in card
    assert "set: licence not stated; origin our clinic; images: 90 train, 20 val." in card
    assert "0.2000; after: 0.0300" in card


def test_the_worst_mistakes_are_named_without_their_folders(
    manifest: dict[str, Any], measured: Measured
) -> None:
    test = measured(9, n=72)
    mistakes = test["subsets"]["all"]["mistakes"]
    for kind in mistakes.values():
        for one in kind["worst"]:
            one["path"] = f"Jane Doe/{one['path']}"
    older = measured(1, split="val")
    del older["subsets"]["all"]["mistakes"]
    card = write_card(manifest, older, test)

    rows = {row["mistake"].split(":")[0]: row for row in _rows(card, "Failure cases")}
    assert rows["not recorded"]["split"] == "val"
    assert list(rows) == ["not recorded", "Missed", "False alarms", "Right for the wrong reason"]
    for title, name in (("Missed", "missed"), ("False alarms", "false-alarms")):
        worst = mistakes[name]["worst"]
        assert worst
        assert rows[title]["images"] == str(mistakes[name]["n"])
        named = [f"{one['path'].split('/')[1]} ({one['probability']:.2f})" for one in worst[:10]]
        assert rows[title]["the worst"] == ", ".join(named)
    assert "Jane" not in card


def test_energy_is_called_an_estimate_or_left_open(
    manifest: dict[str, Any], measured: Measured
) -> None:
    def said(**training: Any) -> str:
        manifest["training"] |= training
        card = write_card(manifest, measured(1, split="val"), None)
        return " ".join(card.split("- Energy: ")[1].split("\n- ")[0].split())

    assert said() == "not estimated (the number of cores was not recorded)."
    assert said(cores=20).startswith(
        "about 0.04 kWh, an estimate: 4.0 core-hours (20 cores) at an assumed 10 watts a core;"
    )
    assert said(device="cuda:0") == "not estimated (device cuda:0)."


@pytest.fixture
def continued(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a bundle whose training went on from another's."""
    training = manifest["training"]
    kept = ("data", "recipe", "precision", "device")
    earlier = {key: deepcopy(training[key]) for key in kept} | {
        "command": "python cli.py train --data {first}",
        "init": "yolo26n.pt",
        "seconds": {"fine-tune": 3000.0, "evaluate": 60.0},
    }
    earlier["recipe"]["epochs"] = 10
    training["continues"] = {
        **{"name": "first-n", "version": "0.1.0", "sha256": "c" * 64},
        "training": earlier,
    }
    training["init"] = "model.pt"
    return manifest


def test_all_stages_are_told(continued: dict[str, Any], measured: Measured) -> None:
    training = continued["training"]
    training["recipe"]["init_share"] = 0.25
    card = write_card(continued, measured(1, split="val"), measured(2))

    words = " ".join(card.split())
    assert "- Start: the bundle first-n 0.1.0, itself from `yolo26n.pt`; network input" in words
    assert (
        f"- Stage 1, which gave first-n 0.1.0 (sha256 of its manifest `{'c' * 64}`): 10 " in words
    )
    assert "50 minutes of fine-tuning, 51 minutes in all. - Stage 2, which gave this" in words
    assert "device cpu; of the weights kept, 0.25 is the start's; 10 minutes of" in words
    assert "- All stages: 42 epochs; 60 minutes of fine-tuning, 63 minutes in all." in words
    assert "under `training.recipe`; of earlier stages, under `training.continues`." in words
    rebuild = card.split("Rebuild it in this order, ")[1].split("## Figures")[0]
    assert [line for line in rebuild.splitlines() if line.startswith("    ")] == [
        "    python cli.py train --data {first}",
        "    python cli.py train --data {mine}",
    ]
    assert "test was seen by nothing before" in card
    assert card.count("- set: licence not stated") == 1


def test_a_bundle_made_anew_tells_the_command_that_did_it(
    continued: dict[str, Any], measured: Measured
) -> None:
    command = "python cli.py export --data {mine} --weights weights/mine --out weights/new"
    continued["training"]["exported"] = {"command": command, "version": "0.1.0"}

    card = write_card(continued, measured(1, split="val"), None)

    rebuild = card.split("Rebuild it in this order, ")[1].split("## Figures")[0]
    commands = [line.strip() for line in rebuild.splitlines() if line.startswith("    ")]
    assert commands[-1] == command
    assert len(commands) == 3


def test_the_energy_of_all_stages_is_summed_where_it_is_known(
    continued: dict[str, Any], measured: Measured
) -> None:
    training = continued["training"]
    earlier = training["continues"]["training"]

    def said() -> str:
        card = write_card(continued, measured(1, split="val"), None)
        return " ".join(card.split("- Energy: ")[1].split("\n- ")[0].split())

    why = "the number of cores was not recorded"
    assert said() == f"not estimated (stage 1: {why}; stage 2: {why})."
    training["cores"] = 20
    assert said().startswith("about 0.04 kWh, an estimate: 4.0 core-hours (20 cores) at an assum")
    assert said().endswith(f"not in it; not estimated: stage 1: {why}.")
    earlier["cores"] = 2
    assert said().startswith("about 0.057 kWh, an estimate: 5.7 core-hours (2 cores, then 20 ")
    assert said().endswith("earlier trials are not in it.")


def test_what_an_earlier_stage_saw_is_not_called_unseen(
    continued: dict[str, Any], measured: Measured
) -> None:
    earlier = continued["training"]["continues"]["training"]
    earlier["data"][0] |= {"origin": "FracAtlas, doi", "images": {"train": 99}}
    card = write_card(continued, measured(1, split="val"), measured(2))

    assert "test was seen by nothing before" not in card
    assert "whether the training of first-n 0.1.0, not known to be of the same splits" in card
    assert "images: 99 train. Of the training of first-n 0.1.0, which this one goes on" in card
    assert "FracAtlas is one source" in card

    earlier["checks"] = [{"kind": "group_leak", "line": "group p1 is in two", "leak": True}]
    card = write_card(continued, measured(1, split="val"), measured(2))
    assert "- **Leak** (`--allow-leakage`): group p1 is in two" in card
    assert "test is not held out" in card


def test_a_start_of_which_little_is_known_is_no_obstacle(
    continued: dict[str, Any], measured: Measured
) -> None:
    continued["training"]["continues"]["training"] = {}
    card = write_card(continued, measured(1, split="val"), None)

    words = " ".join(card.split())
    assert "first-n 0.1.0, itself from weights of which nothing is said;" in words
    assert f"`{'c' * 64}`): nothing more is recorded." in words
    assert (
        "All stages: 32 epochs; 10 minutes of fine-tuning, 12 minutes in all; of stage 1 " in words
    )
    assert "    # of first-n 0.1.0 no command is recorded\n" in card


def test_ablations_stand_between_recipe_and_figures(
    manifest: dict[str, Any], measured: Measured
) -> None:
    without = write_card(manifest, measured(1, split="val"), None)
    assert "Ablations" not in without
    row = {"what": "640 | as shipped", "figures": {"mAP50": 0.5}, "seeds": 3, "time": "36 s"}
    manifest["training"]["ablations"] = {"about": "On val.", "rows": [row]}
    card = write_card(manifest, measured(1, split="val"), None)
    before, after = card.split("## Ablations\n\n")
    text, rest = after.split("## Figures", 1)
    assert before + "## Figures" + rest == without
    assert text == (
        "On val.\n\n| what | mAP50 | seeds | time |\n| --- | --- | --- | --- |\n"
        "| 640 \\| as shipped | 0.500 | 3 | 36 s |\n\n"
    )


def test_ablations_of_other_weights_say_so(manifest: dict[str, Any], measured: Measured) -> None:
    row = {"what": "640", "figures": {"mAP50": 0.5}, "seeds": 3, "time": "36 s"}
    table = {"about": "On val.", "rows": [row], "bundle_sha256": "a" * 64}
    manifest["training"]["ablations"] = table
    assert "earlier network" not in write_card(manifest, measured(1, split="val"), None)
    manifest["files"]["model.pt"] = "b" * 64
    card = write_card(manifest, measured(1, split="val"), None)
    assert "## Ablations\n\n**Of an earlier network**, not of these weights.\n\nOn val." in card


@pytest.mark.parametrize(
    ("origin", "says", "keeps_quiet"),
    [
        ("FracAtlas, doi 10.1038/s41597-023-02432-4", "373×454", "Synthetic"),
        ("synthetic radiographs", "Synthetic pictures", "373×454"),
        (None, "Nothing is claimed beyond the data below", "373×454"),
    ],
)
def test_limits_are_those_of_the_data(
    manifest: dict[str, Any],
    measured: Measured,
    origin: str | None,
    says: str,
    keeps_quiet: str,
) -> None:
    manifest["training"]["data"][0]["origin"] = origin

    card = write_card(manifest, measured(1, split="val"), None)

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
    manifest: dict[str, Any], measured: Measured, images: dict[str, int], says: str
) -> None:
    manifest["training"]["data"][0]["origin"] = "FracAtlas, doi"
    _add(manifest, "synthetic radiographs", **images)

    card = write_card(manifest, measured(1, split="val"), None)

    assert says in card
    assert "say nothing of how it reads patients" not in card
    assert "FracAtlas is one source" in card
    assert "more: licence not stated; origin synthetic radiographs; images: 30 train" in card


def test_what_the_check_found_is_told(manifest: dict[str, Any], measured: Measured) -> None:
    assert "## What the check found\n\nNothing: " in write_card(
        manifest, measured(1, split="val"), None
    )
    manifest["training"]["checks"] = [
        {"kind": "unreadable", "line": "2 files truncated", "leak": False},
        {"kind": "tied_groups", "line": "1 image: copies tie groups", "leak": False},
    ]

    card = write_card(manifest, measured(1, split="val"), measured(2))

    assert (
        "## What the check found\n\n- 2 files truncated\n- 1 image: copies tie groups\n\n" in card
    )
    assert "of test nothing was seen before but what the check found that splits share" in card
    assert "test was seen by nothing before" not in card
    assert "Leak" not in card
    del manifest["training"]["checks"][1]
    assert "test was seen by nothing before" in write_card(
        manifest, measured(1, split="val"), measured(2)
    )


def test_an_allowed_leak_leads_the_limits_and_no_figure_is_called_unseen(
    manifest: dict[str, Any], measured: Measured
) -> None:
    manifest["training"]["checks"] = [
        {"kind": "unreadable", "line": "2 files truncated", "leak": False},
        {"kind": "group_leak", "line": "group p1 is in train and test", "leak": True},
    ]

    card = write_card(manifest, measured(1, split="val"), measured(2))

    limits = card.split("## Intended use and limits\n\n")[1]
    assert limits.startswith("- **Leak** (`--allow-leakage`): group p1 is in train and test.")
    assert "- **Leak:** group p1 is in train and test\n" in card
    assert "test is not held out (leaks, see above)" in card
    assert "seen by nothing before" not in card
