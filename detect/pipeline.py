"""read → predict → draw → write, bounded and resumable.

Worker threads take one file each from the list and return its records; this thread writes them
in the order of the list. So memory stays flat, and a kill costs the files under way at most. On a
processor the output does not depend on the number of workers; on a card it may, as
`detect.model.runtimes` says.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from detect.claim import RunSettings, claim_folder, clear_run, describe_run
from detect.errors import DeviceError, InputError, OutputError, ReadError
from detect.in_order import in_order, opencv_in_one_thread
from detect.inputs import Input, Inputs, collect_inputs
from detect.model.bundle import Bundle, load_bundle
from detect.model.coherence import compose_reading
from detect.model.mirrored import Predict, mirrored
from detect.model.predictor import build_predictor
from detect.model.runtimes import RuntimeName, choose_runtime, default_workers
from detect.pictures import Draw, picture_saver
from detect.progress import Progress, followed
from detect.read import read, sha256_of
from detect.record import Failure, Reading, Source
from detect.stages import stage, stage_of_each
from detect.write.context import HEATMAPS_NAME, FormatOptions, WriteContext
from detect.write.formats import formats_in, known_formats, write_formats
from detect.write.json_lines import RESULTS_NAME, JsonLinesWriter
from detect.write.not_written import NotWritten
from detect.write.originals import Originals
from detect.write.results import count_results, read_results
from detect.write.run_file import RUN_NAME, write_run

__all__ = ["ALWAYS_WRITTEN", "DetectRequest", "Outcome", "detect_folder"]

LOGGER = logging.getLogger(__name__)
ALWAYS_WRITTEN = ("csv",)  # beside results.jsonl, which is written as the run goes


@dataclass(frozen=True, slots=True)
class DetectRequest:
    """What the user asked for."""

    paths: tuple[str, ...]
    out: Path
    weights: str
    operating_point: str | None = None  # None: the bundle's default
    formats: tuple[str, ...] = ()
    options: FormatOptions = field(default_factory=FormatOptions)
    min_score: float | None = None
    images: bool = True
    heatmap: bool = False
    mirror: bool = False  # read each image mirrored, too
    resume: bool = False
    overwrite: bool = False
    workers: int | None = None  # None: of `default_workers`
    runtime: RuntimeName = "auto"
    show_progress: bool = False
    command: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; what `results.jsonl` holds in all, resumed parts included."""

    fractured: int
    not_fractured: int
    failures: int
    skipped: int  # files passed over, since they are no pictures
    interrupted: bool
    seconds: float
    not_written: tuple[NotWritten, ...] = ()  # records that have no form in a format

    @property
    def read(self) -> int:
        """Images read."""
        return self.fractured + self.not_fractured


def detect_folder(request: DetectRequest) -> Outcome:
    """Read every input and write all results into `request.out`.

    Raises:
        InputError, BundleError, DeviceError, OutputError: one line each; results so far stay
            valid.
    """
    started = time.monotonic()
    formats = known_formats((*ALWAYS_WRITTEN, *request.formats))
    inputs = collect_inputs(request.paths, request.out)
    with stage("load"):
        bundle = load_bundle(request.weights)
    point = _operating_point(bundle, request.operating_point)
    settings = RunSettings(
        *(inputs.given, point, request.min_score),
        *(request.images, request.heatmap, request.mirror),
    )
    runtime = choose_runtime(request.runtime)
    run = describe_run(request.command, bundle, settings, runtime)
    claim_folder(request.out, run, resume=request.resume, overwrite=request.overwrite)
    # each costs memory and a start of its own, which one image should not pay for
    workers = min(request.workers or default_workers(runtime), len(inputs.files))
    with stage("load"):
        predictor: Predict = build_predictor(bundle, runtime, workers)
        if request.mirror:
            predictor = mirrored(predictor, bundle.calibration)
        draw = picture_saver(request.out, images=request.images, heatmap=request.heatmap)
    interrupted = False
    if not request.resume:
        clear_run(request.out)
    with (
        JsonLinesWriter(request.out, resume=request.resume) as results,
        opencv_in_one_thread(),
    ):
        done = _already(request.out, inputs.files, workers) if request.resume else frozenset()
        write_run(request.out / RUN_NAME, run | {"status": "running"})
        todo = [file for file in inputs.files if (file.name, None) not in done]

        def work(file: Input) -> list[Reading | Failure]:
            return _read_file(file, predictor, bundle, point, request.min_score, draw, done)

        done_before = len(inputs.files) - len(todo)
        try:
            with Progress(
                "detect", len(inputs.files), bar=request.show_progress, done=done_before
            ) as progress:
                for records in in_order(work, todo, workers):
                    with stage("write"):
                        for record in records:
                            results.write(record)
                    progress.advance()
        except KeyboardInterrupt:
            interrupted = True
    if request.resume and todo:
        for name in sorted({*formats_in(request.out)} - {*formats, "json"}):
            LOGGER.warning(
                "%s: %s in it lacks what was read since; --resume --format %s writes it again",
                *(request.out, name, name),
            )
    return _finish(request, formats, run, inputs, interrupted, started)


