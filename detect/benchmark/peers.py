"""`yolo predict` with the same weights: its forms, its settings, and its commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect.benchmark.processes import run_task
from detect.benchmark.request import PeerName
from detect.cores import cores_allowed
from detect.errors import InputError
from detect.isolation import isolating_variables
from detect.model.bundle import Bundle
from detect.train.pack import CHECKPOINT

__all__ = ["BEYOND", "Peer", "PeerForms", "Setting", "candidates", "prepare_peers"]

BEYOND: Mapping[PeerName, str] = {
    "ultralytics": "all-cores",
    "ultralytics-openvino": "float32",
}
"""What a peer is given beyond the options of `yolo predict`, which leaves PyTorch a core less than
there are, and OpenVINO its own choice of arithmetic."""
_BATCHES = (1, 4, 16)
# as the script `yolo` does, but with the reports home of OpenVINO switched off
_YOLO = (
    "from detect.offline import switch_off_telemetry; switch_off_telemetry(); "
    "from ultralytics.cfg import entrypoint; entrypoint()"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A way to run a peer."""

    form: str  # pytorch, openvino static (one size, a batch of 1) or openvino dynamic
    batch: int = 1
    threads: int | None = None  # of PyTorch; None: as many as ultralytics chooses
    float32: bool = False  # OpenVINO is kept from computing in less

    def __str__(self) -> str:
        """Say it in words."""
        parts = [self.form.removeprefix("openvino "), f"batch {self.batch}"]
        if self.threads is not None:
            parts.append(f"{self.threads} threads")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class PeerForms:
    """The weights as ultralytics runs them, made by `prepare_peers`."""

    paths: Mapping[str, str]  # by form
    precision: str | None  # OpenVINO's own choice on this processor
    settings: Path  # folder of ultralytics' settings
    size: int  # side of the input, pixels

    def task(self, setting: Setting) -> dict[str, Any]:
        """Return what `task_ultralytics` is told of a setting."""
        return {
            "model": self.paths[setting.form],
            "settings": str(self.settings),
            "size": self.size,
            "batch": setting.batch,
            "threads": setting.threads,
            "float32": setting.float32,
        }

    def command(self, form: str, batch: int, source: Path, out: Path, images: bool) -> list[str]:
        """Return `yolo predict …` as typed; its pictures go to `out`/run."""
        return [
            *(sys.executable, "-c", _YOLO, "predict"),
            f"model={self.paths[form]}",
            f"source={source}",
            f"imgsz={self.size}",
            f"batch={batch}",
            f"save={images}",
            *("save_txt=True", "save_conf=True", "device=cpu", "verbose=False"),
            *(f"project={out}", "name=run", "exist_ok=True"),
        ]

    @property
    def environment(self) -> dict[str, str]:
        """Variables for `command`."""
        fonts = {"MPLCONFIGDIR": str(self.settings / "matplotlib")}
        return isolating_variables(self.settings) | fonts


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer with the settings that were found best for it."""

    name: str  # unique: of `PEERS`, or with one of `BEYOND` behind it
    about: str
    precision: str
    setting: Setting
    tried: Sequence[tuple[Setting, float]]  # images per second
    typed: bool  # whether a command can be typed that does the same


def prepare_peers(names: Sequence[PeerName], bundle: Bundle, work: Path) -> PeerForms:
    """Write the weights of a bundle as plain ultralytics networks, in a process of its own.

    Args:
        names: of peers; those of them that are none of OpenVINO need no export.
        bundle: with `model.pt`.
        work: folder to write into.

    Raises:
        InputError: the bundle has no `model.pt`.
        BenchmarkError: ultralytics cannot export it.
    """
    checkpoint = bundle.folder.resolve() / CHECKPOINT
    if CHECKPOINT not in bundle.manifest.files:
        raise InputError(
            f"--weights {bundle.folder}: has no {CHECKPOINT}, from which --peer takes the same "
            "weights; give a bundle that has one"
        )
    out, settings = work / "peers", work / "ultralytics"
    out.mkdir()
    settings.mkdir()
    size = bundle.manifest.input.size
    made = run_task(
        "prepare",
        {
            "checkpoint": str(checkpoint),
            "size": size,
            "settings": str(settings),
            "out": str(out),
            "openvino": "ultralytics-openvino" in names,
        },
        out,
        "export for ultralytics",
    )
    return PeerForms(made["forms"], made["precision"], settings, size)


def candidates(name: PeerName, *, beyond: bool = False) -> list[Setting]:
    """Return the settings among which a peer's best is looked for.

    Args:
        name: of the peer.
        beyond: with what `BEYOND` names.

    `yolo predict` has no others that could help on a processor: it computes in float32 there
    (`half` and `quantize` are for GPUs), chooses the memory format itself, and reads ahead itself.
    """
    if name == "ultralytics":
        threads = cores_allowed() if beyond else None
        return [Setting("pytorch", batch, threads) for batch in _BATCHES]
    dynamic = [Setting("openvino dynamic", batch, float32=beyond) for batch in _BATCHES]
    return [Setting("openvino static", float32=beyond), *dynamic]
