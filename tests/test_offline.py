"""Nothing is reported to anybody: the runtimes' own telemetry is off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detect.offline import switch_off_telemetry

REPOSITORY = Path(__file__).resolve().parent.parent
_OPEN = """
import sys
from pathlib import Path
from detect.errors import BundleError
from detect.model.runtime import open_runtime
try:
    open_runtime(Path("no-such.onnx"), sys.argv[1])
except BundleError:
    print("imported", sys.argv[1] in sys.modules)
"""


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_opening_a_runtime_leaves_no_client_id_behind(tmp_path: Path, runtime: str) -> None:
    # OpenVINO keeps quiet in CI by itself, which would make this test pass whatever we do.
    quiet = ("CI", "TF_BUILD", "JENKINS_URL", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    environment = {k: v for k, v in os.environ.items() if k not in quiet}

    done = subprocess.run(
        [sys.executable, "-c", _OPEN, runtime],
        cwd=REPOSITORY,
        env=environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["imported", "True"]
    assert list(tmp_path.iterdir()) == []


def test_a_telemetry_that_is_loaded_already_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = type(sys)("openvino_telemetry")
    monkeypatch.setitem(sys.modules, "openvino_telemetry", loaded)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")

    switch_off_telemetry()

    assert sys.modules["openvino_telemetry"] is loaded
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
