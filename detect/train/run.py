"""A whole training run, stage by stage, in one folder.

Each stage leaves a file that says it is done, so that `--resume` goes on where a kill struck,
and a stage is run again, with all later ones, by deleting its file.

    run.json            what was asked for; a resumed run must ask for the same
    data/               1 prepare: prepared.json and the decoded images
    fine-tune/          2 fine-tune: weights/last.pt, results.csv
    verdict.pt, .json   3 fit verdict: the network with the better head, and the choice
    bundle/model.onnx   4 export
    settled.json        5 calibrate: calibration, operating points, box thresholds
    evaluation/         6 evaluate: metrics and figures of val and test
    bundle/             7 pack: then copied to its place
    learning_curve.png, seconds.json
"""

from __future__ import annotations

import logging
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from detect import __version__
from detect.data.load import load_dataset, merge_datasets
from detect.data.quick_check import quick_check
from detect.data.sample import SPLITS, Dataset
from detect.errors import DataError
from detect.evaluate.report import write_report
from detect.evaluate.run import evaluate_samples
from detect.model.bundle import BUNDLE_SCHEMA, GRAPH, load_bundle
from detect.model.preprocess import PAD_VALUE
from detect.train.card import write_card
from detect.train.curve import plot_learning_curve, read_curve
from detect.train.environment import cpu_has_bfloat16, isolate_ultralytics, resolve_device
from detect.train.initial import require_initial_weights
from detect.train.pack import CARD, CHECKPOINT, place_bundle, save_checkpoint, write_manifest
from detect.train.prepare import prepare
from detect.train.prepared import Prepared
from detect.train.session import (
    Stopwatch,
    TrainRequest,
    claim_run,
    drop_stages,
    read_stage,
    write_stage,
)
from detect.train.settle import settle_on_validation
from detect.write.atomic import naming_output, replacing_text

__all__ = ["train"]

LOGGER = logging.getLogger(__name__)
LAST = Path("fine-tune", "weights", "last.pt")


def train(request: TrainRequest) -> dict[str, Any]:
    """Run all stages; return the metrics of the test split, or of val where there is no test.

    Raises:
        InputError, DataError, TrainingError, OutputError: one line each, for the user.
    """
    device = resolve_device(request.device)
    dataset = merge_datasets([load_dataset(path) for path in request.data])
    claim_run(request)
    isolate_ultralytics(request.run)
    if not (request.resume and (request.run / LAST).exists()):
        require_initial_weights(request.init)
    clock = Stopwatch(request.run / "seconds.json")
    with clock("prepare"):
        dataset = _check(request, dataset)
        prepared = _prepared(request, dataset)
    with clock("fine-tune"):
        last = _fine_tune(request, prepared, device)
    with clock("fit verdict"):
        network, choice = _verdict(request, prepared, last, device)
    bundle = request.run / "bundle"
    with clock("export and calibrate"):
        _export(request, prepared, network, choice["detection_heads"]["kept"])
        settled = _settled(request, prepared)
    manifest = _manifest(request, prepared, dataset, device, choice, settled)
    write_manifest(bundle, manifest)
    with clock("evaluate"):
        metrics = _evaluate(request, dataset)
    manifest["training"]["seconds"] = {k: round(v) for k, v in clock.spent.items()}
    manifest["metrics"] = {split: key_figures(found) for split, found in metrics.items()}
    save_checkpoint(network, dict(enumerate(prepared.classes)), bundle / CHECKPOINT)
    with replacing_text(bundle / CARD) as stream:
        stream.write(write_card(manifest, metrics["val"], metrics.get("test")))
    write_manifest(bundle, manifest)
    load_bundle(str(bundle))
    place_bundle(bundle, request.out)
    LOGGER.info("bundle written to %s", request.out)
    return metrics.get("test", metrics["val"])


def _check(request: TrainRequest, dataset: Dataset) -> Dataset:
    """Keep what the quick check finds usable; refuse a leak."""
    with tqdm(
        total=len(dataset.samples), desc="check", unit="image", disable=not request.show_progress
    ) as bar:
        report = quick_check(dataset, workers=request.workers, on_image=bar.update)
    for problem in report.problems:
        LOGGER.warning("%s: %s", dataset.name, problem.line)
    if report.leaks and not request.allow_leakage:
        raise DataError(
            f"{dataset.root}: {report.leaks[0].line}; figures would be worthless: "
            "mend the splits, or say --allow-leakage"
        )
    return replace(dataset, samples=report.usable)


def _prepared(request: TrainRequest, dataset: Dataset) -> Prepared:
    folder = request.run / "data"
    if request.resume and (folder / "prepared.json").exists():
        return Prepared.load(folder / "prepared.json")
    drop_stages(request.run / LAST)
    return prepare(dataset, folder, request.recipe, request.workers, request.show_progress)


