"""benchmark.json: all runs, and what they come to; `benchmark.schema.json` describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detect.benchmark.peers import Peer
from detect.benchmark.request import MODES, OURS, BenchmarkRequest
from detect.benchmark.rounds import Sample
from detect.benchmark.statistics import overheads, ratios, stage_shares, summaries
from detect.model.bundle import Bundle
from detect.model.runtimes import precision_of
from detect.write.atomic import replacing_text
from detect.write.earlier import refuse_earlier

__all__ = ["RECORD_NAME", "build_record", "claim_record", "write_record"]

RECORD_NAME = "benchmark.json"


def claim_record(out: Path, *, overwrite: bool) -> None:
    """Refuse to drop an earlier benchmark without being told to.

    Raises:
        InputError: `out` holds one, or is no folder.
    """
    refuse_earlier(out, RECORD_NAME, "a benchmark", overwrite=overwrite)


def build_record(
    request: BenchmarkRequest,
    *,
    about: Mapping[str, Any],
    data: Mapping[str, Any],
    bundle: Bundle,
    workers: int,
    peers: Sequence[Peer],
    samples: Sequence[Sample],
) -> dict[str, Any]:
    """Return plain JSON types.

    Args:
        request: what the user asked for, with the runtime that was chosen in place of `auto`.
        about: created, machine, load_average and versions.
        data: the images.
        bundle: the weights.
        workers: threads of `detect`.
        peers: with their best settings.
        samples: all runs.
    """
    ours: dict[str, Any] = {
        "name": OURS,
        "about": "detect",
        # `model.runtime` asks for it, whatever the processor could do
        "precision": precision_of(request.runtime),
        "setting": {"workers": workers, "runtime": request.runtime},
        "tried": [],
    }
    return {
        "schema_version": "1.0",
        "command": request.command,
        **about,
        "data": dict(data),
        "model": asdict(bundle.info) | {"image_size": bundle.manifest.input.size},
        "settings": {
            "rounds": request.rounds,
            "limit": request.limit,
            "seed": request.seed,
            "images": request.images,
            "formats": list(request.formats),
        },
        "modes": {mode: MODES[mode] for mode in dict.fromkeys(each.mode for each in samples)},
        "systems": [ours, *map(_peer, peers)],
        "summaries": summaries(samples),
        "ratios": ratios(samples),
        "overheads": overheads(samples),
        "stages": stage_shares(samples),
        "samples": [asdict(each) for each in samples],
    }


def write_record(record: Mapping[str, Any], out: Path) -> None:
    """Write benchmark.json.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing_text(out / RECORD_NAME) as file:
        json.dump(record, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def _peer(peer: Peer) -> dict[str, Any]:
    return {
        "name": peer.name,
        "about": peer.about,
        "precision": peer.precision,
        "setting": asdict(peer.setting),
        "tried": [
            {"setting": asdict(setting), "images_per_second": rate} for setting, rate in peer.tried
        ],
    }
