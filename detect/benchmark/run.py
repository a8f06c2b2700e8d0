"""choose images → prepare peers → find their best settings → rounds → one record of it all."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from detect.benchmark.images import Chosen, choose_images
from detect.benchmark.machine import describe_machine, load_average, versions
from detect.benchmark.peers import Peer, PeerForms, prepare_peers
from detect.benchmark.processes import require_unix
from detect.benchmark.record import build_record
from detect.benchmark.request import BenchmarkRequest
from detect.benchmark.rounds import measure_rounds, warm_up
from detect.benchmark.tuning import find_best
from detect.benchmark.variants import our_variants, peer_variants
from detect.extras import need_extra
from detect.inputs import collect_inputs
from detect.model.bundle import Bundle, load_bundle
from detect.model.runtime import require_runtime
from detect.model.runtimes import choose_runtime, default_workers
from detect.progress import Progress
from detect.write.atomic import naming_output
from detect.write.formats import known_formats

__all__ = ["run_benchmark"]

LOGGER = logging.getLogger(__name__)
_BUSY = 0.25  # of the cores: from here on, others' work is seen in the figures


def run_benchmark(request: BenchmarkRequest) -> dict[str, Any]:
    """Measure, and return what benchmark.json holds (see `benchmark.schema.json`).

    Raises:
        InputError: a path or option cannot be used, or packages for peers are missing.
        BundleError: the weights cannot be used.
        DataError: there is no image to measure on.
        BenchmarkError: a run failed.
        OutputError: there is no room below `request.out`.
    """
    require_unix()
    if request.peers:
        need_extra("train", "torch", "torchvision", "ultralytics")
    known_formats(request.formats)
    collect_inputs([str(request.data)])  # a mistake is told before a folder is made
    bundle = load_bundle(request.weights)
    # chosen once: every run does the same, and the record says what
    request = replace(request, runtime=choose_runtime(request.runtime))
    require_runtime(request.runtime, bundle)
    workers = request.workers or default_workers(request.runtime)
    started, load = datetime.now(UTC), load_average()
    if load > _BUSY * (os.cpu_count() or 1):  # all of them, as the load is of all
        LOGGER.warning("the machine is busy (load %.1f): figures will be low and vary", load)
    with naming_output(request.out):
        request.out.mkdir(parents=True, exist_ok=True)
        # beside the report, and not where temporary files are: that may be a disk in memory
        place = tempfile.TemporaryDirectory(dir=request.out, prefix=".work-")
    with place as text:
        work = Path(text).resolve()
        chosen = choose_images(
            request.data,
            request.limit,
            request.seed,
            work / "images",
            plain=bool(request.peers),
            workers=workers,
        )
        LOGGER.info("%d images, %d rounds", chosen.radiographs, request.rounds)
        folder = _fresh_folders(work)
        forms, peers = _prepare(request, bundle, chosen, work, folder)
        variants = our_variants(request, bundle.folder.resolve(), chosen, workers)
        if forms is not None:
            variants += peer_variants(peers, forms, chosen, request.images)
        warm_up(variants, folder)
        runs = request.rounds * len(variants)
        with Progress("benchmark", runs, bar=request.show_progress, unit="run") as progress:
            samples = measure_rounds(
                variants, request.rounds, request.seed, folder, progress.advance
            )
    return build_record(
        request,
        about={
            "created": started.isoformat(timespec="seconds"),
            "machine": describe_machine(),
            "load_average": {"before": load, "after": load_average()},
            "versions": versions(),
        },
        data=_describe(request, chosen),
        bundle=bundle,
        workers=workers,
        peers=peers,
        samples=samples,
    )


def _prepare(
    request: BenchmarkRequest,
    bundle: Bundle,
    chosen: Chosen,
    work: Path,
    folder: Callable[[], Path],
) -> tuple[PeerForms | None, Sequence[Peer]]:
    if not request.peers:
        return None, []
    LOGGER.info("exporting the same weights for ultralytics")
    forms = prepare_peers(request.peers, bundle, work)

    def told(setting: str) -> None:
        LOGGER.info("looking for the best settings: %s", setting)

    return forms, find_best(request.peers, forms, chosen, request.images, folder, told)


def _fresh_folders(work: Path) -> Callable[[], Path]:
    numbers = count()

    def make() -> Path:
        path = work / f"run-{next(numbers)}"
        path.mkdir()
        return path

    return make


def _describe(request: BenchmarkRequest, chosen: Chosen) -> dict[str, Any]:
    whole = hashlib.sha256("\n".join(chosen.names).encode("utf-8", "backslashreplace"))
    return {
        "folder": str(request.data),
        "found": chosen.found,
        "files": len(chosen.files),
        "images": chosen.radiographs,
        "names_sha256": whole.hexdigest(),
        "unreadable": list(chosen.unreadable),
        "not_plain": list(chosen.not_plain),
    }
