"""Keep third-party libraries from reporting home: a medical tool sends nothing unless asked.

Both runtimes report by default: importing openvino sends an event to Google Analytics and leaves
a client id in the home folder; importing onnxruntime does the like towards Microsoft.
"""

from __future__ import annotations

import os
import sys

__all__ = ["switch_off_telemetry"]


def switch_off_telemetry() -> None:
    """Switch off the reports of OpenVINO and ONNX Runtime; call it before importing either."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # OpenVINO has no switch, but works without this package; None makes its import fail.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