def _fine_tune(request: TrainRequest, prepared: Prepared, device: str) -> Path:
    from detect.train.finetune import fine_tune

    if not (request.resume and (request.run / LAST).exists()):
        drop_stages(request.run / "verdict.json")
    last = fine_tune(
        prepared, request.init, request.run, device, request.resume, request.show_progress
    )
    plot_learning_curve(
        read_curve(request.run / "fine-tune" / "results.csv"), request.run / "learning_curve.png"
    )
    return last


def _verdict(
    request: TrainRequest, prepared: Prepared, last: Path, device: str
) -> tuple[Any, dict[str, Any]]:
    """Return the network with the heads that val prefers, and how it chose."""
    from detect.train.finetune import load_network
    from detect.train.heads import choose_detection_head
    from detect.train.verdict import fit_verdict

    saved, note = request.run / "verdict.pt", request.run / "verdict.json"
    done = read_stage(note)
    if request.resume and done is not None and saved.exists():
        return load_network(saved), done
    drop_stages(request.run / "bundle" / GRAPH, request.run / "settled.json")
    network, verdict = fit_verdict(load_network(last), prepared, device, request.show_progress)
    heads = choose_detection_head(network, prepared, device)
    save_checkpoint(network, dict(enumerate(prepared.classes)), saved)
    done = write_stage(note, {"verdict_head": verdict.to_json(), "detection_heads": heads})
    # Loaded again even now, so that a resumed run exports the very same rounded weights.
    return load_network(saved), done


def _export(request: TrainRequest, prepared: Prepared, network: Any, head: str) -> None:
    from detect.train.export import export_onnx

    graph = request.run / "bundle" / GRAPH
    if not (request.resume and graph.exists()):
        drop_stages(request.run / "settled.json")
        with naming_output(graph):
            graph.parent.mkdir(exist_ok=True)
            export_onnx(network, head, prepared.recipe.model.image_size, graph)


def _settled(request: TrainRequest, prepared: Prepared) -> dict[str, Any]:
    note = request.run / "settled.json"
    done = read_stage(note) if request.resume else None
    if done is not None:
        return done
    graph = request.run / "bundle" / GRAPH
    return write_stage(
        note, settle_on_validation(prepared, graph, request.workers, request.show_progress)
    )


def _manifest(
    request: TrainRequest,
    prepared: Prepared,
    dataset: Dataset,
    device: str,
    choice: dict[str, Any],
    settled: dict[str, Any],
) -> dict[str, Any]:
    recipe = prepared.recipe
    bfloat16 = recipe.precision == "bf16" or (
        recipe.precision == "auto" and (cpu_has_bfloat16() if device == "cpu" else device != "mps")
    )
    return {
        "schema_version": BUNDLE_SCHEMA,
        "name": request.out.name,
        "version": __version__,
        "classes": list(prepared.classes),
        "input": {"size": recipe.model.image_size, "pad_value": PAD_VALUE},
        "calibration": settled["calibration"],
        "operating_points": settled["operating_points"],
        "default_operating_point": "balanced",
        "box_thresholds": settled["box_thresholds"],
        "training": {
            "command": request.command,
            "data": [{"name": dataset.name, "licence": dataset.licence, "origin": dataset.origin}],
            "splits": {name: _counts(prepared, name) for name in SPLITS if prepared.splits[name]},
            "init": Path(request.init).name,
            "recipe": recipe.model_dump(mode="json"),
            "device": device,
            "machine": f"{platform.system()} {platform.machine()}",
            "precision": "bfloat16 mixed" if bfloat16 else "float32",
            "versions": {name: version(name) for name in ("torch", "ultralytics", "onnx")},
            **choice,
            "ece_on_val": settled["ece_on_val"],
        },
        "metrics": {},
        "files": {},
    }


def _counts(prepared: Prepared, split: str) -> dict[str, int]:
    images = prepared.splits[split]
    return {
        "images": len(images),
        "fractured": sum(image.fractured == 1 for image in images),
        "not_fractured": sum(image.fractured == 0 for image in images),
        "boxed": sum(image.boxed for image in images),
    }


def _evaluate(request: TrainRequest, dataset: Dataset) -> dict[str, dict[str, Any]]:
    """Measure the finished graph on val and test, through the same door as `detect`."""
    bundle = load_bundle(str(request.run / "bundle"))
    metrics: dict[str, dict[str, Any]] = {}
    for split in ("val", "test"):
        samples = dataset.split(split)
        if not samples:
            LOGGER.warning("%s: has no %s split, so nothing is measured on it", dataset.root, split)
            continue
        metrics[split], _ = evaluate_samples(
            samples, bundle, workers=request.workers, show_progress=request.show_progress
        )
        write_report(metrics[split], request.run / "evaluation" / split)
    return metrics


def key_figures(metrics: dict[str, Any]) -> dict[str, float | None]:
    """Pick the figures that the manifest carries."""
    whole = metrics["subsets"]["all"]
    verdict, boxes = whole["verdict"], whole["boxes"]
    points = {
        point["false_positives_per_image"]: point["sensitivity"]["value"]
        for point in boxes["froc"]["iou"]["points"]
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
