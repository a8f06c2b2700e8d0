"""What can compute a bundle's graph, by name; which one `auto` is; how many workers it feeds.

    auto          cuda where the extra `gpu` is installed and an NVIDIA card works, else openvino
    openvino      the processor, in float32; what the base install brings
    openvino-bf16 the processor, in bfloat16, for those that have it: half as fast again, and less
                  exact
    openvino-int8 the processor, in 8 bits where it costs little: faster, and less exact; of a
                  bundle that has such a graph
    onnxruntime   the processor, by ONNX Runtime
    cuda          an NVIDIA card, by ONNX Runtime, in float32 as the others: within 1e-4 of them
    tensorrt      an NVIDIA card, by TensorRT, in half precision: faster, and less exact

Each result on the processor is the same, bit for bit, whatever runs beside it. A card reads several
images at once, and its arithmetic depends on how many: there, runs may differ by up to 1e-4.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args

from detect.cores import cores_allowed
from detect.errors import InputError

__all__ = [
    "MOST_AT_ONCE",
    "ON_GPU",
    "RUNTIMES",
    "GpuRuntimeName",
    "Precision",
    "RuntimeName",
    "choose_runtime",
    "default_workers",
    "precision_of",
    "stated_precision",
]

LOGGER = logging.getLogger(__name__)

GpuRuntimeName = Literal["cuda", "tensorrt"]
RuntimeName = Literal[
    "auto", "openvino", "openvino-bf16", "openvino-int8", "onnxruntime", "cuda", "tensorrt"
]
ON_GPU: tuple[GpuRuntimeName, ...] = get_args(GpuRuntimeName)
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)
MOST_AT_ONCE = 16  # images that a card is given together, if its memory holds them
_GPU_PACKAGE = "onnxruntime-gpu"

Precision = Literal["float32", "bfloat16", "float16", "int8"]
"""What most of the network's sums are computed in; results of one must not pass for another's."""

_REDUCED: dict[RuntimeName, Precision] = {
    "openvino-bf16": "bfloat16",
    "openvino-int8": "int8",
    "tensorrt": "float16",
}


def choose_runtime(name: RuntimeName) -> RuntimeName:
    """Return what `auto` is on this machine, and any other name as it is.

    Without the extra `gpu` or without a card, `auto` costs milliseconds and loads nothing.

    Raises:
        InputError: a runtime on a card is named, and cannot work; the line says why.
    """
    if name in ON_GPU:
        from detect.model.cuda import why_not_cuda, why_not_tensorrt

        reason = why_not_cuda() if name == "cuda" else why_not_tensorrt()
        if reason is not None:
            raise InputError(f"--runtime {name}: {reason}")
    if name != "auto":
        return name
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(_GPU_PACKAGE)
    except PackageNotFoundError:
        return "openvino"
    from detect.model.cuda import count_cards, why_not_cuda

    if not count_cards():
        return "openvino"
    reason = why_not_cuda()
    if reason is None:
        return "cuda"
    LOGGER.warning("--runtime auto: the processor computes, since the card cannot: %s", reason)
    return "openvino"


def precision_of(name: RuntimeName) -> Precision:
    """Return what a runtime computes in; `auto` takes none that reduces it."""
    return _REDUCED.get(name, "float32")


def stated_precision(about: Mapping[str, Any]) -> str:
    """Return what results were computed in, as run.yaml or the `system` of an evaluation tells.

    An older one may name the runtime alone; of float32 is what names neither.
    """
    return str(about.get("precision") or precision_of(about.get("runtime") or "auto"))


def default_workers(name: RuntimeName) -> int:
    """Return how many threads read files at once: two for each core, and on a card more.

    Those that wait for the network need no core: while one core computes for one of them, the
    other decodes, draws and encodes. On two cores a folder with overlays takes 4 % less time than
    with two threads. With as many as a card takes together, every core goes on decoding meanwhile.

    Args:
        name: of `choose_runtime`.
    """
    cores = cores_allowed()
    return cores + MOST_AT_ONCE if name in ON_GPU else 2 * cores
