"""The model card (Mitchell et al., FAT* 2019), filled from what the run measured."""

from __future__ import annotations

from typing import Any

from detect.data.check_report import LEAKS
from detect.data.sample import SPLITS
from detect.evaluate.robustness.table import robustness_markdown
from detect.evaluate.stages import Stage, stages_of
from detect.train.ablations import ablation_text
from detect.train.card_attributes import attribute_section
from detect.train.card_figures import figure_sections
from detect.train.card_int8 import int8_section
from detect.train.card_recipe import rebuild_text, recipe_lines
from detect.train.pack import CHECKPOINT

__all__ = ["write_card"]

_SHARED = LEAKS - {"duplicate_leak"}  # the copies in other splits were taken out
_TEMPLATE = """\
# {name} {version}

Finds fractures on plain radiographs: a calibrated verdict for the image and boxes for the places.

**Research use only. Not a medical device; not for diagnosis.**

## Intended use and limits

{leaks}- For research, teaching and the building of reporting software. A person reads every image.
- Nothing is claimed beyond the data below: not for bones, ages, machines or hospitals that are
  not in it, nor for CT or fluoroscopy. Measure on your own data first
  (`python cli.py evaluate --data YOURS`).
{limits}- Boxes mark where to look; their borders follow the annotators' habit of loose boxes.

## Data

{data}

| split | images | fractured | not fractured | with boxes drawn |
|---|---|---|---|---|
{splits}

## What the check found

{checks}

## Recipe

{recipe}\
- Verdict head, AUROC of its image logit on val: joint {joint}, on the frozen trunk {frozen};
  kept: {kept}.
- Detection head, mAP50 on val: {heads}; kept: {head}.
- Calibration, operating points and box thresholds come from val alone.

{rebuild}
{ablations}## Figures

On val the calibration, the thresholds and the heads were chosen, so its figures flatter;
{test_is}.
Boxes are measured over all images of a split, normals included. Intervals, in brackets, are at
{level}; a figure without one has none computed, or its note says why.

{figures}
ECE on val as the training measured it, before calibration (the verdict head's own sigmoid):
{ece_before}; after: {ece_after}.

{attributes}{robustness}{int8}## Fine-tune on your own data

    python -m pip install -e ".[train]" -c configs/constraints.txt
    python cli.py train --data YOUR_DATA --init weights/{name}/model.pt --out weights/mine
    python cli.py detect YOUR_IMAGES --weights weights/mine

`model.pt` is a pickle: opening it runs code, so open only files whose source you trust.
Inference never opens it.

## Licence

Weights: AGPL-3.0, as the code and the pretrained start. Data: see above.
"""


_FRACATLAS = """\
- FracAtlas is one source from one country: hands, legs, hips and shoulders, most
  images small (373×454 pixels), children and adults mixed without the age of each. So nothing is
  claimed for children in particular, nor for spine, skull or chest.
- The groups that keep splits apart are runs of neighbouring image numbers, since the data carries
  no patient ids; some patients may still be in two splits.
- Shortcuts lie in the data (nearly all images with metal are fractured; large images more often
  than small ones), so figures without hardware and within one image size stand among the subgroups.
"""


def write_card(
    manifest: dict[str, Any],
    val: dict[str, Any],
    test: dict[str, Any] | None,
    robustness: dict[str, Any] | None = None,
) -> str:
    """Return the text of CARD.md.

    Args:
        manifest: as `detect.model.bundle.Manifest` states it; `training` as `run.py` fills it.
        val, test: `metrics.json` of both splits, measured by like settings; test is None where
            the data has none.
        robustness: `robustness.json`, for a section of its own.
    """
    training = manifest["training"]
    verdict, heads = training["verdict_head"], training["detection_heads"]
    stages = stages_of(training)
    leaks = [
        found["line"]
        for stage in stages
        for found in stage.training.get("checks", ())
        if found["leak"]
    ]
    splits = {"val": val} if test is None else {"val": val, "test": test}
    return _TEMPLATE.format(
        name=manifest["name"],
        version=manifest["version"],
        data=_data(stages),
        leaks="".join(
            f"- **Leak** (`--allow-leakage`): {line}. The figures are too good to be true.\n"
            for line in leaks
        ),
        limits=_limits(stages),
        checks="\n".join(
            f"- {'**Leak:** ' if found['leak'] else ''}{found['line']}"
            for found in training["checks"]
        )
        or "Nothing: every image could be read, and no label contradicts another.",
        test_is=_test_is(
            test is not None,
            leaking=bool(leaks),
            sharing=any(found["kind"] in _SHARED for found in training["checks"]),
            seen_earlier=_seen_earlier(stages),
        ),
        level=f"{val['settings']['confidence_level']:.0%}",
        splits="\n".join(
            f"| {name} | {row['images']} | {row['fractured']} | {row['not_fractured']} "
            f"| {row['boxed']} |"
            for name, row in training["splits"].items()
        ),
        recipe=recipe_lines(training),
        rebuild=rebuild_text(training),
        ablations=_ablations(manifest),
        robustness="" if robustness is None else _robustness(robustness),
        joint=_plain(verdict["joint_auroc"]),
        frozen=_plain(verdict["frozen_auroc"]),
        kept=verdict["kept"],
        heads=", ".join(f"{name} {_plain(value)}" for name, value in heads["map50"].items()),
        head=heads["kept"],
        figures=figure_sections(splits, manifest["default_operating_point"]),
        attributes=attribute_section(training, splits),
        int8=int8_section(training, val),
        ece_before=_plain(training["ece_on_val"]["before"]),
        ece_after=_plain(training["ece_on_val"]["after"]),
    )


