"""What a user asks of `benchmark`, and the words that its parts share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detect.model.runtime import RuntimeName

__all__ = ["MODES", "OURS", "PEERS", "BenchmarkRequest", "Mode", "PeerName"]

OURS = "fracture-locator"
PeerName = Literal["ultralytics", "ultralytics-openvino"]
PEERS: tuple[PeerName, ...] = ("ultralytics", "ultralytics-openvino")

Mode = Literal["forward", "results", "overlays", "command", "single", "stages"]
MODES: dict[Mode, str] = {
    "forward": "the network alone, on tensors that lie ready",
    "results": "folder in, results out; loaded and warm",
    "overlays": "folder in, annotated images and results out; loaded and warm",
    "command": "folder in, all out, by the command as typed, from its start to its end",
    "single": "one image, by the command as typed, from its start to its end",
    "stages": "folder in, all out; each stage timed",
}


@dataclass(frozen=True, slots=True)
class BenchmarkRequest:
    """What the user asked for."""

    data: Path
    out: Path
    weights: str
    peers: tuple[PeerName, ...] = ()
    rounds: int = 5
    limit: int | None = 200  # images drawn; None: all
    images: bool = True  # overlays are drawn, too
    formats: tuple[str, ...] = ()  # further ones of our own
    workers: int | None = None  # None: of `default_workers`
    runtime: RuntimeName = "auto"
    seed: int = 0
    show_progress: bool = False
    command: str = ""
