"""Stage 7: what `manifest.yaml` says of a bundle and of the training that made it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from detect import __version__
from detect.cores import cores_allowed, threads_to_compute
from detect.data.check_report import CheckReport
from detect.data.sample import SPLITS, Dataset
from detect.model.bundle import BUNDLE_SCHEMA, InputForm
from detect.train.environment import precision_of
from detect.train.prepared import Prepared
from detect.train.session import TrainRequest

__all__ = ["compose_manifest", "key_figures"]


def compose_manifest(
    request: TrainRequest,
    datasets: Sequence[Dataset],
    report: CheckReport,
    prepared: Prepared,
    form: InputForm,
    device: str,
    choice: dict[str, Any],
    settled: dict[str, Any],
    continues: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the manifest as plain types, without metrics and hashes. It names no path.

    Args:
        request: what the user asked for.
        datasets: those of `request.data`, one by one.
        report: of the check over all of them.
        prepared: what was trained on.
        form: of the graph's input.
        device: of `resolve_device`.
        choice: of the verdict stage.
        settled: of `settle_on_validation`.
        continues: of `continued_training`, of `request.init`.
    """
    recipe = prepared.recipe
    return {
        "schema_version": BUNDLE_SCHEMA,
        "name": request.out.name,
        "version": __version__,
        "classes": list(prepared.classes),
        "input": form.model_dump(mode="json"),
        "calibration": settled["calibration"],
        "operating_points": settled["operating_points"],
        "default_operating_point": "balanced",
        "box_thresholds": settled["box_thresholds"],
        "training": {
            "command": request.command,
            "data": [_source(dataset, prepared) for dataset in datasets],
            "splits": {name: _counts(prepared, name) for name in SPLITS if prepared.splits[name]},
            "checks": [
                {"kind": problem.kind, "line": problem.line, "leak": problem in report.leaks}
                for problem in report.problems
            ],
            "init": Path(request.init).name,
            **({} if continues is None else {"continues": continues}),
            "recipe": recipe.model_dump(mode="json"),
            "device": device,
            "machine": f"{platform.system()} {platform.machine()}",
            "cores": _cores(device),
            "precision": precision_of(device, recipe),
            "versions": {name: version(name) for name in ("torch", "ultralytics", "onnx")},
            **choice,
            "ece_on_val": settled["ece_on_val"],
        },
        "metrics": {},
        "files": {},
    }


def _cores(device: str) -> int:
    """Return on how many cores the network was trained, or of a GPU, how many were beside it."""
    allowed = cores_allowed()
    return min(threads_to_compute(), allowed) if device == "cpu" else allowed


def _source(dataset: Dataset, prepared: Prepared) -> dict[str, Any]:
    """Say where images came from, and how many of each split did."""
    own = {str(sample.image) for sample in dataset.samples}
    counts = {
        name: sum(image.origin in own for image in images)
        for name, images in prepared.splits.items()
    }
    return {
        "name": dataset.name,
        "licence": dataset.licence,
        "origin": dataset.origin,
        "images": {name: counts[name] for name in SPLITS if counts.get(name)},
    }


def _counts(prepared: Prepared, split: str) -> dict[str, int]:
    images = prepared.splits[split]
    return {
        "images": len(images),
        "fractured": sum(image.fractured == 1 for image in images),
        "not_fractured": sum(image.fractured == 0 for image in images),
        "boxed": sum(image.boxed for image in images),
    }


def key_figures(metrics: dict[str, Any]) -> dict[str, float | None]:
    """Pick the figures that the manifest carries."""
    whole = metrics["subsets"]["all"]
    verdict, boxes = whole["verdict"], whole["boxes"]
    points = {
        point["false_positives_per_image"]: point["sensitivity"]["value"]
        for point in boxes["froc"]["iou"]["all"]["points"]
    }
    return {
        "auroc": verdict["auroc"]["value"],
        "sensitivity_at_specificity_0.90": verdict["sensitivity_at_specificity"]["sensitivity"][
            "value"
        ],
        "ece": verdict["calibration"]["ece_equal_width"]["value"],
        "map50": boxes["map50"]["value"],
        "map50_95": boxes["map50_95"]["value"],
        **{f"froc_{rate}": value for rate, value in points.items()},
    }