def _ablations(manifest: dict[str, Any]) -> str:
    """Return the section, or nothing where nothing was compared."""
    plain = manifest["training"].get("ablations")
    if plain is None:
        return ""
    return f"## Ablations\n\n{ablation_text(plain, manifest['files'].get(CHECKPOINT))}\n"


def _robustness(found: dict[str, Any]) -> str:
    """Return the section on altered images."""
    return (
        f"### Altered images of {found['data']['split']}\n\n"
        "What X-rays of other origin differ in, made from these images one change at a time.\n\n"
        f"{robustness_markdown(found)}\n"
    )


def _data(stages: tuple[Stage, ...]) -> str:
    """Return where images came from, an item each; of earlier stages, what is not said of this."""
    last = stages[-1].training["data"]
    lines = [_source(entry) for entry in last]
    for stage in stages[:-1]:
        told = (_source(entry) for entry in stage.training.get("data", ()) if entry not in last)
        lines += [
            f"{line} Of the training of {stage.bundle}, which this one goes on from."
            for line in told
        ]
    return "\n".join(f"- {line}" for line in lines)


def _source(entry: dict[str, Any]) -> str:
    images = ", ".join(f"{n} {split}" for split, n in entry["images"].items()) or "none"
    return (
        f"{entry['name']}: licence {entry['licence'] or 'not stated'}; "
        f"origin {entry['origin'] or 'not stated'}; images: {images}."
    )


def _seen_earlier(stages: tuple[Stage, ...]) -> str:
    """Return the bundles whose training may have seen this one's val and test; else nothing."""
    data = stages[-1].training["data"]
    return ", ".join(
        str(stage.bundle) for stage in stages[:-1] if stage.training.get("data") != data
    )


def _limits(stages: tuple[Stage, ...]) -> str:
    """Return what is known of public and synthetic data, a Markdown list item each."""
    training = stages[-1].training
    known = any(
        "FracAtlas" in (entry["origin"] or "")
        for stage in stages
        for entry in stage.training.get("data", ())
    )
    synthetic = [entry for entry in training["data"] if "synthetic" in (entry["origin"] or "")]
    return (_FRACATLAS if known else "") + _synthetic_limit(synthetic, training["splits"])


def _synthetic_limit(entries: list[dict[str, Any]], splits: dict[str, Any]) -> str:
    """Say in which splits synthetic images are, and what that does to the figures."""
    counts = {split: sum(entry["images"].get(split, 0) for entry in entries) for split in SPLITS}
    where = [split for split in SPLITS if counts[split]]
    if not where:
        return ""
    if all(counts[split] == row["images"] for split, row in splits.items()):
        return "- Synthetic pictures: the figures say nothing of how it reads patients.\n"
    shares = ", ".join(
        f"{counts[split]} of {splits[split]['images']} images of {split}" for split in where
    )
    measured = " and ".join(split for split in where if split != "train")
    if not measured:
        return f"- Synthetic pictures are {shares}; none is among those that figures are of.\n"
    return (
        f"- Synthetic pictures are {shares}; so the figures on {measured} say less of how it "
        "reads patients.\n"
    )


def _test_is(tested: bool, *, leaking: bool, sharing: bool, seen_earlier: str) -> str:
    """Say what a figure on test is worth."""
    if not tested:
        return "there is no test split"
    if leaking:
        return "test is not held out (leaks, see above)"
    if seen_earlier:
        return (
            f"whether the training of {seen_earlier}, not known to be of the same splits, has seen "
            "some of test (or val)\nis not recorded"
        )
    if sharing:
        return (
            "of test nothing was seen before but what the check found that splits share, see above"
        )
    return "test was seen by nothing before"


def _plain(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4f}"
