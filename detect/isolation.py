"""Keep ultralytics offline and inside one folder.

Must run before the first import of ultralytics, which reads its settings at import.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from detect.offline import switch_off_telemetry
from detect.write.atomic import naming_output

__all__ = ["isolate_ultralytics", "isolating_variables"]


def isolating_variables(folder: Path) -> dict[str, str]:
    """Return the environment of an ultralytics whose settings lie in `folder`, kept offline.

    For a process that ultralytics alone runs; `isolate_ultralytics` has prepared the folder.
    """
    return {
        "YOLO_CONFIG_DIR": str(folder / "ultralytics"),
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
    }


def isolate_ultralytics(folder: Path) -> None:
    """Point ultralytics' settings into `folder` and switch off whatever reaches for the network.

    A medical tool sends nothing anywhere unless asked: no version check, no package install, no
    font download (matplotlib's DejaVu Sans stands in for Arial). matplotlib's font list is kept
    in `folder` as well.

    Raises:
        OutputError: the settings cannot be written.
    """
    switch_off_telemetry()  # the exporter's tools import ONNX Runtime
    settings = folder / "ultralytics"
    os.environ.update(isolating_variables(folder))
    os.environ.setdefault("YOLO_VERBOSE", "0")
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
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
