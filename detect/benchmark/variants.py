"""What is run in each round: every system in every mode, each as a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detect.benchmark.images import Chosen
from detect.benchmark.peers import Peer, PeerForms
from detect.benchmark.processes import ROOT, run_command, run_task
from detect.benchmark.request import OURS, BenchmarkRequest, Mode
from detect.write.json_lines import RESULTS_NAME

__all__ = ["Variant", "our_variants", "peer_variants"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing to measure, again and again."""

    system: str
    mode: Mode
    run: Callable[[Path], dict[str, Any]]  # in an empty folder; returns what was measured

    @property
    def what(self) -> str:
        """Its name, for people."""
        return f"{self.system}, {self.mode}"


def our_variants(
    request: BenchmarkRequest, bundle: Path, chosen: Chosen, workers: int
) -> list[Variant]:
    """Return all that is measured of `detect`.

    Args:
        request: what the user asked for.
        bundle: its folder, absolute.
        chosen: the images.
        workers: threads.
    """
    common = {"weights": str(bundle), "workers": workers, "runtime": request.runtime}

    def loaded(mode: Mode, images: bool, stages: bool = False) -> Variant:
        def run(folder: Path) -> dict[str, Any]:
            arguments = common | {
                "folder": str(chosen.folder),
                "warm_up": str(chosen.files[0]),
                "out": str(folder),
                "images": images,
                "formats": list(request.formats),
                "stages": stages,
            }
            return _with_rate(run_task("detect", arguments, folder, f"{OURS}, {mode}"))

        return Variant(OURS, mode, run)

    def typed(mode: Mode, source: Path, count: int) -> Variant:
        def run(folder: Path) -> dict[str, Any]:
            out = folder / "out"
            command = [
                *(sys.executable, str(ROOT / "cli.py"), "detect", str(source), "--quiet"),
                *("--out", str(out), "--weights", str(bundle), "--workers", str(workers)),
                *("--runtime", request.runtime, "--images" if request.images else "--no-images"),
                *(part for name in request.formats for part in ("--format", name)),
            ]
            first = (out, RESULTS_NAME) if request.images else None
            usage = run_command(command, folder, f"{OURS}, {mode}", first_result=first)
            return _with_rate({"images": count, **asdict(usage)})

        return Variant(OURS, mode, run)

    def forward(folder: Path) -> dict[str, Any]:
        arguments = common | {"folder": str(chosen.folder), "frames": list(chosen.frames)}
        return _with_rate(run_task("forward", arguments, folder, "forward pass"))

    return [
        Variant(OURS, "forward", forward),
        loaded("results", images=False),
        *([loaded("overlays", images=True)] if request.images else []),
        typed("command", chosen.folder, chosen.radiographs),
        typed("single", chosen.files[0], 1),
        loaded("stages", images=request.images, stages=True),
    ]


def peer_variants(
    peers: Sequence[Peer], forms: PeerForms, chosen: Chosen, images: bool
) -> list[Variant]:
    """Return all that is measured of the peers, each at its best settings."""

    def loaded(peer: Peer, mode: Mode) -> Variant:
        def run(folder: Path) -> dict[str, Any]:
            arguments = forms.task(peer.setting) | {
                "folder": str(chosen.folder),
                "warm_up": str(chosen.files[0]),
                "out": str(folder),
                "images": mode == "overlays",
                "passes": 1,
            }
            report = run_task("ultralytics", arguments, folder, f"{peer.name}, {mode}")
            (seconds,) = report["seconds"]
            return _with_rate({"images": report["images"], "seconds": seconds})

        return Variant(peer.name, mode, run)

    def typed(peer: Peer, mode: Mode) -> Variant:
        one = mode == "single"
        source = chosen.files[0] if one else chosen.folder
        # one image needs no batch, and the export for one size starts faster
        form = "openvino static" if one and peer.setting.form != "pytorch" else peer.setting.form
        batch = 1 if one else peer.setting.batch

        def run(folder: Path) -> dict[str, Any]:
            usage = run_command(
                forms.command(form, batch, source, folder, images),
                folder,
                f"{peer.name}, {mode}",
                environment=forms.environment,
                first_result=(folder / "run", ".jpg") if images else None,
            )
            return _with_rate({"images": 1 if one else len(chosen.files), **asdict(usage)})

        return Variant(peer.name, mode, run)

    variants = []
    for peer in peers:
        variants.append(loaded(peer, "results"))
        if images:
            variants.append(loaded(peer, "overlays"))
        if peer.typed:
            variants += [typed(peer, "command"), typed(peer, "single")]
    return variants


def _with_rate(measured: dict[str, Any]) -> dict[str, Any]:
    """Add images per second, of the whole time that was measured."""
    seconds = measured["seconds"] if "seconds" in measured else measured["wall_seconds"]
    return measured | {"images_per_second": measured["images"] / seconds}
