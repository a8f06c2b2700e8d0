"""Task: the forward pass alone, on tensors that lie ready: the ceiling of any pipeline."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.inputs import collect_inputs
from detect.model.bundle import InputForm, load_bundle
from detect.model.preprocess import letterbox
from detect.model.runtime import RuntimeName, open_runtime
from detect.read import read

__all__ = ["measure_forward"]

_KEPT = 64  # tensors, taken in turn: a convolution takes as long whatever is on the picture


def measure_forward(
    folder: str, count: int, weights: str, workers: int, runtime: RuntimeName
) -> dict[str, Any]:
    """Time `count` forward passes by `workers` threads, set up as `build_predictor` does.

    Returns:
        images, seconds.
    """
    bundle = load_bundle(weights)
    run = open_runtime(bundle.graph_for(runtime), runtime, workers, bundle.manifest.input)
    files = islice(collect_inputs([folder]).files, _KEPT)
    tensors = [_tensor(file.path, bundle.manifest.input) for file in files]

    def forward(number: int) -> None:
        run(tensors[number % len(tensors)])

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(forward, range(2 * workers)))  # the threads' own requests are made
        started = time.perf_counter()
        list(pool.map(forward, range(count)))
        seconds = time.perf_counter() - started
    return {"images": count, "seconds": seconds}


def _tensor(path: Path, form: InputForm) -> NDArray[np.uint8]:
    """Return the network's input for the first image of a file: uint8 (1, 1, H, W)."""
    pixels = next(read(path, path.name)).pixels
    return letterbox(pixels, form.size, form.pad_to).image[None, None]
