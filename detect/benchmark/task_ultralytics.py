"""Task: `yolo predict` over a folder, in a process that has seen one image before.

It is called as its makers advise for many images: streamed, silent, by `YOLO.predict`.
https://docs.ultralytics.com/modes/predict/
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from detect.errors import BenchmarkError
from detect.isolation import isolate_ultralytics

__all__ = ["measure_ultralytics"]


def measure_ultralytics(
    folder: str,
    warm_up: str,
    out: str,
    model: str,
    settings: str,
    size: int,
    batch: int,
    threads: int | None,
    float32: bool,
    images: bool,
    passes: int,
) -> dict[str, Any]:
    """Time predictions from the listing of the folder to the last file written.

    Its network is loaded, and one image seen, before the clock starts.

    Args:
        folder: of the images.
        warm_up: one image.
        out: an empty folder.
        model: a `.pt`, or a folder that its exporter made.
        settings: folder for ultralytics' settings.
        size: side of the input, pixels.
        batch: of images.
        threads: of PyTorch; None: as many as ultralytics chooses.
        float32: keep OpenVINO from computing in less.
        images: save annotated images beside the labels with their confidences.
        passes: how often, one after another.

    Returns:
        images; seconds, of each pass.

    Raises:
        BenchmarkError: an image was not read, or not written.
    """
    isolate_ultralytics(Path(settings))
    if float32:
        _compute_in_float32()
    from ultralytics import YOLO

    yolo = YOLO(model, task="detect")

    def predict(source: str, name: str) -> int:
        results = yolo.predict(
            source,
            stream=True,
            imgsz=size,
            batch=batch,
            save=images,
            save_txt=True,
            save_conf=True,
            project=out,
            name=name,
            exist_ok=True,
            device="cpu",
            verbose=False,
        )
        return sum(1 for _ in results)

    predict(warm_up, "warm-up")
    if threads is not None:
        import torch

        torch.set_num_threads(threads)  # ultralytics has set its own number with the device
    expected, seconds = len(list(Path(folder).iterdir())), []
    for number in range(passes):
        started = time.perf_counter()
        count = predict(folder, f"run-{number}")
        seconds.append(time.perf_counter() - started)
        pictures = len(list((Path(out) / f"run-{number}").glob("*.jpg")))
        if count != expected or (images and pictures != expected):
            raise BenchmarkError(f"ultralytics read {count} of {expected}, and drew {pictures}")
    return {"images": expected, "seconds": seconds}


def _compute_in_float32() -> None:
    """Set what ultralytics has no option for, in the way that it does so itself on Windows."""
    import openvino

    class Core(openvino.Core):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    openvino.Core = Core
