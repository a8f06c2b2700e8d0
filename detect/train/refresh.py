"""The card of a finished bundle, written anew from later evaluations, without training."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detect.errors import BundleError, InputError
from detect.evaluate.robustness.saved import read_robustness
from detect.evaluate.saved_metrics import read_metrics
from detect.model.bundle import Bundle, load_bundle
from detect.model.runtimes import stated_precision
from detect.train.ablations import load_ablations
from detect.train.card import write_card
from detect.train.manifest import key_figures
from detect.train.pack import CARD, place_bundle, write_manifest
from detect.write.atomic import replacing_text

__all__ = ["refresh_card"]


def refresh_card(
    weights: str,
    val: Path,
    test: Path | None,
    ablations: Path | None = None,
    robustness: Path | None = None,
) -> Bundle:
    """Fill CARD.md and the manifest's key figures from `metrics.json`; return the new bundle.

    Graph, calibration and thresholds stay; the card, the figures and the hash of the card change,
    and so does the sha256 by which readings name the bundle. All files change together or none.

    Args:
        weights: name or path of a bundle made by `train`.
        val, test: `metrics.json`, or its folder, of both splits that the bundle was trained
            with, measured with this very bundle by like settings; test is None where the data
            has no such split.
        ablations: table for the card (see `detect.train.ablations`), which the manifest keeps;
            None: the one that it has, if any.
        robustness: `robustness.json`, or its folder, of this very bundle; None: the card then has
            no such section.

    Raises:
        BundleError: there is no such bundle, or it was not made by `train`.
        InputError: a file is no evaluation, not one of this bundle and its data, or not of float32,
            in which the bundle's thresholds were chosen.
        ConfigError: `ablations` is missing or has mistakes.
        OutputError: the bundle cannot be written; what was there is there still.
    """
    bundle = load_bundle(weights)
    manifest = bundle.manifest.model_dump(mode="json")
    try:
        trained_with = manifest["training"]["splits"]
    except KeyError as error:
        message = f"{bundle.folder}: the manifest tells no splits; only bundles of `train` do"
        raise BundleError(message) from error
    given = {"val": val} if test is None else {"val": val, "test": test}
    for split in trained_with:
        if split != "train" and split not in given:
            raise InputError(f"--{split}: needed, since {bundle.folder} was trained with it")
    splits = {split: _metrics(bundle, split, path) for split, path in given.items()}
    _alike(splits)
    altered = None if robustness is None else _robustness(bundle, robustness)
    if ablations is not None:
        manifest["training"]["ablations"] = load_ablations(ablations)
    try:
        manifest["metrics"] = {
            # the sha256 that the bundle had, so that the same evaluation fills the card again
            split: {**key_figures(found), "measured_as": found["model"]["sha256"]}
            for split, found in splits.items()
        }
        card = write_card(manifest, splits["val"], splits.get("test"), altered)
    except KeyError as error:
        message = f"{bundle.folder}: {error} is neither in its manifest nor in the metrics.json"
        raise BundleError(f"{message}; measure again, or train with this version") from error
    with TemporaryDirectory(prefix="fracture-locator-") as temporary:
        folder = Path(temporary) / "bundle"
        shutil.copytree(bundle.folder, folder)
        with replacing_text(folder / CARD) as stream:
            stream.write(card)
        write_manifest(folder, manifest)
        load_bundle(str(folder))
        place_bundle(folder, bundle.folder, way_out="free some space and run again")
    return load_bundle(str(bundle.folder))


def _metrics(bundle: Bundle, split: str, path: Path) -> dict[str, Any]:
    """Read an evaluation, and refuse one of another bundle, split or set of images."""
    option = f"--{split}"
    metrics = read_metrics(option, path)
    recorded = bundle.manifest.metrics.get(split, {}).get("measured_as")
    try:
        of_split, of_model = metrics["data"]["split"], metrics["model"]["sha256"]
        verdict = metrics["subsets"]["all"]["verdict"]
        counted = verdict["n_fractured"], verdict["n_not_fractured"]
    except (KeyError, TypeError) as error:
        message = f"{option} {path}: does not say what was measured on what ({error})"
        raise InputError(f"{message}; measure with `python cli.py evaluate`") from error
    if of_split != split:
        raise InputError(f"{option} {path}: was measured on {of_split}, not on {split}")
    if of_model not in (bundle.sha256, recorded):
        message = f"{option} {path}: was measured with another bundle than {bundle.folder}"
        raise InputError(f"{message}; measure again with --weights {bundle.folder}")
    if metrics.get("system", {}).get("mirror"):
        message = f"{option} {path}: was measured with --mirror, unlike the bundle's thresholds"
        raise InputError(f"{message}; measure again without it")
    if (metrics["data"].get("without_copies") or {}).get("n"):
        message = f"{option} {path}: was measured with --without-copies, not on the whole split"
        raise InputError(f"{message}; measure again without it")
    _in_float32(f"{option} {path}", metrics)
    trained = bundle.manifest.training["splits"].get(split, {})
    expected = trained.get("fractured"), trained.get("not_fractured")
    if counted != expected:
        raise InputError(
            f"{option} {path}: has {counted[0]} fractured images and {counted[1]} others, but the "
            f"{split} split of the training had {expected[0]} and {expected[1]}; measure on the "
            "data and splits that it was trained with"
        )
    return metrics


def _robustness(bundle: Bundle, path: Path) -> dict[str, Any]:
    """Read figures on altered images, and refuse those of another bundle."""
    found = read_robustness("--robustness", path)
    recorded = (one.get("measured_as") for one in bundle.manifest.metrics.values())
    if found["model"]["sha256"] not in (bundle.sha256, *recorded):
        message = f"--robustness {path}: was measured with another bundle than {bundle.folder}"
        raise InputError(f"{message}; measure again with --weights {bundle.folder}")
    _in_float32(f"--robustness {path}", found)
    return found


def _in_float32(file: str, found: dict[str, Any]) -> None:
    """Refuse figures of less exact arithmetic, which a card would show as the bundle's own."""
    precision = stated_precision(found.get("system", {}))
    if precision != "float32":
        message = f"{file}: was computed in {precision}, unlike the bundle's thresholds"
        raise InputError(f"{message}; measure again with --runtime openvino")


def _alike(splits: dict[str, dict[str, Any]]) -> None:
    """Refuse to put figures side by side that were measured differently."""
    settings = [metrics["settings"] for metrics in splits.values()]
    for other in settings[1:]:
        differing = [key for key in settings[0] if settings[0][key] != other.get(key)]
        if differing:
            message = f"--val and --test were measured with different {', '.join(differing)}"
            raise InputError(f"{message}; measure both with the same options")
