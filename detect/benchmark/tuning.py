"""The best settings of each peer, found on a few of the images before anything is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from detect.benchmark.images import Chosen
from detect.benchmark.peers import BEYOND, Peer, PeerForms, Setting, candidates
from detect.benchmark.processes import run_task
from detect.benchmark.request import PeerName
from detect.cores import cores_allowed

__all__ = ["TUNING_IMAGES", "find_best"]

TUNING_IMAGES = 32  # the largest batch twice
_PASSES = 3  # in one process; the best counts, so that a disturbance harms no candidate
_FLOAT32 = "float32"


def find_best(
    names: Sequence[PeerName],
    forms: PeerForms,
    chosen: Chosen,
    images: bool,
    folder: Callable[[], Path],
    told: Callable[[str], None],
) -> list[Peer]:
    """Try every setting of each peer; return each with its best.

    Where what `BEYOND` names makes a difference on this machine, a peer is there twice: as users
    get it, and with that.

    Args:
        names: of peers.
        forms: of `prepare_peers`.
        chosen: the images.
        images: whether annotated images are saved.
        folder: makes a fresh one for each process.
        told: hears of each try.

    Raises:
        BenchmarkError: a run failed.
    """
    few = chosen.some(TUNING_IMAGES, folder() / "images")

    def rate(name: str, setting: Setting) -> float:
        told(f"{name}, {setting}")
        place = folder()
        arguments = forms.task(setting) | {
            "folder": str(few),
            "warm_up": str(chosen.files[0]),
            "out": str(place),
            "images": images,
            "passes": _PASSES,
        }
        report = run_task("ultralytics", arguments, place, f"{name} ({setting})")
        return float(report["images"] / min(report["seconds"]))

    peers = []
    for name in names:
        if name == "ultralytics":
            about, precision = "yolo predict, PyTorch", _FLOAT32
            differs = cores_allowed() > 1
        else:
            assert forms.precision is not None  # it was exported
            about, precision = "yolo predict, its OpenVINO export", forms.precision
            differs = precision != _FLOAT32
        for beyond in (False, True) if differs else (False,):
            unique = f"{name}-{BEYOND[name]}" if beyond else name
            tried = [
                (setting, rate(unique, setting)) for setting in candidates(name, beyond=beyond)
            ]
            best, _ = max(tried, key=lambda each: each[1])
            peers.append(
                Peer(
                    unique,
                    about,
                    _FLOAT32 if beyond else precision,
                    best,
                    tried,
                    typed=not beyond,
                )
            )
    return peers
