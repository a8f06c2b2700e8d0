"""A bundle made anew from its own `model.pt`, without training.

For bundles of older versions, whose graphs are of an older form: graph, calibration, operating
points, box thresholds, figures and card are made again as the last stages of `train` make them;
the weights stay.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from detect import __version__
from detect.config import TrainConfig
from detect.data.check_report import CheckReport
from detect.data.load import load_fractures
from detect.data.quick_check import quick_check
from detect.data.sample import Dataset, Sample
from detect.errors import BundleError, DataError, InputError
from detect.evaluate.run import evaluate_split
from detect.isolation import isolate_ultralytics
from detect.model.bundle import ATTRIBUTES, BUNDLE_SCHEMA, GRAPH, INT8_GRAPH, Bundle, load_bundle
from detect.progress import Progress
from detect.train.card import write_card
from detect.train.card_int8 import cost_of_int8
from detect.train.evaluated import evaluate_bundle
from detect.train.form import input_form
from detect.train.manifest import key_figures
from detect.train.pack import CARD, CHECKPOINT, place_bundle, save_checkpoint, write_manifest
from detect.train.settle import ValidationImage, settle_on_validation
from detect.write.atomic import naming_output, replacing_text

__all__ = ["RebuildRequest", "rebuild_bundle"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RebuildRequest:
    """What the user asked for."""

    weights: str  # name or path of a bundle made by `train`
    data: tuple[Path, ...]  # what it was trained with
    out: Path
    workers: int = 1
    int8: bool = False  # a graph in 8 bits, too
    overwrite: bool = False
    show_progress: bool = False
    command: str = ""  # as typed, for the card


def rebuild_bundle(request: RebuildRequest) -> Bundle:
    """Export a bundle's network again, and settle and measure it again on its own data.

    `model.pt` is unpickled, which runs code: of a bundle whose hashes were checked.

    Raises:
        BundleError: there is no such bundle, or it was not made by `train`.
        DataError: the data are not what it was trained with.
        InputError: something is at `out` already.
        OutputError: the bundle cannot be written; what was at `out` is there still.
    """
    bundle = load_bundle(request.weights)
    manifest = bundle.manifest.model_dump(mode="json")
    if CHECKPOINT not in bundle.manifest.files:
        raise BundleError(f"{bundle.folder}: has no {CHECKPOINT}, so its graph cannot be made anew")
    if request.out.exists() and not request.overwrite:
        raise InputError(f"--out {request.out}: exists; --overwrite replaces it")
    try:
        recipe = TrainConfig.model_validate(manifest["training"]["recipe"])
        head = manifest["training"]["detection_heads"]["kept"]
        trained_with = manifest["training"]["splits"]
    except (KeyError, ValueError) as error:
        message = f"{bundle.folder}: the manifest tells no recipe; only bundles of `train` do"
        raise BundleError(message) from error
    dataset = load_fractures(request.data, recipe.classes)
    report = _check(request, dataset)
    _require_same(dataset, report, trained_with)
    with TemporaryDirectory(prefix="fracture-locator-") as temporary:
        work = Path(temporary)
        isolate_ultralytics(work)
        from detect.train.attributes import fit_attributes
        from detect.train.export import export_onnx
        from detect.train.finetune import load_network

        folder = work / "bundle"
        folder.mkdir()
        network = load_network(bundle.folder / CHECKPOINT)
        form = input_form(network, recipe.model.image_size)
        with naming_output(folder / GRAPH):
            export_onnx(network, head, form.size, folder / GRAPH)
        settled = settle_on_validation(
            _validation(report), folder / GRAPH, form, request.workers, request.show_progress
        )
        fitted = fit_attributes(
            report.usable, folder / GRAPH, form, request.workers, request.show_progress
        )
        fitted.write(folder / ATTRIBUTES)
        training = manifest["training"] | {"ece_on_val": settled.pop("ece_on_val")}
        if training.pop("int8", None) is not None and not request.int8:
            LOGGER.warning(
                "%s: its graph in 8 bits is of the graph before and is left out; "
                "--int8 makes one of the new graph",
                request.weights,
            )
        training["attributes"] = fitted.figures
        training["exported"] = {"command": request.command, "version": __version__}
        manifest |= {
            "schema_version": BUNDLE_SCHEMA,
            "name": request.out.name,
            "input": form.model_dump(mode="json"),
            "training": training,
            "metrics": {},
            **settled,
        }
        if request.int8:
            from detect.train.quantise import calibration_images, quantise_graph

            images = calibration_images(report.usable)
            quantise_graph(
                *(folder / GRAPH, images, form, folder / INT8_GRAPH),
                show_progress=request.show_progress,
            )
            training["int8"] = {"calibrated_on": len(images)}
        write_manifest(folder, manifest)
        metrics, records = evaluate_bundle(
            load_bundle(str(folder)),
            dataset,
            report,
            work / "evaluation",
            workers=request.workers,
            show_progress=request.show_progress,
            command=request.command,
        )
        manifest["metrics"] = {split: key_figures(found) for split, found in metrics.items()}
        if request.int8:
            in_int8, records_in_int8 = evaluate_split(
                *(dataset, report, "val", load_bundle(str(folder))),
                runtime="openvino-int8",
                workers=request.workers,
                show_progress=request.show_progress,
                command=request.command,
            )
            training["int8"] |= {"val": key_figures(in_int8)} | cost_of_int8(
                (metrics["val"], in_int8), (records["val"], records_in_int8)
            )
        save_checkpoint(network, dict(enumerate(bundle.manifest.classes)), folder / CHECKPOINT)
        with replacing_text(folder / CARD) as stream:
            stream.write(write_card(manifest, metrics["val"], metrics.get("test")))
        write_manifest(folder, manifest)
        load_bundle(str(folder))
        place_bundle(folder, request.out, way_out="free some space and run again")
    return load_bundle(str(request.out))


def _check(request: RebuildRequest, dataset: Dataset) -> CheckReport:
    with Progress("check", len(dataset.samples), bar=request.show_progress) as progress:
        report = quick_check(dataset, workers=request.workers, on_image=progress.advance)
    for problem in report.problems:
        LOGGER.warning("%s: %s", dataset.name, problem.line)
    return report


def _require_same(
    dataset: Dataset, report: CheckReport, trained_with: dict[str, dict[str, int]]
) -> None:
    """Refuse data with other images: thresholds could be settled on what was trained on."""
    for split, expected in trained_with.items():
        usable = [sample for sample in report.usable if sample.split == split]
        labels = Counter(sample.fractured for sample in usable)
        found = {
            "images": len(usable),
            "fractured": labels[True],
            "not_fractured": labels[False],
        }
        differing = [name for name, number in found.items() if number != expected.get(name)]
        if differing:
            told = ", ".join(
                f"{found[name]} {name}, not {expected.get(name)}" for name in differing
            )
            raise DataError(
                f"{dataset.root}: its {split} split is not the one that the bundle was trained "
                f"with ({told}); give --data as the card's recipe has it"
            )


def _validation(report: CheckReport) -> list[ValidationImage]:
    return [_image(sample) for sample in report.usable if sample.split == "val"]


def _image(sample: Sample) -> ValidationImage:
    known = sample.boxes or sample.fractured is False
    known = known or (sample.fractured is None and sample.boxes is not None)
    places: list[Any] = [
        (entry.box.x1, entry.box.y1, entry.box.x2, entry.box.y2) for entry in sample.boxes or ()
    ]
    boxes = np.asarray(places, np.float64).reshape(-1, 4) if known else None
    return ValidationImage(sample.image, sample.fractured, boxes)
