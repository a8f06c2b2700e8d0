"""A whole training run, stage by stage, in one folder.

Each stage leaves a file that says it is done, so that `--resume` goes on where a kill struck,
and a stage is run again, with all later ones, by deleting its file.

    run.json            what was asked for; a resumed run must ask for the same
    continues.json      the earlier training whose weights this one starts with, if any
    data/               1 prepare: prepared.json and the decoded images
    fine-tune/          2 fine-tune: weights/last.pt, results.csv
    verdict.pt, .json   3 fit verdict: the network with the better head, and the choice
    bundle/model.onnx   4 export
    settled.json        5 calibrate: calibration, operating points, box thresholds
    attributes.json     6 fit attributes: what came of it; the fit is in bundle/
    evaluation/         7 evaluate: metrics and figures of val and test
    bundle/             8 pack: then copied to its place
    learning_curve.png, seconds.json
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from detect.data.check_report import CheckReport
from detect.data.label_rule import require_labels
from detect.data.load import load_dataset, load_fractures
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset
from detect.errors import DataError
from detect.isolation import isolate_ultralytics
from detect.model.bundle import ATTRIBUTES, GRAPH, InputForm, load_bundle
from detect.progress import Progress
from detect.train.card import write_card
from detect.train.curve import plot_learning_curve, read_curve
from detect.train.environment import resolve_device
from detect.train.evaluated import evaluate_bundle
from detect.train.form import input_form
from detect.train.initial import require_initial_weights
from detect.train.lineage import continued_training
from detect.train.manifest import compose_manifest, key_figures
from detect.train.pack import CARD, CHECKPOINT, place_bundle, save_checkpoint, write_manifest
from detect.train.prepare import prepare
from detect.train.prepared import Prepared
from detect.train.session import (
    Stopwatch,
    TrainRequest,
    claim_run,
    drop_stages,
    read_stage,
    start_run,
    write_stage,
)
from detect.train.settle import settle_on_validation, validation_images
from detect.write.atomic import naming_output, replacing_text

__all__ = ["train"]

LOGGER = logging.getLogger(__name__)
LAST = Path("fine-tune", "weights", "last.pt")
_SETTLED = ("calibration", "operating_points", "box_thresholds", "ece_on_val")


def train(request: TrainRequest) -> dict[str, Any]:
    """Run all stages; return the metrics of the test split, or of val where there is no test.

    Raises:
        InputError, DataError, TrainingError, OutputError: one line each, for the user.
    """
    device = resolve_device(request.device)
    datasets = [load_dataset(path) for path in request.data]
    for one in datasets:  # each, since in the union another's labels would hide it
        require_labels(one, ("train", "val"))
    dataset = load_fractures(request.data, request.recipe.classes)
    claim_run(request, datasets)
    isolate_ultralytics(request.run)
    if not (request.resume and (request.run / LAST).exists()):
        require_initial_weights(request.init, own=request.recipe.init_share > 0)
    report = _check(request, dataset)
    if not request.resume:
        start_run(request, datasets)
    continues = _continues(request)
    clock = Stopwatch(request.run / "seconds.json")
    with clock("prepare"):
        prepared = _prepared(request, replace(dataset, samples=report.usable))
    with clock("fine-tune"):
        last = _fine_tune(request, prepared, device)
    with clock("fit verdict"):
        network, choice = _verdict(request, prepared, last, device)
    bundle = request.run / "bundle"
    with clock("export and calibrate"):
        _export(request, prepared, network, choice["detection_heads"]["kept"])
        form = input_form(network, prepared.recipe.model.image_size)
        settled = _settled(request, prepared, form)
    with clock("fit attributes"):
        attributes = _attributes(request, report, form)
    manifest = compose_manifest(
        request, datasets, report, prepared, form, device, choice, settled, continues
    )
    manifest["training"]["attributes"] = attributes
    write_manifest(bundle, manifest)
    with clock("evaluate"):
        metrics, _ = evaluate_bundle(
            load_bundle(str(bundle)),
            dataset,
            report,
            request.run / "evaluation",
            workers=request.workers,
            show_progress=request.show_progress,
            command=request.command,
        )
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


def _continues(request: TrainRequest) -> dict[str, Any] | None:
    """Return what the initial weights went through, noted before --out may replace them."""
    note = request.run / "continues.json"
    done = read_stage(note, "continues") if request.resume else None
    if done is None:
        done = write_stage(note, {"continues": continued_training(Path(request.init))})
    earlier: dict[str, Any] | None = done["continues"]
    return earlier


def _check(request: TrainRequest, dataset: Dataset) -> CheckReport:
    """Tell what is wrong with the data; refuse a leak."""
    with Progress("check", len(dataset.samples), bar=request.show_progress) as progress:
        report = quick_check(dataset, workers=request.workers, on_image=progress.advance)
    for problem in report.problems:
        LOGGER.warning("%s: %s", dataset.name, problem.line)
    if report.leaks and not request.allow_leakage:
        raise DataError(
            f"{dataset.root}: {report.leaks[0].line}; figures would be worthless: "
            "mend the splits, or say --allow-leakage"
        )
    return report


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
    from detect.train.averaged import averaged_with
    from detect.train.finetune import load_network
    from detect.train.heads import choose_detection_head
    from detect.train.verdict import fit_verdict

    saved, note = request.run / "verdict.pt", request.run / "verdict.json"
    done = read_stage(note, "verdict_head", "detection_heads") if request.resume else None
    if done is not None and saved.exists():
        return load_network(saved), done
    drop_stages(request.run / "bundle" / GRAPH, request.run / "settled.json")
    network = load_network(last)
    if share := prepared.recipe.init_share:
        network = averaged_with(network, Path(request.init), share)
    network, verdict = fit_verdict(network, prepared, device, request.show_progress)
    heads = choose_detection_head(network, prepared, device)
    save_checkpoint(network, dict(enumerate(prepared.classes)), saved)
    done = write_stage(note, {"verdict_head": verdict.to_json(), "detection_heads": heads})
    # Loaded again even now, so that a resumed run exports the very same rounded weights.
    return load_network(saved), done


def _export(request: TrainRequest, prepared: Prepared, network: Any, head: str) -> None:
    from detect.train.export import export_onnx

    graph = request.run / "bundle" / GRAPH
    if not (request.resume and graph.exists()):
        drop_stages(request.run / "settled.json", request.run / ATTRIBUTES)
        with naming_output(graph):
            graph.parent.mkdir(exist_ok=True)
            export_onnx(network, head, prepared.recipe.model.image_size, graph)


def _settled(request: TrainRequest, prepared: Prepared, form: InputForm) -> dict[str, Any]:
    note = request.run / "settled.json"
    done = read_stage(note, *_SETTLED) if request.resume else None
    if done is not None:
        return done
    graph = request.run / "bundle" / GRAPH
    images = validation_images(prepared)
    return write_stage(
        note, settle_on_validation(images, graph, form, request.workers, request.show_progress)
    )


def _attributes(request: TrainRequest, report: CheckReport, form: InputForm) -> dict[str, Any]:
    """Fit the attribute heads into the bundle; return what came of it."""
    from detect.train.attributes import fit_attributes

    note, graph = request.run / ATTRIBUTES, request.run / "bundle" / GRAPH
    done = read_stage(note, "regions", "not_fitted") if request.resume else None
    if done is not None and graph.with_name(ATTRIBUTES).exists():
        return done
    fitted = fit_attributes(report.usable, graph, form, request.workers, request.show_progress)
    fitted.write(graph.with_name(ATTRIBUTES))
    return write_stage(note, fitted.figures)
