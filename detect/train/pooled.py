"""Pooled trunk features of many pictures, through the exported graph itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detect.in_order import in_order
from detect.model.bundle import InputForm
from detect.model.preprocess import letterbox
from detect.model.runtime import open_runtime
from detect.progress import followed

__all__ = ["Picture", "pooled_features"]

Picture = Callable[[], NDArray[np.uint8]]  # opens one, so that few are in memory at once


def pooled_features(
    pictures: Sequence[Picture], graph: Path, form: InputForm, workers: int, show_progress: bool
) -> NDArray[np.float64]:
    """Return the features of each picture, (n, D), in order.

    Args:
        pictures: each returns uint8 (h, w) when called, in any thread.
        graph: the exported graph, which gives features.
        form: of its input.
        workers: threads.
        show_progress: draw a bar on stderr.
    """
    run = open_runtime(graph, threads=workers)

    def work(picture: Picture) -> NDArray[np.float32]:
        fitted = letterbox(picture(), form.size, form.pad_to)
        features = run(fitted.image[None, None]).features
        assert features is not None  # of a graph that this version exported
        return features[0]

    rows = followed(
        "attributes", in_order(work, pictures, workers), len(pictures), bar=show_progress
    )
    return np.array(list(rows), np.float64)
