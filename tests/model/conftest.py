"""A bundle that loads, and the means to spoil it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

WriteBundle = Callable[..., Path]


def plain_manifest() -> dict[str, Any]:
    """Return a valid manifest but for `files`, as plain YAML types."""
    rates = {"sensitivity": 0.9, "specificity": 0.9}
    return {
        "schema_version": 1,
        "name": "tiny",
        "version": "1.2.3",
        "classes": ["fracture", "dislocation"],
        "input": {
            "size": 128,
            "channels": 1,
            "dtype": "uint8",
            "pad_value": 114,
            "fit": "letterbox-centred",
        },
        "calibration": {"intercept": -0.5, "image_weight": 0.8, "box_weight": 0.3},
        "operating_points": {
            "screening": {"threshold": 0.2, "rule": "sensitivity", **rates},
            "balanced": {"threshold": 0.5, "rule": "Youden", **rates},
            "confirm": {"threshold": 0.8, "rule": "specificity", **rates},
        },
        "default_operating_point": "balanced",
        "box_thresholds": {
            "definite": {"score": 0.6, "false_positives_per_image": 0.1, "sensitivity": 0.4},
            "suspicious": {"score": 0.3, "false_positives_per_image": 0.5, "sensitivity": 0.6},
        },
        "training": {"data": ["phantom"]},
        "metrics": {},
    }


@pytest.fixture
def write_bundle(tmp_path: Path) -> WriteBundle:
    """Write a bundle and return its folder: `write_bundle(**changed_manifest_entries)`.

    The graph is a file of a few bytes: loading a bundle checks it, but does not open it.
    """

    def write(**changes: Any) -> Path:
        folder = tmp_path / "bundle"
        folder.mkdir(exist_ok=True)
        (folder / "model.onnx").write_bytes(b"a graph")
        (folder / "CARD.md").write_text("a card", encoding="utf-8")
        files = {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("model.onnx", "CARD.md")
        }
        manifest = plain_manifest() | {"files": files} | changes
        (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
        return folder

    return write
