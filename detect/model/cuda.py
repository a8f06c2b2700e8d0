"""Whether ONNX Runtime can compute on an NVIDIA card here, and if not, why.

ONNX Runtime itself goes on with the processor where CUDA cannot be loaded, and says so in its log
alone (microsoft/onnxruntime issue 23372). So each need is looked at by itself, in the order in
which a user has to see to it.
"""

from __future__ import annotations

import ctypes
import functools
import io
import os
import sys
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from detect.offline import switch_off_telemetry

__all__ = ["INSTALL_GPU", "count_cards", "tensorrt_version", "why_not_cuda", "why_not_tensorrt"]

INSTALL_GPU = 'python -m pip install -e ".[gpu]" -c configs/constraints.txt'
_DRIVER, _CUDNN, _TENSORRT = (
    ("nvcuda.dll", "cudnn64_9.dll", "nvinfer_10.dll")
    if sys.platform == "win32"
    else ("libcuda.so.1", "libcudnn.so.9", "libnvinfer.so.10")
)
_FATAL = 4  # severity: what its log says of missing libraries, we say in one line


@functools.cache
def count_cards() -> int:
    """Return the number of NVIDIA cards that the driver shows; 0 without a driver.

    CUDA_VISIBLE_DEVICES hides cards from it, as from all that uses CUDA.
    """
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


@functools.cache
def why_not_cuda() -> str | None:
    """Return None where a card can be computed on, else what is missing and the way out.

    The proof is memory taken on the first card. It also loads CUDA's libraries, from the packages
    that the extra `gpu` brings or from the system.
    """
    switch_off_telemetry()
    # Of all cuDNN's convolutions; the provider's own switch does not reach those of its graph
    # interface (microsoft/onnxruntime commit 1391354). Read when the libraries are loaded.
    os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
    try:
        import onnxruntime
    except ImportError:
        return f"onnxruntime-gpu is not installed; run: {INSTALL_GPU}"
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return (
            "the installed onnxruntime knows no card, and onnxruntime-gpu cannot lie beside it; "
            f"run: python -m pip uninstall -y onnxruntime onnxruntime-gpu, then: {INSTALL_GPU}"
        )
    if count_cards() == 0:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        shown = "" if hidden is None else f" (CUDA_VISIBLE_DEVICES is {hidden!r})"
        return f"no NVIDIA driver shows a card{shown}; use --runtime openvino"
    onnxruntime.set_default_logger_severity(_FATAL)
    said = io.StringIO()
    with redirect_stdout(said):  # it prints what it does not find
        onnxruntime.preload_dlls()
    try:
        ctypes.CDLL(_CUDNN)  # convolutions fail without, and only then
        onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(1, np.float32), "cuda", 0)
    except Exception as error:  # a C++ exception of any kind: it does not work
        missing = said.getvalue().partition("\n")[0] or " ".join(str(error).split())[-200:]
        wanted = onnxruntime.cuda_version
        return (
            f"CUDA {wanted} and cuDNN 9 cannot be used: {missing}; "
            f"with a driver for that CUDA, run: {INSTALL_GPU}"
        )
    return None


@functools.cache
def why_not_tensorrt() -> str | None:
    """Return None where TensorRT can be loaded beside CUDA, else what is missing."""
    reason = why_not_cuda()
    if reason is not None:
        return reason
    import onnxruntime

    major = onnxruntime.cuda_version.partition(".")[0]
    install = f'run: python -m pip install "tensorrt-cu{major}<11"'
    if find_spec("tensorrt_libs"):  # of NVIDIA's package: loads the libraries beside it
        import_module("tensorrt_libs")
    try:
        ctypes.CDLL(_TENSORRT)
    except OSError as error:
        return f"TensorRT 10 cannot be loaded: {error}; {install}"
    return None


def tensorrt_version() -> int:
    """Return the version of the TensorRT library that `why_not_tensorrt` loaded, as it counts."""
    version: int = ctypes.CDLL(_TENSORRT).getInferLibVersion()
    return version
