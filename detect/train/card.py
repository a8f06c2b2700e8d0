"""The model card (Mitchell et al., FAT* 2019), filled from what the run measured."""

from __future__ import annotations

from typing import Any

__all__ = ["write_card"]

_TEMPLATE = """\
# {name} {version}

Finds fractures on plain radiographs: a calibrated verdict for the image and boxes for the places.

**Research use only. Not a medical device; not for diagnosis.**

## Intended use and limits

- For research, teaching and the building of reporting software. A person reads every image.
- Nothing is claimed beyond the data below: not for bones, ages, machines or hospitals that are
  not in it, nor for CT or fluoroscopy. Measure on your own data first
  (`python cli.py evaluate --data YOURS`).
{limits}- Boxes mark where to look; their borders follow the annotators' habit of loose boxes.

## Data

{data}

| split | images | fractured | not fractured | with boxes drawn |
|---|---|---|---|---|
{splits}

## Recipe

- Start: `{init}`; network input {size}×{size} pixels, grey, letterboxed.
- Fine-tuned {epochs} epochs on {view}×{view} random views in batches of {batch}, seed {seed},
  {precision} arithmetic, device {device}; {minutes} minutes of fine-tuning,
  {total_minutes} minutes in all.
- The whole recipe is in `manifest.yaml` under `training.recipe`.
- Verdict head, AUROC of its image logit on val: joint {joint}, on the frozen trunk {frozen};
  kept: {kept}.
- Detection head, mAP50 on val: {heads}; kept: {head}.
- Calibration, operating points and box thresholds come from val alone.

Rebuild it:

    {command}

## Figures

Boxes are measured over all images of the split, normals included. Intervals are at 95 %.

| figure | val (thresholds were set here) | test (seen by nothing before) |
|---|---|---|
{figures}

| operating point | threshold | sensitivity on {measured} | specificity on {measured} |
|---|---|---|---|
{points}

| subset of {measured} | images | AUROC | mAP50 |
|---|---|---|---|
{subsets}

ECE on val before calibration (the verdict head's own sigmoid): {ece_before}; after: {ece_after}.
On val the calibration was fitted; only a figure on test is one that it never saw.

## Fine-tune on your own data

    python -m pip install -e ".[train]" -c configs/constraints.txt
    python cli.py train --data YOUR_DATA --init weights/{name}/model.pt --out weights/mine
    python cli.py detect YOUR_IMAGES --weights weights/mine

`model.pt` is a pickle: opening it runs code, so open only files whose source you trust.
Inference never opens it.

## Licence

Weights: AGPL-3.0, as the code and the pretrained start. Data: see above.
"""


# What is known of public data, by a word of its origin.
_LIMITS = {
    "FracAtlas": """\
- One source from one country: mostly hands, legs, hips and shoulders of adults, most images
  small (373×454 pixels); no children, spine, skull or chest to speak of.
- The groups that keep splits apart are runs of neighbouring image numbers, since the data carries
  no patient ids; some patients may still be in two splits.
- Shortcuts lie in the data (nearly all images with metal are fractured; large images more often
  than small ones), so figures without hardware and within one image size stand below.
""",
    "synthetic": "- Synthetic pictures: the figures say nothing of how it reads patients.\n",
}


