"""ONNX Runtime on an NVIDIA card: its CUDA provider in float32, or TensorRT in half precision.

Images go to the card as uint8, a quarter of what float32 would be, in one copy a batch. It is no
pinned copy: ONNX Runtime's Python binding can allocate host memory that a card reads by itself
(`OrtValue.ortvalue_from_shape_and_type(memory_info=…)`, pull request 28038), but only for cards
that `get_ep_devices` lists, and for the CUDA provider of its released packages it lists none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detect.errors import DeviceError, DeviceMemoryError, InputError
from detect.model.batching import BatchingRuntime
from detect.model.bundle import InputForm, file_sha256
from detect.model.cuda import tensorrt_version
from detect.model.runtime import OUTPUTS, RawOutput
from detect.model.runtimes import MOST_AT_ONCE, GpuRuntimeName

__all__ = ["CardSession", "Provider", "cuda_providers", "open_on_gpu", "tensorrt_providers"]

LOGGER = logging.getLogger(__name__)

Provider = tuple[str, dict[str, Any]]
"""An execution provider of ONNX Runtime, and its options."""

# As ONNX Runtime's arena, CUDA, cuBLAS, cuDNN, cuFFT, TensorRT and C++ say it, in that order.
_OUT_OF_MEMORY = re.compile(
    r"failed to allocate memory|smaller than requested bytes"
    r"|out of memory|MemoryAllocation|ALLOC(ATION)?_FAILED|bad.?alloc",
    re.IGNORECASE,
)
_FATAL = 4  # severity: errors are raised, which is enough


def open_on_gpu(graph: Path, name: GpuRuntimeName, form: InputForm | None) -> BatchingRuntime:
    """Load the graph onto the first card that CUDA shows.

    Args:
        graph: of a bundle.
        name: of `choose_runtime`, which sees to it that there is a card.
        form: of its inputs; TensorRT, which is told, builds one engine for all of them.

    Raises:
        InputError: ONNX Runtime does not take the card all the same.
        DeviceError: the card has no room.
    """
    providers = cuda_providers()
    if name == "tensorrt":
        providers = [*tensorrt_providers(_engines(graph), form), *providers]
        LOGGER.info("TensorRT builds an engine for this card and these weights: minutes, once")
    return BatchingRuntime(CardSession(graph, name, providers), MOST_AT_ONCE)


def cuda_providers() -> list[Provider]:
    """Return the CUDA provider, set to give what processors give.

    Without TF32, which rounds float32 to 10 bits of mantissa. Convolutions are chosen by rule:
    the default tries all of them for each new shape, and the fastest is not always the same one.
    """
    options = {
        "device_id": 0,
        "use_tf32": 0,
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",  # else it doubles, and fills the card early
    }
    return [("CUDAExecutionProvider", options)]


def tensorrt_providers(engines: Path, form: InputForm | None) -> list[Provider]:
    """Return the TensorRT provider in half precision, keeping its engines in a folder.

    Args:
        engines: of one graph and one version of TensorRT: the provider names an engine after the
            graph's structure, and would take that of other weights for this one's.
        form: gives the range of shapes that the engine is built for; None: it is built anew
            whenever a shape leaves the range seen so far.
    """
    options: dict[str, Any] = {
        "device_id": 0,
        "trt_fp16_enable": True,
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(engines),
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(engines),
    }
    if form is not None:
        least, most = form.pad_to or form.size, form.size
        if form.pad_to:
            most = -(-most // form.pad_to) * form.pad_to
        options |= {
            "trt_profile_min_shapes": f"image:1x1x{least}x{least}",
            "trt_profile_opt_shapes": f"image:{MOST_AT_ONCE}x1x{most}x{most}",
            "trt_profile_max_shapes": f"image:{MOST_AT_ONCE}x1x{most}x{most}",
        }
    return [("TensorrtExecutionProvider", options)]


def _engines(graph: Path) -> Path:
    """Return the folder for this graph's engines, made if need be, for this user alone."""
    import onnxruntime
    import platformdirs

    versions = f"{onnxruntime.__version__}-{tensorrt_version()}"
    cache = platformdirs.user_cache_path("fracture-locator", appauthor=False)
    folder = cache / "tensorrt" / f"{file_sha256(graph)}-{versions}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


class CardSession:
    """A session of ONNX Runtime on a card; for one thread at a time, as `BatchingRuntime` does."""

    def __init__(self, graph: Path, name: str, providers: Sequence[Provider]) -> None:
        """Load the graph.

        Args:
            graph: of a bundle.
            name: of the runtime, for messages.
            providers: the first of them must take the graph.

        Raises:
            InputError: it does not, and ONNX Runtime would go on with the processor.
            DeviceError: its memory does not hold the graph.
        """
        self._graph = graph
        self._name = name
        self._providers = list(providers)
        self._lost = ""  # why there is no session any more
        self._session: Any = self._open()
        given = {output.name for output in self._session.get_outputs()}
        self._outputs = [name for name in OUTPUTS if name in given]

    def _open(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # for what is left to the processor: shapes
        options.log_severity_level = _FATAL
        try:
            session = onnxruntime.InferenceSession(
                str(self._graph), options, providers=self._providers, enable_fallback=0
            )
        except Exception as error:  # C++ exceptions of several types
            if _OUT_OF_MEMORY.search(str(error)):
                raise self._no_room("the network") from error
            raise
        wanted = self._providers[0][0]
        if wanted not in session.get_providers():
            raise InputError(
                f"--runtime {self._name}: ONNX Runtime cannot use {wanted} here, and would compute "
                "on the processor; use --runtime openvino for that"
            )
        return session

    def __call__(self, images: NDArray[np.uint8]) -> RawOutput:
        """Run uint8 (B, 1, H, W).

        Raises:
            DeviceMemoryError: they do not fit into the card's memory; fewer might.
            DeviceError: the card fails, or failed before in a way that left no session.
        """
        if self._session is None:
            raise self._failure(self._lost)
        try:
            values = self._session.run(self._outputs, {"image": images})
        except Exception as error:  # C++ exceptions of several types
            said = " ".join(str(error).split())
        else:
            return RawOutput(**dict(zip(self._outputs, values, strict=True)))
        LOGGER.debug("%s", said)
        if not _OUT_OF_MEMORY.search(said):
            raise self._failure(said[-300:])
        count, _, high, wide = images.shape
        what = f"{count} image{'s' * (count > 1)} of {wide}×{high}"
        self._open_anew(what)
        raise self._no_room(what)

    def _open_anew(self, what: str) -> None:
        """Begin a new session after `what` did not fit.

        The arena keeps all it took, in pieces for the batch that failed, and a smaller one may
        find no room among them. A new session begins with none.

        Raises:
            DeviceError: there is none. Fewer images would not help: it is no DeviceMemoryError.
        """
        self._session = None  # its memory is free before the next one asks for some
        self._lost = f"{what} did not fit, and no new session was opened"
        try:
            self._session = self._open()
        except Exception as error:  # ours, or C++ exceptions of several types
            said = " ".join(str(error.__cause__ or error).split())
            self._lost += f": {said[-300:]}"
            raise self._failure(self._lost) from error

    def _failure(self, said: str) -> DeviceError:
        return DeviceError(
            f"--runtime {self._name}: the card fails: {said}; "
            "--resume goes on, --runtime openvino without it"
        )

    def _no_room(self, what: str) -> DeviceMemoryError:
        return DeviceMemoryError(
            f"--runtime {self._name}: {what} cannot be held in the card's memory; see with "
            "nvidia-smi what fills it, or use --runtime openvino"
        )
