"""Task: the forward pass alone, on tensors that lie ready: the ceiling of any pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.inputs import collect_inputs
from detect.model.bundle import InputForm, load_bundle
from detect.model.preprocess import letterbox
from detect.model.runtime import RuntimeName, open_runtime
from detect.read import read

__all__ = ["measure_forward"]

_KEPT = 512  # tensors, of 0.4 MB each at 640 pixels


def measure_forward(
    folder: str, frames: list[int], weights: str, workers: int, runtime: RuntimeName
) -> dict[str, Any]:
    """Time as many forward passes as there are images, by threads set up as `build_predictor` does.

    How long a pass takes depends on the shape of its input, and with rectangular inputs each image
    has its own. So there is one tensor per image; of more than `_KEPT` images, that many evenly
    spaced ones stand for all, taken in turn, so that shapes come in the same proportions. Before
    the clock starts each thread computes each shape once: what a runtime makes for a new thread or
    a new shape is not counted.

    Args:
        folder: of the images.
        frames: how many images each file holds, in the order of their names.
        weights, workers, runtime: of `DetectRequest`.

    Returns:
        images, seconds.
    """
    bundle = load_bundle(weights)
    run = open_runtime(bundle.graph_for(runtime), runtime, workers, bundle.manifest.input)
    tensors = list(_tensors(folder, frames, bundle.manifest.input))
    shapes = list({tensor.shape: tensor for tensor in tensors}.values())
    met = threading.Barrier(workers)

    def warm_up(_: int) -> None:
        met.wait()  # none takes a second turn while another thread has had none
        for tensor in shapes:
            run(tensor)

    def forward(number: int) -> None:
        run(tensors[number % len(tensors)])

    count = sum(frames)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(warm_up, range(workers)))
        started = time.perf_counter()
        list(pool.map(forward, range(count)))
        seconds = time.perf_counter() - started
    return {"images": count, "seconds": seconds}


def _tensors(folder: str, frames: Sequence[int], form: InputForm) -> Iterator[NDArray[np.uint8]]:
    """Yield the network's input, uint8 (1, 1, H, W), of all images or evenly spaced ones."""
    count = sum(frames)
    kept = min(count, _KEPT)
    wanted = {number * count // kept for number in range(kept)}
    start = 0
    for file, held in zip(collect_inputs([folder]).files, frames, strict=True):
        mine = wanted.intersection(range(start, start + held))
        for number, image in enumerate(read(file.path, file.name) if mine else (), start):
            if number in mine:
                yield letterbox(image.pixels, form.size, form.pad_to).image[None, None]
        start += held
