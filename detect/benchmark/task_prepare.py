"""Task: the same weights in the forms that `yolo predict` runs."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

from detect.benchmark.plain_network import save_plain_network
from detect.isolation import isolate_ultralytics

__all__ = ["prepare_ultralytics"]

_PRECISIONS = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}  # OpenVINO's names → ours


def prepare_ultralytics(
    checkpoint: str, size: int, settings: str, out: str, openvino: bool
) -> dict[str, Any]:
    """Write the plain detector and, for OpenVINO, what ultralytics' exporter makes of it.

    Args:
        checkpoint: `model.pt` of a bundle.
        size: side of the input, pixels.
        settings: folder for ultralytics' settings.
        out: folder to write into.
        openvino: export it, once for one size and a batch of 1, and once for any.

    Returns:
        forms: path by form (`pytorch`, `openvino static`, `openvino dynamic`); precision: in
        which OpenVINO computes on this processor unless told otherwise, None without it.

    Raises:
        BenchmarkError: the checkpoint is of another kind.
    """
    isolate_ultralytics(Path(settings))
    from ultralytics import YOLO

    plain = Path(out) / "plain.pt"
    save_plain_network(Path(checkpoint), size, plain)
    forms, precision = {"pytorch": str(plain)}, None
    for kind in ("static", "dynamic") if openvino else ():
        source = plain.with_name(f"{kind}.pt")
        shutil.copyfile(plain, source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's tracer, of its own future
            exported = YOLO(source).export(
                format="openvino", imgsz=size, dynamic=kind == "dynamic", device="cpu"
            )
        forms[f"openvino {kind}"] = str(Path(exported))
        precision = _default_precision(Path(exported))
    return {"forms": forms, "precision": precision}


def _default_precision(folder: Path) -> str:
    """Return what a graph is computed in where, as in `yolo predict`, nobody chooses."""
    import openvino

    (graph,) = folder.glob("*.xml")
    compiled = openvino.Core().compile_model(str(graph), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    name = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
    return _PRECISIONS.get(name, name)
