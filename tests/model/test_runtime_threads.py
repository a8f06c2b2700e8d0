"""Threads whose first inferences meet."""

from __future__ import annotations

import subprocess
import sys

import pytest

from detect.model.bundle import load_bundle

FOUR_AT_ONCE = """
import sys, threading
from pathlib import Path
import numpy as np
from detect.model.runtime import open_runtime

sys.setswitchinterval(1e-6)  # threads take turns so often that they meet in every corner
runtime = open_runtime(Path(sys.argv[1]), sys.argv[2], threads=4)
image = np.zeros((1, 1, int(sys.argv[3]), int(sys.argv[3])), np.uint8)
together, logits = threading.Barrier(4), []

def work():
    together.wait()
    logits.append(float(runtime(image).image_logit[0]))

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(set(logits)) == 1 and len(logits) == 4, logits
"""


@pytest.mark.parametrize("runtime", ["openvino"] * 5 + ["onnxruntime"])
def test_first_inferences_of_several_threads_end(runtime: str) -> None:
    # Unguarded, OpenVINO 2026.4 hung in about every second of these processes.
    bundle = load_bundle("fracture-n")
    arguments = [str(bundle.graph), runtime, str(bundle.manifest.input.size)]
    subprocess.run([sys.executable, "-c", FOUR_AT_ONCE, *arguments], check=True, timeout=120)