def write_card(manifest: dict[str, Any], val: dict[str, Any], test: dict[str, Any] | None) -> str:
    """Return the text of CARD.md.

    Args:
        manifest: as `detect.model.bundle.Manifest` states it; `training` as `run.py` fills it.
        val, test: `metrics.json` of both splits; test is None where the data has none.
    """
    training = manifest["training"]
    recipe = training["recipe"]
    verdict, heads = training["verdict_head"], training["detection_heads"]
    return _TEMPLATE.format(
        name=manifest["name"],
        version=manifest["version"],
        data="\n".join(
            f"- {entry['name']}: licence {entry['licence'] or 'not stated'}; "
            f"origin {entry['origin'] or 'not stated'}."
            for entry in training["data"]
        ),
        limits="".join(
            text
            for word, text in _LIMITS.items()
            if any(word in (entry["origin"] or "") for entry in training["data"])
        ),
        measured="test" if test else "val",
        splits="\n".join(
            f"| {name} | {row['images']} | {row['fractured']} | {row['not_fractured']} "
            f"| {row['boxed']} |"
            for name, row in training["splits"].items()
        ),
        init=training["init"],
        size=recipe["model"]["image_size"],
        epochs=recipe["epochs"],
        view=recipe["augment"]["view_size"],
        batch=recipe["batch"],
        seed=recipe["seed"],
        precision=training["precision"],
        device=training["device"],
        minutes=round(training["seconds"]["fine-tune"] / 60),
        total_minutes=round(sum(training["seconds"].values()) / 60),
        joint=_plain(verdict["joint_auroc"]),
        frozen=_plain(verdict["frozen_auroc"]),
        kept=verdict["kept"],
        heads=", ".join(f"{name} {_plain(value)}" for name, value in heads["map50"].items()),
        head=heads["kept"],
        command=training["command"],
        figures=_figures(val, test),
        points=_points(test or val),
        subsets=_subsets(test or val),
        ece_before=_plain(training["ece_on_val"]["before"]),
        ece_after=_plain(training["ece_on_val"]["after"]),
    )


def _figures(val: dict[str, Any], test: dict[str, Any] | None) -> str:
    rows = [
        ("AUROC", ("verdict", "auroc")),
        ("average precision", ("verdict", "average_precision")),
        ("ECE, 10 bins", ("verdict", "calibration", "ece_equal_width")),
        ("Brier score", ("verdict", "calibration", "brier")),
        ("mAP50", ("boxes", "map50")),
        ("mAP50-95", ("boxes", "map50_95")),
    ]
    lines = [
        f"| {title} | {_estimate(_of(val, *where))} | "
        f"{_estimate(_of(test, *where)) if test else 'no test split'} |"
        for title, where in rows
    ]

    def at_specificity(metrics: dict[str, Any] | None) -> str:
        if metrics is None:
            return "no test split"
        return _estimate(_of(metrics, "verdict", "sensitivity_at_specificity")["sensitivity"])

    lines.append(
        f"| sensitivity at specificity 0.90 | {at_specificity(val)} | {at_specificity(test)} |"
    )

    def froc(metrics: dict[str, Any] | None) -> list[Any]:
        return [] if metrics is None else _of(metrics, "boxes", "froc", "iou", "points")

    held = {point["false_positives_per_image"]: point for point in froc(test)}
    for point in froc(val):
        rate = point["false_positives_per_image"]
        other = _estimate(held[rate]["sensitivity"]) if rate in held else "no test split"
        lines.append(
            f"| box sensitivity at {rate} false positives per image (IoU ≥ 0.3) "
            f"| {_estimate(point['sensitivity'])} | {other} |"
        )
    return "\n".join(lines)


def _points(metrics: dict[str, Any]) -> str:
    points = _of(metrics, "verdict", "operating_points")
    return "\n".join(
        f"| {name} | {point['threshold']:.3f} | {_estimate(point['sensitivity'])} "
        f"| {_estimate(point['specificity'])} |"
        for name, point in points.items()
    )


def _subsets(metrics: dict[str, Any]) -> str:
    return "\n".join(
        f"| {name.replace('_', ' ')} | {part['n']} | {_estimate(part['verdict']['auroc'])} "
        f"| {_estimate(part['boxes']['map50'])} |"
        for name, part in metrics["subsets"].items()
        if part["n"]
    )


def _of(metrics: dict[str, Any] | None, *where: str) -> Any:
    value: Any = (metrics or {})["subsets"]["all"]
    for key in where:
        value = value[key]
    return value


def _estimate(estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return f"undefined: {estimate['reason']}"
    text = f"{estimate['value']:.3f}"
    interval = estimate.get("interval")
    return f"{text} [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else text


def _plain(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4f}"
