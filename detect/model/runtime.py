"""Running the bundle's ONNX graph, on the processor or a graphics card, behind one face.

The graph: `image` uint8 (B, 1, H, W) → `boxes` float32 (B, N, 4) xyxy in network pixels,
`scores` float32 (B, N, classes) in [0, 1], `image_logit` float32 (B,), `evidence` float32
(B, H/8, W/8) in [0, 1], and `features` float32 (B, D), the trunk's pooled feature maps. H and W
are multiples of the network's greatest stride. Graphs of older bundles take squares of one size
alone, or give no features.
"""

from __future__ import annotations

import threading
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detect.cores import cores_allowed
from detect.errors import BundleError, FractureLocatorError, InputError
from detect.extras import need_extra
from detect.model.bundle import Bundle, InputForm
from detect.model.runtimes import RuntimeName, choose_runtime
from detect.offline import switch_off_telemetry

__all__ = [
    "OUTPUTS",
    "RawOutput",
    "Runtime",
    "RuntimeName",
    "open_runtime",
    "require_bfloat16",
    "require_runtime",
]

OUTPUTS = ("boxes", "scores", "image_logit", "evidence", "features")

_EXTRAS = {"onnxruntime": '".[onnxruntime]"', "cuda": '".[gpu]"', "tensorrt": '".[gpu]"'}

# OpenVINO's Python binding fills static tables at its first use, under a C++ guard and with the
# GIL let go in between: two threads whose first calls meet there wait for each other for ever.
_FIRST_CALL = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class RawOutput:
    """The graph's outputs, as the module docstring states them."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    image_logit: NDArray[np.float32]
    evidence: NDArray[np.float32]
    features: NDArray[np.float32] | None = None  # of older graphs none


class Runtime(Protocol):
    """Anything that runs the graph; safe to call from several threads at once."""

    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        """Run uint8 (B, 1, H, W)."""


class _OpenVino:
    """One compiled model; each calling thread owns an infer request."""

    def __init__(self, graph: Path, threads: int, *, bfloat16: bool = False) -> None:
        import openvino

        if bfloat16:
            require_bfloat16()
        # callers beyond the cores keep each stream supplied, and need none of their own
        streams = str(min(threads, cores_allowed()))
        # f32: some processors would otherwise compute in bfloat16 unasked and change the results.
        self._compiled = openvino.Core().compile_model(
            str(graph),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": streams,
            },
        )
        given = {name for output in self._compiled.outputs for name in output.get_names()}
        self._outputs = _outputs(given)
        self._local = threading.local()

    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        request: Any = getattr(self._local, "request", None)
        if request is None:
            with _FIRST_CALL:
                request = self._local.request = self._compiled.create_infer_request()
                result = request.infer({"image": images})
        else:
            result = request.infer({"image": images})
        # Copies: the request's own buffers are written again by its next call.
        return RawOutput(**{name: np.array(result[name]) for name in self._outputs})


class _OnnxRuntime:
    """One session; ONNX Runtime's `run` is safe for concurrent callers."""

    def __init__(self, graph: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(threads, cores_allowed())
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self._outputs = _outputs({output.name for output in self._session.get_outputs()})

    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        values = self._session.run(self._outputs, {"image": images})
        return RawOutput(**dict(zip(self._outputs, values, strict=True)))


def require_bfloat16() -> None:
    """Refuse a processor that does not compute in bfloat16, as OpenVINO sees it.

    Raises:
        InputError: this is one.
    """
    import openvino

    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise InputError(
            "--runtime openvino-bf16: this processor has no bfloat16; leave out the option, "
            "or try openvino-int8"
        )


def require_runtime(name: RuntimeName, bundle: Bundle) -> None:
    """Tell before a long check what `open_runtime` would find out after it.

    Args:
        name: of `choose_runtime`.
        bundle: whose graph it is to compute.

    Raises:
        InputError: it is not installed, or this processor has no bfloat16 for it.
        BundleError: the bundle has no graph for it.
    """
    bundle.graph_for(name)
    if name == "openvino-bf16":
        require_bfloat16()
    elif name == "onnxruntime":
        need_extra(name, name)


def _outputs(given: Set[str]) -> list[str]:
    """Return what to ask of a graph that gives these: of an older one, no features."""
    return [name for name in OUTPUTS if name != "features" or name in given]


def open_runtime(
    graph: Path,
    name: RuntimeName = "openvino",
    threads: int = 1,
    form: InputForm | None = None,
) -> Runtime:
    """Load the graph into a runtime, to be called by up to `threads` threads at once.

    Args:
        graph: of a bundle.
        name: as `detect.model.runtimes` lists them.
        threads: for which a processor's runtime is set up; on a card any number may call.
        form: of the inputs; TensorRT alone wants to know it.

    Raises:
        InputError: the runtime is not installed, or there is no card for it.
        BundleError: the graph cannot be loaded.
        DeviceError: the card has no room for it.
    """
    switch_off_telemetry()
    chosen = choose_runtime(name)
    try:
        if chosen == "cuda" or chosen == "tensorrt":
            from detect.model.onnx_gpu import open_on_gpu  # which needs this module

            return open_on_gpu(graph, chosen, form)
        if chosen == "onnxruntime":
            return _OnnxRuntime(graph, threads)
        return _OpenVino(graph, threads, bfloat16=chosen == "openvino-bf16")
    except FractureLocatorError:
        raise
    except ImportError as error:
        what = _EXTRAS.get(chosen, ".")
        raise InputError(
            f"--runtime {name}: not installed; "
            f"run: python -m pip install -e {what} -c configs/constraints.txt"
        ) from error
    except Exception as error:  # runtimes raise their own types; all mean the graph is unusable
        first = " ".join(str(error).split())[:200]
        raise BundleError(f"{graph}: cannot be loaded: {first}") from error
