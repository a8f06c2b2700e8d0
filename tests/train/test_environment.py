"""Devices by name, and the arithmetic they get."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from detect.config import TrainConfig
from detect.errors import InputError
from detect.train.environment import (
    cpu_has_bfloat16,
    loader_workers,
    precision_of,
    resolve_device,
    torch_device,
)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> object:
    """Pretend: `machine(cuda_devices, mps)`."""
    import torch

    def pretend(cuda: int, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("wanted", "cuda", "mps", "resolved"),
    [
        ("auto", 0, False, "cpu"),
        ("auto", 0, True, "mps"),
        ("auto", 2, False, "0"),
        ("cpu", 2, True, "cpu"),
        ("mps", 0, True, "mps"),
        ("cuda", 1, False, "0"),
        ("cuda:1", 2, False, "1"),
        ("0,1", 2, False, "0,1"),
    ],
)
def test_devices_are_spelt_as_ultralytics_does(
    machine: object, wanted: str, cuda: int, mps: bool, resolved: str
) -> None:
    machine(cuda, mps)  # type: ignore[operator]

    assert resolve_device(wanted) == resolved


@pytest.mark.parametrize(
    ("wanted", "cuda", "says"),
    [
        ("cuda", 0, "has 0 CUDA GPUs"),
        ("0,2", 2, "has 2 CUDA GPUs"),
        ("mps", 0, "no Apple GPU"),
        ("gpu", 1, "use auto, cpu"),
        ("0,", 1, "use auto, cpu"),
    ],
)
def test_a_device_that_is_not_here_is_refused(
    machine: object, wanted: str, cuda: int, says: str
) -> None:
    machine(cuda)  # type: ignore[operator]

    with pytest.raises(InputError, match=says) as refused:
        resolve_device(wanted)

    assert f"--device {wanted}:" in str(refused.value)


@pytest.mark.parametrize(
    ("device", "wanted", "has_bf16", "precision"),
    [
        ("cpu", "auto", True, "bfloat16 mixed"),
        ("cpu", "auto", False, "float32"),
        ("cpu", "bf16", False, "bfloat16 mixed"),  # emulated, as asked for
        ("cpu", "fp32", True, "float32"),
        ("0", "auto", True, "bfloat16 mixed"),
        ("0,1", "auto", False, "float32"),
        ("cuda", "bf16", False, "float32"),
        ("0", "fp32", True, "float32"),
        ("mps", "auto", True, "float32"),
        ("mps", "bf16", True, "float32"),
    ],
)
def test_precision_is_what_the_device_can_do_of_the_recipes(
    monkeypatch: pytest.MonkeyPatch, device: str, wanted: str, has_bf16: bool, precision: str
) -> None:
    from detect.train.finetune import _amp

    monkeypatch.setattr("detect.train.environment.cpu_has_bfloat16", lambda: has_bf16)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: has_bf16)
    recipe = TrainConfig.model_validate({"precision": wanted})

    assert precision_of(device, recipe) == precision
    mixed = precision != "float32"
    assert _amp(device, recipe) == ("bf16" if mixed and device != "cpu" else False)


def test_loaders_get_processes_where_the_network_does_not_need_the_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detect.train.environment.cores_allowed", lambda: 64)
    told = TrainConfig(workers=3)

    assert [loader_workers(d, TrainConfig()) for d in ("cpu", "0", "mps")] == [0, 8, 8]
    assert [loader_workers(d, told) for d in ("cpu", "0")] == [3, 3]
    monkeypatch.setattr("detect.train.environment.cores_allowed", lambda: 4)
    assert loader_workers("0,1", TrainConfig()) == 4


def test_torch_takes_the_first_of_several_gpus() -> None:
    assert [str(torch_device(d)) for d in ("cpu", "mps", "1,0")] == ["cpu", "mps", "cuda:1"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_bfloat16_is_told_as_the_system_tells_it() -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()

    assert cpu_has_bfloat16() == bool({"avx512_bf16", "amx_bf16"} & set(flags))
