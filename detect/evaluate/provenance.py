"""What figures rest on besides the model: the very images and truth, and the libraries."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import astuple
from importlib.metadata import PackageNotFoundError, version

from detect.evaluate.cases import Truth
from detect.record import Failure, Reading

__all__ = ["data_sha256", "environment"]

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "faster-coco-eval",
    "opencv-python",
    "openvino",
    "onnxruntime",
)


def environment() -> dict[str, str]:
    """Return the version of Python and of each library, of those installed, that moves figures."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an extra that this evaluation does without
    return found


def data_sha256(truths: Sequence[Truth], records: Sequence[Reading | Failure]) -> str:
    """Return a hash of what was measured on: equal for equal truth and image files.

    SHA-256 over one line per truth, by path: the JSON list of path, SHA-256 of the image's
    bytes (null where unknown), label, boxes and group.
    """
    digests = {record.source.path: record.source.sha256 for record in records}
    whole = hashlib.sha256()
    for truth in sorted(truths, key=lambda one: one.path):
        boxes = None if truth.boxes is None else [astuple(box) for box in truth.boxes]
        line = [truth.path, digests.get(truth.path), truth.fractured, boxes, truth.group]
        whole.update(json.dumps(line).encode("ascii") + b"\n")
    return whole.hexdigest()
