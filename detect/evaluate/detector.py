"""Anybody's plain ultralytics detector, `.pt` or exported `.onnx`, run by ultralytics itself.

It sees the very radiographs that a bundle sees, and is otherwise treated as its makers mean it
to be: its own image size, letterbox and non-maximum suppression.
https://docs.ultralytics.com/modes/predict/
"""

from __future__ import annotations

import ast
import atexit
import logging
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.data.sources.labels import FRACTURE, says_fracture
from detect.errors import InputError
from detect.extras import need_extra
from detect.isolation import isolate_ultralytics
from detect.model.bundle import file_sha256
from detect.record import ModelInfo

__all__ = ["LEAST_SCORE", "MOST_BOXES", "SUFFIXES", "Detected", "Detector", "open_detector"]

LOGGER = logging.getLogger(__name__)
SUFFIXES = (".pt", ".onnx")
LEAST_SCORE = 0.001  # `conf`, as ultralytics' own validation
MOST_BOXES = 300  # `max_det`, ultralytics' default
_IMAGE_SIZE = 640  # where a file states none: ultralytics' default


@dataclass(frozen=True, slots=True, eq=False)
class Detected:
    """Boxes of fractures in one image.

    Attributes:
        boxes: float64 (n, 4), xyxy pixels of the image, inside it.
        scores: float64 (n,), descending.
        labels: n class names.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a file says of itself."""

    names: Mapping[int, str]
    task: str
    image_size: int | list[int]
    channels: int
    version: str | None  # of the ultralytics that made it


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which classes are fractures, and how that is known."""

    names: frozenset[str]
    by: str


class Detector:
    """An ultralytics detector of which only the classes that are fractures count.

    Safe to call from several threads; one image is computed at a time, on all cores.

    Attributes:
        path: the file.
        info: file's stem, the version of ultralytics that made it, sha256 of the file.
        classes: all its class names.
        fractures: those of them that are fractures.
        fractures_by: how that is known, in words.
        image_size: side of its input in pixels, or (height, width).
    """

    def __init__(self, path: Path, model: Any, stated: _Stated, chosen: _Chosen) -> None:
        """Take what `open_detector` read."""
        fractures = chosen.names
        self.path = path
        made_by = f"ultralytics {stated.version}" if stated.version else "unknown"
        self.info = ModelInfo(path.stem, made_by, file_sha256(path))
        self.classes = tuple(stated.names.values())
        self.fractures = tuple(name for name in self.classes if name in fractures)
        self.fractures_by = chosen.by
        self.image_size = stated.image_size
        self._names = dict(stated.names)
        self._channels = stated.channels
        self._model = model
        self._one_at_a_time = threading.Lock()
        wanted = [index for index, name in stated.names.items() if name in fractures]
        self._wanted = None if len(wanted) == len(stated.names) else wanted

    def __call__(self, pixels: NDArray[np.uint8]) -> Detected:
        """Find fractures in a radiograph, uint8 (height, width)."""
        image = np.repeat(pixels[..., None], self._channels, axis=2)
        with self._one_at_a_time:
            (result,) = self._model.predict(
                image,
                conf=LEAST_SCORE,
                max_det=MOST_BOXES,
                imgsz=self.image_size,
                classes=self._wanted,
                verbose=False,
            )
        found = result.boxes.data.cpu().numpy().astype(np.float64)  # x1 y1 x2 y2 score class
        solid = (found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])
        found = found[solid]
        found = found[np.argsort(-found[:, 4], kind="stable")]
        labels = tuple(self._names[int(index)] for index in found[:, 5])
        return Detected(found[:, :4], found[:, 4], labels)


def open_detector(path: Path, option: str, classes: Mapping[str, str | None]) -> Detector:
    """Open an ultralytics detector, offline.

    Args:
        path: a `.pt`, which is unpickled and so runs code (a warning says so), or an `.onnx`.
        option: the option and its value as typed, which begins every message.
        classes: class name → "fracture", or None for one that is none; where it names none of
            the detector's classes, a single one is the fracture, and of several those are that
            say so (see `says_fracture`).

    Raises:
        InputError: there is no such file, it is no detector of ultralytics, or none of its
            classes is a fracture: one that finds persons and cars must not pass for one that
            finds fractures.
    """
    if not path.is_file():
        raise InputError(f"{option}: no such file; check the path")
    need_extra("train", "torch", "torchvision", "ultralytics", "onnx", "onnxruntime")
    _isolated()
    if path.suffix.lower() == ".pt":
        LOGGER.warning(
            "%s: opening a .pt runs the code in it; use only files whose source you trust", option
        )
    from ultralytics import YOLO

    try:
        model = YOLO(str(path), task="detect")
        stated = _of_checkpoint(model) if path.suffix.lower() == ".pt" else _of_graph(path)
    except Exception as error:  # a pickle may raise anything
        raise InputError(
            f"{option}: is no detector of ultralytics ({type(error).__name__}); "
            "give the .pt or .onnx of `yolo train` or `yolo export`, or a bundle's folder"
        ) from error
    if stated.task != "detect":
        raise InputError(f"{option}: is a network for {stated.task}; give a YOLO detector")
    return Detector(path, model, stated, _fractures(option, stated.names, classes))


@cache
def _isolated() -> None:
    """Keep ultralytics' settings out of the home folder until this process ends."""
    folder = tempfile.TemporaryDirectory(prefix="fracture-locator-")
    atexit.register(folder.cleanup)
    isolate_ultralytics(Path(folder.name))


def _of_checkpoint(model: Any) -> _Stated:
    return _Stated(
        names=dict(model.names),
        task=str(model.task),
        image_size=model.overrides.get("imgsz", _IMAGE_SIZE),
        channels=int(model.model.yaml.get("channels", 3)),
        version=model.ckpt.get("version"),
    )


def _of_graph(path: Path) -> _Stated:
    """Read what ultralytics' exporter writes into the graph's metadata."""
    import onnx

    graph = onnx.load(str(path), load_external_data=False)
    said = {entry.key: entry.value for entry in graph.metadata_props}
    return _Stated(
        names=ast.literal_eval(said["names"]),
        task=said["task"],
        image_size=ast.literal_eval(said["imgsz"]),
        channels=int(said.get("channels", 3)),
        version=said.get("version"),
    )


def _fractures(option: str, names: Mapping[int, str], classes: Mapping[str, str | None]) -> _Chosen:
    known: Sequence[str] = list(names.values())
    listed = _listed(known)
    if any(name in classes for name in known):
        chosen = frozenset(name for name in known if classes.get(name) == FRACTURE)
        if not chosen:
            message = f"{option}: none of its classes ({listed}) is mapped to fracture"
            raise InputError(f"{message}; mend `classes:` in the configuration")
        return _Chosen(chosen, "the configuration's classes say so")
    said = frozenset(filter(says_fracture, known))
    if said:
        return _Chosen(said, "its name says so" if len(said) == 1 else "their names say so")
    if len(known) > 1:
        raise InputError(
            f"{option}: none of its {len(known)} classes ({listed}) says fracture; "
            "give a --config whose `classes:` say which do, or a detector of fractures"
        )
    return _Chosen(frozenset(known), "it is the only class, though its name does not say so")


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
