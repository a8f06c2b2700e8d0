"""Keep ultralytics offline and inside the run's folder; choose devices and precision.

Must run before the first import of ultralytics, which reads its settings at import.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from detect.errors import InputError
from detect.offline import switch_off_telemetry
from detect.write.atomic import naming_output

__all__ = ["cpu_has_bfloat16", "isolate_ultralytics", "resolve_device"]


def isolate_ultralytics(run: Path) -> None:
    """Point ultralytics' settings into `run` and switch off whatever reaches for the network.

    A medical tool sends nothing anywhere unless asked: no version check, no package install, no
    font download (matplotlib's DejaVu Sans stands in for Arial). matplotlib's font list is kept
    in `run` as well.

    Raises:
        OutputError: the settings cannot be written.
    """
    switch_off_telemetry()  # the exporter's tools import ONNX Runtime
    settings = run / "ultralytics"
    os.environ["YOLO_CONFIG_DIR"] = str(settings)
    os.environ["YOLO_OFFLINE"] = "1"
    os.environ["YOLO_AUTOINSTALL"] = "0"
    os.environ.setdefault("YOLO_VERBOSE", "0")
    os.environ.setdefault("MPLCONFIGDIR", str(run / "matplotlib"))
    with naming_output(settings):
        fonts = settings / "Ultralytics"
        fonts.mkdir(parents=True, exist_ok=True)
        font = fonts / "Arial.ttf"
        if not font.exists():
            import matplotlib

            dejavu = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
            shutil.copyfile(dejavu, font)
        from ultralytics import settings as stored

        stored.update({"sync": False})
    # ultralytics configures its own logger as loud at import; ours reports what matters
    logging.getLogger("ultralytics").setLevel(logging.WARNING)


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


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware (AVX-512 BF16 or AMX).

    Elsewhere bfloat16 is emulated and slower than float32.
    """
    import torch

    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in probes)