def _read_file(
    file: Input,
    predictor: Predict,
    bundle: Bundle,
    point: str,
    min_score: float | None,
    draw: Draw,
    done: frozenset[tuple[str, int | None]],
) -> list[Reading | Failure]:
    """Return a record per image or frame of one file; whatever goes wrong is a `Failure`."""
    records: list[Reading | Failure] = []
    try:
        for radiograph in stage_of_each("decode", read(file.path, file.name)):
            if (file.name, radiograph.source.frame) in done:
                continue
            start = time.perf_counter()
            prediction = predictor(radiograph)
            seconds = time.perf_counter() - start
            with stage("post-process"):
                reading = compose_reading(
                    radiograph.source, prediction, bundle, point, min_score, seconds
                )
            records.append(draw(radiograph, reading, prediction))
    except ReadError as error:
        records.append(_failure(file, error.reason, str(error)))
    except (DeviceError, OutputError):
        raise  # a full disk or card is no fault of this file, and the next would meet it too
    except Exception as error:  # our own mistake: shown as such, and the folder goes on
        LOGGER.debug("%s", file.path, exc_info=True)
        message = f"{file.name}: internal error, please report it: {type(error).__name__}: {error}"
        records.append(_failure(file, "internal", " ".join(message.split())))
    return records


def _failure(file: Input, reason: str, message: str) -> Failure:
    return Failure(Source(file.name, sha256_of(file.path)), reason, message)


def _operating_point(bundle: Bundle, wanted: str | None) -> str:
    points = bundle.manifest.operating_points
    name = wanted or bundle.manifest.default_operating_point
    if name not in points:
        raise InputError(
            f"--operating-point {name}: {bundle.manifest.name} has {', '.join(points)}"
        )
    return name


def _already(out: Path, files: Sequence[Input], workers: int) -> frozenset[tuple[str, int | None]]:
    """Return (name, frame) of every record that an earlier run left.

    Raises:
        InputError: a file is no longer the one that its record is of.
    """
    hashes: dict[str, str | None] = {}
    done = set()
    for record in read_results(out / RESULTS_NAME):
        hashes[record.source.path] = record.source.sha256
        done.add((record.source.path, record.source.frame))
    recorded = [file for file in files if file.name in hashes]
    now = in_order(lambda file: sha256_of(file.path), recorded, workers)
    for file, sha256 in zip(recorded, now, strict=True):
        if sha256 != hashes[file.name]:
            raise InputError(
                f"--resume: {file.path} has changed since it was read into {out}; "
                "--overwrite starts anew, or choose another --out"
            )
    return frozenset(done)


def _finish(
    request: DetectRequest,
    formats: Sequence[str],
    run: dict[str, Any],
    inputs: Inputs,
    interrupted: bool,
    started: float,
) -> Outcome:
    """Write the other formats from results.jsonl, and run.yaml with the counts."""
    counts: Counter[str] = Counter()

    saved = request.out / RESULTS_NAME
    bar = request.show_progress and bool(request.formats)  # tables alone take no time

    def counted() -> Iterator[Reading | Failure]:
        for record in followed("write", read_results(saved), count_results(saved), bar=bar):
            counts["failure" if isinstance(record, Failure) else record.verdict.label] += 1
            yield record

    files = {file.name: file for file in inputs.files}
    context = WriteContext(
        folder=request.out,
        created=datetime.fromisoformat(run["started"]),
        originals=Originals(lambda name: files[name].path if name in files else None),
        heatmaps=request.out / HEATMAPS_NAME,
        options=request.options,
    )
    with stage("write"):
        missed = write_formats(counted(), context, [name for name in formats if name != "json"])
    outcome = Outcome(
        counts["fractured"],
        counts["not_fractured"],
        counts["failure"],
        len(inputs.skipped),
        interrupted,
        time.monotonic() - started,
        missed,
    )
    write_run(
        request.out / RUN_NAME,
        run
        | {
            "status": "interrupted" if interrupted else "done",
            "seconds": round(outcome.seconds, 2),
            "counts": {
                "read": outcome.read,
                "fractured": outcome.fractured,
                "not_fractured": outcome.not_fractured,
                "failures": outcome.failures,
                "skipped": outcome.skipped,
                "not_written": len(missed),
            },
        },
    )
    return outcome
