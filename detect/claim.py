"""Whose results a folder holds: what a run is, and whether it may write there."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from detect import __version__
from detect.errors import InputError
from detect.model.bundle import Bundle
from detect.write.json_lines import RESULTS_NAME

__all__ = ["RUN_NAME", "claim_folder", "describe_run"]

RUN_NAME = "run.yaml"
_SAME = ("bundle", "operating_point", "min_score")  # or records of one run would not compare
_PACKAGES = ("numpy", "opencv-python", "openvino", "pillow", "pydicom")


def describe_run(
    command: str, bundle: Bundle, operating_point: str, min_score: float | None, runtime: str
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
        "operating_point": operating_point,
        "min_score": min_score,
        "runtime": runtime,
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
        before = yaml.safe_load((out / RUN_NAME).read_text(encoding="utf-8"))
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
