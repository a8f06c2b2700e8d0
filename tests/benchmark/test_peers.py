"""The same weights run by ultralytics itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Call

from detect.benchmark.peers import Setting, candidates
from detect.benchmark.processes import ROOT
from detect.data.phantom.render import render_phantom
from detect.model.bundle import find_bundle


def test_every_candidate_is_another_way_to_run_the_peer() -> None:
    torch, kept = candidates("ultralytics"), candidates("ultralytics-openvino", beyond=True)
    assert len(set(torch)) == len(torch) >= 3
    assert len(set(kept)) == len(kept) == 4
    assert all(one.float32 for one in kept)
    assert not any(one.threads or one.float32 for one in torch)  # `yolo predict` has no such option
    assert all(one.threads for one in candidates("ultralytics", beyond=True))
    assert not any(one.batch > 1 for one in kept if one.form == "openvino static")
    assert str(Setting("openvino dynamic", 4)) == "dynamic, batch 4"
    assert str(Setting("pytorch", 1, 2)) == "pytorch, batch 1, 2 threads"


_COMPARE = """
import json, sys
from pathlib import Path
import numpy as np
from detect.isolation import isolate_ultralytics
isolate_ultralytics(Path(sys.argv[1]))
from detect.benchmark.plain_network import save_plain_network
plain = Path(sys.argv[1]) / "plain.pt"
save_plain_network(Path(sys.argv[2]), 640, plain)
assert b"detect.model" not in plain.read_bytes()
import torch
from ultralytics import YOLO
from ultralytics.nn.tasks import DetectionModel, load_checkpoint
yolo = YOLO(plain)
assert type(yolo.model) is DetectionModel
ours, _ = load_checkpoint(sys.argv[2])
ours = ours.float().eval()
image = torch.from_numpy(np.random.default_rng(0).random((1, 3, 320, 320), np.float32))
with torch.no_grad():
    _, raw = ours(image)
    _, same = yolo.model.float().eval()(image)
heads = [head for head in ("one2one", "one2many") if head in raw]
assert heads
for head in heads:
    for name in ("boxes", "scores"):
        np.testing.assert_array_equal(raw[head][name].numpy(), same[head][name].numpy())
assert "image_logit" in raw and "image_logit" not in same
print(len(yolo.model.model), sum(p.numel() for p in ours.verdict.parameters()))
"""


@pytest.mark.slow
def test_the_plain_network_is_ours_without_the_verdict_head(tmp_path: Path) -> None:
    from detect import DEFAULT_BUNDLE

    checkpoint = find_bundle(DEFAULT_BUNDLE) / "model.pt"
    done = subprocess.run(
        [sys.executable, "-c", _COMPARE, tmp_path, checkpoint],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    layers, verdict_weights = map(int, done.stdout.split()[-2:])
    assert layers > 20
    assert verdict_weights > 1000


@pytest.mark.slow
def test_a_tiny_run_against_both_peers(
    tmp_path: Path,
    call: Call,
    schema_errors: Callable[[Any], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from PIL import Image

    monkeypatch.setattr("detect.benchmark.peers._BATCHES", (1,))  # each takes seconds to try
    monkeypatch.setattr("detect.benchmark.tuning.cores_allowed", lambda: 1)  # so does all cores

    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    for seed in range(4):
        pixels = render_phantom(seed, fractured=seed % 2 == 0, size=(160, 128)).pixels
        Image.fromarray((pixels / pixels.max() * 255).astype(np.uint8)).save(data / f"{seed}.png")
    options = ("--peer", "ultralytics-openvino", "--peer", "ultralytics", "--rounds", 1)
    code, printed, err = call("benchmark", "--data", data, "--out", out, *options)
    assert code == 0, err
    record = json.loads((out / "benchmark.json").read_text(encoding="utf-8"))
    assert schema_errors(record) == []
    systems = {one["name"]: one for one in record["systems"]}
    # where the processor has bfloat16, OpenVINO uses it unless it is kept from it
    native = systems["ultralytics-openvino"]["precision"]
    assert native in ("float32", "bfloat16", "float16")
    kept = {"ultralytics-openvino-float32"} if native != "float32" else set()
    assert set(systems) == {"fracture-locator", "ultralytics", "ultralytics-openvino"} | kept
    for name, system in systems.items():
        modes = {one["mode"] for one in record["samples"] if one["system"] == name}
        assert modes >= {"results", "overlays"}
        assert ({"command", "single"} <= modes) == (name not in kept)
        if name != "fracture-locator":
            rates = [one["images_per_second"] for one in system["tried"]]
            (chosen,) = (
                one["images_per_second"]
                for one in system["tried"]
                if one["setting"] == system["setting"]
            )
            assert chosen == max(rates)
            assert f"{name}: yolo predict" in printed
    compared = {(one["figure"], one["mode"], one["peer"]) for one in record["ratios"]}
    for peer in ("ultralytics", "ultralytics-openvino"):
        assert ("images_per_second", "overlays", peer) in compared
        assert ("cpu_seconds", "single", peer) in compared
        assert ("first_result_seconds", "single", peer) in compared
        assert ("peak_memory_bytes", "command", peer) in compared
