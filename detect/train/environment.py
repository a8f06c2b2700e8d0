"""Choose devices and precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from detect.config import TrainConfig
from detect.cores import cores_allowed
from detect.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = [
    "Precision",
    "cpu_has_bfloat16",
    "loader_workers",
    "precision_of",
    "resolve_device",
    "torch_device",
]

Precision = Literal["float32", "bfloat16 mixed"]
_MOST_WORKERS = 8  # loader processes; each takes memory


def resolve_device(wanted: str) -> str:
    """Turn `auto`, `cpu`, `cuda`, `mps` or a list such as `0,1` into ultralytics' device string.

    Raises:
        InputError: the wanted device is not here.
    """
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return "0" if cuda else "mps" if mps else "cpu"
    if wanted == "cpu":
        return "cpu"
    if wanted == "mps":
        if not mps:
            raise InputError("--device mps: this machine has no Apple GPU; try --device auto")
        return "mps"
    indices = "0" if wanted == "cuda" else wanted.removeprefix("cuda:")
    if not all(part.isdigit() for part in indices.split(",")):
        raise InputError(f"--device {wanted}: use auto, cpu, mps, cuda, or GPU numbers like 0,1")
    count = torch.cuda.device_count() if cuda else 0
    missing = [part for part in indices.split(",") if int(part) >= count]
    if missing:
        raise InputError(
            f"--device {wanted}: this machine has {count} CUDA GPUs; try --device auto"
        )
    return indices


def torch_device(device: str) -> torch.device:
    """Turn a device of `resolve_device` into torch's; of several GPUs, the first."""
    import torch

    return torch.device(f"cuda:{device.split(',')[0]}" if device[0].isdigit() else device)


def precision_of(device: str, recipe: TrainConfig) -> Precision:
    """Return the arithmetic that a recipe gets on a device: the one rule for all stages.

    `auto` is bfloat16 wherever the hardware multiplies it. On the CPU the recipe may insist on
    it all the same (emulated); Apple's GPUs and CUDA ones without it compute in float32.

    Args:
        device: of `resolve_device`, or the type of a torch device.
        recipe: its `precision` counts.
    """
    import torch

    if recipe.precision == "fp32" or device == "mps":
        mixed = False
    elif device == "cpu":
        mixed = recipe.precision == "bf16" or cpu_has_bfloat16()
    else:
        mixed = torch.cuda.is_bf16_supported(including_emulation=False)
    return "bfloat16 mixed" if mixed else "float32"


def loader_workers(device: str, recipe: TrainConfig) -> int:
    """Return the number of loader processes: the recipe's, or what suits the device.

    Args:
        device: as for `precision_of`.
        recipe: its `workers` counts.
    """
    if recipe.workers is not None:
        return recipe.workers
    return 0 if device == "cpu" else min(_MOST_WORKERS, cores_allowed())


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware (AVX-512 BF16 or AMX).

    Elsewhere bfloat16 is emulated and slower than float32.
    """
    import torch

    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in probes)
