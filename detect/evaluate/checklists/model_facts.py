"""What the manifest of a bundle tells of its model and training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detect.data.check_report import LEAKS
from detect.evaluate.checklists.known import Fact, Known
from detect.evaluate.stages import stages_of, started_from
from detect.evaluate.wording import one_line
from detect.model.bundle import GRAPH

__all__ = ["MODEL_FACTS"]


def _technology(known: Known) -> str | None:
    start = started_from(known.training)
    if start is None:
        return None
    return (
        "Deep learning: a convolutional network, fine-tuned, that gives a probability of fracture "
        f"for the image and boxes for the places; started from {start}."
    )


def _model(known: Known) -> str | None:
    model = known.metrics.get("model")
    if model is None:
        return None
    text = f"{one_line(model['name'])} {one_line(model['version'])}, sha256 `{model['sha256']}`."
    if known.manifest is None:
        return text
    entry = known.manifest["input"]
    return (
        f"{text} Input: one grey channel of {entry['size']}×{entry['size']} pixels. Output: boxes "
        f"with scores, an image logit, and an evidence map; the graph is `{GRAPH}`, sha256 "
        f"`{known.manifest['files'][GRAPH]}`."
    )


def _calibration_fit(known: Known) -> str | None:
    if known.manifest is None:
        return None
    fit = known.manifest["calibration"]
    return (
        "The probability is a logistic model over image logit and best box logit: intercept "
        f"{fit['intercept']:.3f}, weights {fit['image_weight']:.3f} and {fit['box_weight']:.3f}, "
        "fitted on val."
    )


def _preprocessing(known: Known) -> str | None:
    if known.manifest is None:
        return None
    entry = known.manifest["input"]
    return (
        "Each image becomes one grey channel of 8 bits, is scaled with its proportions kept to fit "
        f"{entry['size']}×{entry['size']} pixels, and padded with grey "
        f"{entry['pad_value']} ({entry['fit']})."
    )


def _software(known: Known) -> str | None:
    program = known.metrics.get("version")
    versions = dict(known.training.get("versions", {}))
    parts = []
    if program is not None:
        parts.append(f"Measured with Fracture Locator {one_line(program)}.")
    if versions:
        listed = ", ".join(f"{name} {version}" for name, version in versions.items())
        parts.append(f"Trained with {one_line(listed)}.")
    return " ".join(parts) or None


def _start(known: Known) -> str | None:
    start = started_from(known.training)
    return None if start is None else f"Fine-tuning started from {start}."


def _training(known: Known) -> str | None:
    recipe = known.training.get("recipe")
    if recipe is None:
        return None
    optimiser = {"optimiser": recipe["optimiser"]["name"], **recipe["optimiser"]}
    del optimiser["name"]
    earlier = "".join(
        f" Before it, as {stage.bundle}: {stage.training['recipe']['epochs']} epochs, "
        f"{_hours(stage.training)}."
        for stage in stages_of(known.training)[:-1]
        if "recipe" in stage.training
    )
    return (
        f"{recipe['epochs']} epochs in batches of {recipe['batch']}, views of "
        f"{recipe['augment']['view_size']} pixels, fractured images {recipe['fracture_repeat']} "
        f"times an epoch, seed {recipe['seed']}; {_listed(optimiser)}; "
        f"{one_line(known.training['precision'])} on {one_line(known.training['device'])}, "
        f"{_hours(known.training)}.{earlier} The whole recipe is in `manifest.yaml`."
    )


def _hours(training: Mapping[str, Any]) -> str:
    return f"{sum(training.get('seconds', {}).values()) / 3600:.1f} hours"


def _augmentation(known: Known) -> str | None:
    recipe = known.training.get("recipe")
    return None if recipe is None else f"Augmentation: {_listed(recipe['augment'])}."


def _selection(known: Known) -> str | None:
    verdict, heads = (known.training.get(key) for key in ("verdict_head", "detection_heads"))
    if verdict is None or heads is None:
        return None
    areas = {"joint": verdict["joint_auroc"], "on the frozen trunk": verdict["frozen_auroc"]}
    return (
        "On val alone. Verdict head, by AUROC of its image logit: "
        f"{_compared(areas)}; kept: {verdict['kept']}. Detection head, by mAP50: "
        f"{_compared(heads['map50'])}; kept: {heads['kept']}."
    )


def _ensemble(known: Known) -> str | None:
    if known.manifest is None:
        return None
    return "None: one network in one pass; its two outputs are joined by the calibration."


def _training_data(known: Known) -> str | None:
    entries = dict.fromkeys(  # each once
        f"{one_line(entry['name'])} (licence {one_line(entry['licence'] or 'not stated')}; origin "
        f"{one_line(entry['origin'] or 'not stated')})"
        for stage in stages_of(known.training)
        for entry in stage.training.get("data", ())
    )
    return f"The model was trained on: {'; '.join(entries)}." if entries else None


def _splits(known: Known) -> str | None:
    splits = known.training.get("splits")
    if not splits:
        return None
    parts = (
        f"{name} {row['images']} images ({row['fractured']} fractured, {row['not_fractured']} not, "
        f"{row['boxed']} with boxes drawn)"
        for name, row in splits.items()
    )
    return f"Splits of the training data: {'; '.join(parts)}."


def _checks(known: Known) -> str | None:
    checks = known.training.get("checks")
    if checks is None:
        return None
    found = [entry for entry in checks if entry["kind"] in LEAKS]
    if not found:
        return "The check before training found no group and no file in several splits."
    lines = "; ".join(
        ("**leak**: " if entry["leak"] else "") + one_line(entry["line"]) for entry in found
    )
    return f"What the check before training found of the splits: {lines}."


def _leaks(known: Known) -> str | None:
    lines = [
        one_line(entry["line"])
        for stage in stages_of(known.training)
        for entry in stage.training.get("checks", ())
        if entry["leak"]
    ]
    return f"The splits leak, so figures are too good: {'; '.join(lines)}." if lines else None


def _compared(values: Mapping[str, float | None]) -> str:
    return ", ".join(
        f"{name} {'not measured' if value is None else f'{value:.4f}'}"
        for name, value in values.items()
    )


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())


MODEL_FACTS: Mapping[str, Fact] = {
    "augmentation": _augmentation,
    "calibration_fit": _calibration_fit,
    "checks": _checks,
    "ensemble": _ensemble,
    "leaks": _leaks,
    "model": _model,
    "preprocessing": _preprocessing,
    "selection": _selection,
    "software": _software,
    "splits": _splits,
    "start": _start,
    "technology": _technology,
    "training": _training,
    "training_data": _training_data,
}
