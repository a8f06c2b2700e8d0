"""Plain ultralytics files, small and untrained, and ultralytics kept offline."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect.isolation import isolate_ultralytics

SIZE = 96  # side of their input
Picture = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="session", autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = dict(os.environ)
    isolate_ultralytics(tmp_path_factory.mktemp("settings"))
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def picture() -> Picture:
    """Make a grey picture of coarse squares: `picture(seed, height=120, width=90)`."""

    def make(seed: int, height: int = 120, width: int = 90) -> NDArray[np.uint8]:
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 255, (height // 10, width // 10))
        pixels: NDArray[np.uint8] = np.kron(coarse, np.ones((10, 10))).astype(np.uint8)
        return pixels

    return make


@pytest.fixture(scope="session")
def write_network(picture: Picture) -> Callable[..., Path]:
    """Save a `.pt` that has seen no data, but whose boxes and scores differ: `(path, *classes)`."""
    import torch
    from ultralytics import YOLO
    from ultralytics.nn.tasks import DetectionModel

    def write(path: Path, *names: str) -> Path:
        torch.manual_seed(3)
        yolo = YOLO("yolo11n.yaml")
        yolo.model = DetectionModel("yolo11n.yaml", nc=len(names), verbose=False)
        yolo.model.names = dict(enumerate(names))
        yolo.model.task = "detect"
        seen = np.stack([cv2.resize(picture(seed), (SIZE, SIZE)) for seed in range(32)])
        norms = [m for m in yolo.model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        with torch.no_grad():
            for norm in norms:
                norm.momentum = 1.0  # take the statistics of these pictures
            yolo.model.train()((torch.from_numpy(seen) / 255)[:, None].expand(-1, 3, -1, -1))
            head = yolo.model.eval().model[-1]
            for scores, sides in zip(head.cv3, head.cv2, strict=True):
                scores[-1].weight.normal_(0, 0.15)
                scores[-1].bias.fill_(-3.0)
                sides[-1].weight.normal_(0, 0.1)
        yolo.ckpt = {"train_args": {"imgsz": SIZE, "task": "detect"}}  # as its trainer leaves them
        yolo.save(path)
        return path

    return write


@pytest.fixture(scope="session")
def checkpoint(
    tmp_path_factory: pytest.TempPathFactory, write_network: Callable[..., Path]
) -> Path:
    """A `.pt` of two classes, of which one is a fracture."""
    return write_network(tmp_path_factory.mktemp("peer") / "best.pt", "metal", "fracture")


@pytest.fixture(scope="session")
def graph(checkpoint: Path) -> Path:
    """Its `.onnx`, as `yolo export format=onnx dynamic=True` makes it."""
    from ultralytics import YOLO

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter that ultralytics chooses
        return Path(YOLO(checkpoint).export(format="onnx", dynamic=True, simplify=False))
