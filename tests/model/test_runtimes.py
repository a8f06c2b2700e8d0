"""Which runtime a name stands for on a machine, and why a card cannot be used."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from detect.errors import InputError
from detect.model import cuda
from detect.model.runtimes import (
    MOST_AT_ONCE,
    RUNTIMES,
    choose_runtime,
    default_workers,
    precision_of,
    stated_precision,
)

INSTALL = 'python -m pip install -e ".[gpu]" -c configs/constraints.txt'


class Machine:
    """What is installed and works; all of it, until something is taken away."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.package = ModuleType("onnxruntime")
        self.package.cuda_version = "13.0"  # type: ignore[attr-defined]
        self.providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider"]
        self.package.get_available_providers = lambda: self.providers  # type: ignore[attr-defined]
        self.package.set_default_logger_severity = lambda _: None  # type: ignore[attr-defined]
        self.package.preload_dlls = self._preload  # type: ignore[attr-defined]
        self.package.OrtValue = self  # type: ignore[attr-defined]
        self.missing: str | None = None
        self.libraries = {"libcudnn.so.9", "libnvinfer.so.10", "cudnn64_9.dll", "nvinfer_10.dll"}
        patch.setitem(sys.modules, "onnxruntime", self.package)
        patch.setattr(importlib.metadata, "version", lambda name: {"onnxruntime-gpu": "1.31"}[name])
        patch.setattr(cuda.ctypes, "CDLL", self._load)
        patch.setattr(cuda, "count_cards", lambda: 1)

    def _preload(self) -> None:
        if self.missing:
            sys.stdout.write(f"Failed to load {self.missing}: cannot open\nPlease follow a link\n")

    def _load(self, name: str) -> object:
        if name not in self.libraries:
            raise OSError(f"{name}: cannot open shared object file")
        return self

    def ortvalue_from_numpy(self, _values: object, device: str, number: int) -> None:
        assert (device, number) == ("cuda", 0)
        if self.missing:
            raise RuntimeError("CUDA Provider not available")

    def without_package(self) -> None:
        def version(name: str) -> str:
            raise importlib.metadata.PackageNotFoundError(name)

        self._patch.setattr(importlib.metadata, "version", version)

    def without_cards(self) -> None:
        self._patch.setattr(cuda, "count_cards", lambda: 0)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for asked in (cuda.why_not_cuda, cuda.why_not_tensorrt):
        asked.cache_clear()
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    yield Machine(monkeypatch)
    for asked in (cuda.why_not_cuda, cuda.why_not_tensorrt):
        asked.cache_clear()


@pytest.mark.usefixtures("machine")
def test_auto_takes_a_card_that_works() -> None:
    assert choose_runtime("auto") == "cuda"
    assert choose_runtime("tensorrt") == "tensorrt"
    assert choose_runtime("openvino") == "openvino"


@pytest.mark.usefixtures("machine")
def test_float32_stays_float32_on_a_card() -> None:
    choose_runtime("cuda")
    assert os.environ["NVIDIA_TF32_OVERRIDE"] == "0"


def test_auto_is_the_processor_without_the_package_or_a_card(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.without_package()
    assert choose_runtime("auto") == "openvino"
    machine = Machine(machine._patch)
    machine.without_cards()
    assert choose_runtime("auto") == "openvino"
    assert not caplog.records


def test_auto_says_so_where_a_card_is_there_and_does_not_work(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.missing = "libcurand.so.10"
    assert choose_runtime("auto") == "openvino"
    (record,) = caplog.records
    assert "libcurand.so.10" in record.getMessage()


def test_auto_loads_no_onnxruntime_where_there_is_no_card(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.without_cards()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # importing it would fail
    assert choose_runtime("auto") == "openvino"


def refusal(name: str) -> str:
    with pytest.raises(InputError) as caught:
        choose_runtime(name)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith(f"--runtime {name}: ")
    assert "\n" not in message
    return message


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("name", ["cuda", "tensorrt"])
def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert refusal(name).endswith(f"onnxruntime-gpu is not installed; run: {INSTALL}")


@pytest.mark.parametrize("name", ["cuda", "tensorrt"])
def test_the_package_for_processors_is_told_from_the_one_for_cards(
    machine: Machine, name: str
) -> None:
    machine.providers = ["CPUExecutionProvider"]
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in refusal(name)


def test_a_card_that_is_hidden_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.without_cards()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert "no NVIDIA driver shows a card;" in refusal("cuda")
    cuda.why_not_cuda.cache_clear()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "no NVIDIA driver shows a card (CUDA_VISIBLE_DEVICES is '-1');" in refusal("cuda")


def test_a_library_that_is_missing_is_named(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.missing = "libcurand.so.10"
    message = refusal("cuda")
    assert "CUDA 13.0 and cuDNN 9 cannot be used: Failed to load libcurand.so.10" in message
    assert capsys.readouterr().out == ""  # what ONNX Runtime prints is in the one line


def test_cudnn_is_looked_for_since_only_convolutions_miss_it(machine: Machine) -> None:
    machine.libraries.clear()
    assert "cannot be used: " in refusal("cuda")


def test_tensorrt_is_told_from_cuda(machine: Machine) -> None:
    machine.libraries = {name for name in machine.libraries if "cudnn" in name}
    assert choose_runtime("cuda") == "cuda"
    assert refusal("tensorrt").endswith('run: python -m pip install "tensorrt-cu13<11"')


def test_a_machine_without_a_driver_has_no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    class Driver:
        def __init__(self, start: int, count: int) -> None:
            self.cuInit = lambda _: start
            self.count = count

        def cuDeviceGetCount(self, found: object) -> int:
            found._obj.value = self.count  # type: ignore[attr-defined]
            return 0

    def none(name: str) -> object:
        raise OSError(name)

    for load, cards in ((none, 0), (lambda _: Driver(0, 2), 2), (lambda _: Driver(100, 2), 0)):
        monkeypatch.setattr(cuda.ctypes, "CDLL", load)
        cuda.count_cards.cache_clear()
        assert cuda.count_cards() == cards
    cuda.count_cards.cache_clear()


def test_a_card_gets_enough_callers_for_a_batch_beside_a_thread_per_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detect.model.runtimes.cores_allowed", lambda: 3)
    assert default_workers("openvino") == 6
    assert default_workers("cuda") == default_workers("tensorrt") == 3 + MOST_AT_ONCE


def test_each_runtime_has_its_precision() -> None:
    assert {name: precision_of(name) for name in RUNTIMES} == {
        "auto": "float32",
        "openvino": "float32",
        "openvino-bf16": "bfloat16",
        "openvino-int8": "int8",
        "onnxruntime": "float32",
        "cuda": "float32",
        "tensorrt": "float16",
    }


def test_what_older_results_do_not_state_is_told_by_their_runtime() -> None:
    assert stated_precision({"runtime": "openvino", "precision": "int8"}) == "int8"
    assert stated_precision({"runtime": "openvino-bf16"}) == "bfloat16"
    for about in ({}, {"runtime": None, "precision": None}, {"runtime": "of another program"}):
        assert stated_precision(about) == "float32"
