"""Whose results a folder holds: what a run is, whether it may write there, and in whose place."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from detect import __version__
from detect.errors import InputError
from detect.model.bundle import Bundle
from detect.model.runtimes import RuntimeName, precision_of, stated_precision
from detect.write.atomic import naming_output
from detect.write.context import HEATMAPS_NAME
from detect.write.formats import remove_formats
from detect.write.json_lines import RESULTS_NAME
from detect.write.run_file import RUN_NAME, holds_run

__all__ = ["IMAGES_NAME", "RunSettings", "claim_folder", "clear_run", "describe_run"]

IMAGES_NAME = "images"
_PACKAGES = ("numpy", "opencv-python", "openvino", "pillow", "pydicom")


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What all records and pictures of one folder have in common, beside the bundle."""

    inputs: tuple[str, ...]  # of `Inputs.given`
    operating_point: str
    min_score: float | None
    images: bool
    heatmap: bool
    mirror: bool = False


# Runtimes may take turns, but none of less exact sums: no record says what it was computed in.
_SAME = ("bundle", *(field.name for field in fields(RunSettings)), "precision")


def describe_run(
    command: str, bundle: Bundle, settings: RunSettings, runtime: RuntimeName
) -> dict[str, Any]:
    """Return what run.yaml says of a run before it ends, as plain YAML types."""
    return {
        "schema_version": "1.0",
        "command": command,
        "versions": {
            "fracture-locator": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
        },
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": {
            "name": bundle.manifest.name,
            "version": bundle.manifest.version,
            "sha256": bundle.sha256,
        },
        **asdict(settings) | {"inputs": list(settings.inputs)},
        "runtime": runtime,
        "precision": precision_of(runtime),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None  # built from source or of another distribution: it works all the same


def claim_folder(out: Path, run: Mapping[str, Any], *, resume: bool, overwrite: bool) -> None:
    """Refuse to mix two runs in one folder, or to drop results without being told to.

    Args:
        run: of `describe_run`.

    Raises:
        InputError: one of both would happen, or `out` is no folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; name a folder")
    if not (out / RESULTS_NAME).exists():
        return
    if not resume:
        if not overwrite:
            raise InputError(
                f"--out {out}: holds results already; "
                "--resume goes on with them, --overwrite replaces them"
            )
        return
    try:
        # a run from before one could ask for it was not mirrored
        before = {"mirror": False} | yaml.safe_load((out / RUN_NAME).read_text(encoding="utf-8"))
        before["precision"] = stated_precision(before)
        differing = [name for name in _SAME if before[name] != run[name]]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise InputError(
            f"{out / RUN_NAME}: says nothing of the run to --resume; "
            "--overwrite starts anew, or choose another --out"
        ) from error
    if differing:
        raise InputError(
            f"--resume: {', '.join(differing)} differ from the run in {out}; "
            "repeat its options, or choose another --out"
        )


def clear_run(out: Path) -> None:
    """Remove what an earlier run wrote into `out`, and nothing else; a folder without one stays.

    The two files that mark a run go last, so that a kill leaves a folder that can be cleared.

    Raises:
        OutputError: something cannot be removed.
    """
    if not holds_run(out):
        return
    with naming_output(out):
        for folder, suffix in ((IMAGES_NAME, ".jpg"), (HEATMAPS_NAME, ".png")):
            _clear_pictures(out / folder, suffix)
        remove_formats(out)
        (out / RUN_NAME).unlink(missing_ok=True)


def _clear_pictures(folder: Path, suffix: str) -> None:
    for parent, _, files in os.walk(folder, topdown=False):
        here = Path(parent)
        for name in files:
            if name.endswith(suffix) or (name.startswith(".") and name.endswith(".part")):
                (here / name).unlink()
        if not any(here.iterdir()):
            here.rmdir()
