"""The forward pass alone: on which inputs, and how warm."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detect import DEFAULT_BUNDLE
from detect.benchmark import task_forward
from detect.benchmark.images import Chosen, choose_images
from detect.benchmark.task_forward import measure_forward
from detect.model.bundle import load_bundle
from detect.model.preprocess import letterbox

WORKERS = 3
Shape = tuple[int, ...]


class Recorder:
    """A runtime that remembers which thread brought which shape, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, Shape]] = []

    def __call__(self, images: Any) -> None:
        self.calls.append((threading.get_ident(), images.shape))
        time.sleep(0.001)  # as a network: others take the next image meanwhile


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(task_forward, "open_runtime", lambda *_: made)
    return made


@pytest.fixture
def mixed(tmp_path: Path) -> Chosen:
    """Twelve images: two squares by name first, then a file of four tall ones, then six wide."""
    data = tmp_path / "data"
    data.mkdir()

    def grey(height: int, width: int, number: int) -> Image.Image:
        pixels = np.random.default_rng(number).integers(0, 200, (height, width), np.uint8)
        return Image.fromarray(pixels)

    for number in range(2):
        grey(90, 90, number).save(data / f"a{number}.png")
    first, *others = (grey(100, 40, number) for number in range(4))
    first.save(data / "b.tif", save_all=True, append_images=others)
    for number in range(6):
        grey(40, 100, number).save(data / f"c{number}.png")
    return choose_images(data, None, 0, tmp_path / "copies", plain=False, workers=1)


def shape_of(height: int, width: int) -> Shape:
    form = load_bundle(DEFAULT_BUNDLE).manifest.input
    fitted = letterbox(np.zeros((height, width), np.uint8), form.size, form.pad_to)
    return (1, 1, *fitted.image.shape)


SQUARE, TALL, WIDE = shape_of(90, 90), shape_of(100, 40), shape_of(40, 100)


def test_each_image_is_timed_once_after_each_thread_has_seen_each_shape(
    mixed: Chosen, recorder: Recorder
) -> None:
    assert mixed.frames == (1, 1, 4, 1, 1, 1, 1, 1, 1)
    assert len({SQUARE, TALL, WIDE}) == 3
    measured = measure_forward(
        str(mixed.folder), list(mixed.frames), DEFAULT_BUNDLE, WORKERS, "openvino"
    )
    assert measured["images"] == 12
    assert measured["seconds"] > 0.001 * 12 / WORKERS
    warm, timed = recorder.calls[: 3 * WORKERS], recorder.calls[3 * WORKERS :]
    assert len(set(warm)) == 3 * WORKERS
    assert {thread for thread, _ in timed} <= {thread for thread, _ in warm}
    assert len({thread for thread, _ in warm}) == WORKERS
    assert Counter(shape for _, shape in timed) == {SQUARE: 2, TALL: 4, WIDE: 6}


def test_of_too_many_images_some_stand_for_all_in_the_same_proportions(
    mixed: Chosen, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_forward, "_KEPT", 6)
    form = load_bundle(DEFAULT_BUNDLE).manifest.input
    kept = list(task_forward._tensors(str(mixed.folder), mixed.frames, form))
    assert [tensor.shape for tensor in kept] == [SQUARE, TALL, TALL, WIDE, WIDE, WIDE]
    assert all(tensor.dtype == np.uint8 for tensor in kept)
    measure_forward(str(mixed.folder), list(mixed.frames), DEFAULT_BUNDLE, WORKERS, "openvino")
    timed = Counter(shape for _, shape in recorder.calls[3 * WORKERS :])
    assert timed == {SQUARE: 2, TALL: 4, WIDE: 6}
