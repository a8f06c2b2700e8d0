"""Devices by name, and ultralytics kept to the run's folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detect.errors import InputError
from detect.train.environment import cpu_has_bfloat16, resolve_device

REPOSITORY = Path(__file__).resolve().parents[2]


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


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_bfloat16_is_told_as_the_system_tells_it() -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()

    assert cpu_has_bfloat16() == bool({"avx512_bf16", "amx_bf16"} & set(flags))


def test_a_run_folder_that_cannot_be_written_to_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "ultralytics").touch()  # a file where the folder should be
    script = """
import sys
from pathlib import Path
from detect.errors import OutputError
from detect.train.environment import isolate_ultralytics
try:
    isolate_ultralytics(Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.count("\n") == 1
    assert str(tmp_path / "ultralytics") in done.stdout
