"""The run folder: claimed once, resumed only for the same request and data, timed across kills."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from detect.config import TrainConfig
from detect.data.sample import Dataset
from detect.errors import InputError, OutputError, TrainingError
from detect.model.bundle import MANIFEST
from detect.write.atomic import naming_output, replacing_text

__all__ = [
    "Stopwatch",
    "TrainRequest",
    "claim_run",
    "drop_stages",
    "read_stage",
    "start_run",
    "write_stage",
]

LOGGER = logging.getLogger(__name__)
_RUN = "run.json"
_SETTINGS = ("ultralytics", "matplotlib")  # of `isolate_ultralytics`, in use by this process
_REDO = "delete it, and --resume redoes the stage"
_TOLD = {"samples": "images, splits, groups, labels or boxes of the data are"}


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What the user asked for."""

    data: tuple[Path, ...]
    recipe: TrainConfig
    init: str  # path or name of an ultralytics .pt
    out: Path  # folder of the bundle to make
    run: Path  # folder of the run
    device: str = "auto"
    workers: int = 1  # threads for decoding and evaluation
    resume: bool = False
    overwrite: bool = False
    allow_leakage: bool = False
    show_progress: bool = False
    command: str = ""  # as typed, for the card

    def identity(self, datasets: Sequence[Dataset]) -> dict[str, Any]:
        """What must not change between a run and its resumption.

        Were a split changed, the resumed run could be tested on images that it was trained on.

        Args:
            datasets: those of `data`, one by one, as `load_dataset` returns them.
        """
        return {
            "data": [str(path.resolve()) for path in self.data],
            "samples": _digest(datasets),
            "init": self.init,
            "recipe": self.recipe.model_dump(mode="json"),
        }


def claim_run(request: TrainRequest, datasets: Sequence[Dataset]) -> None:
    """Make the run folder, or check that what is there may be resumed or dropped.

    Nothing is dropped yet: that is for `start_run`, when all else is known to be sound. A run
    that was refused before it had prepared its data is started over without a word.

    Args:
        request: what the user asked for.
        datasets: as for `TrainRequest.identity`.

    Raises:
        InputError: the folder or the bundle is there already, or the request differs.
        TrainingError: run.json, which tells of the run to resume, is damaged.
        OutputError: the folder cannot be made.
    """
    _require_place_for_bundle(request)
    file = request.run / _RUN
    if request.resume:
        _require_same_request(request, datasets, file)
        return
    if _holds_something(request.run) and not file.is_file():
        raise InputError(
            f"{request.run}: is not the folder of a run; choose another --out or --runs"
        )
    if _prepared(request.run).exists() and not request.overwrite:
        raise InputError(
            f"{request.run}: holds a run already; --resume goes on with it, --overwrite drops it"
        )
    _require_outside(request.run, (*request.data, Path(request.init)), "which this run writes anew")
    _require_outside(request.out, request.data, "which the new bundle replaces")
    try:
        request.run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{request.run}: cannot be made: {error.strerror}") from error
    if not file.exists():
        write_stage(file, request.identity(datasets))


def start_run(request: TrainRequest, datasets: Sequence[Dataset]) -> None:
    """Drop what an earlier run has left in a claimed folder, and write what this one is.

    Raises:
        OutputError: something cannot be removed or written.
    """
    with naming_output(request.run):
        # first, since every stage is done anew where this one is not done: a kill in the midst
        # of dropping leaves nothing that could be gone on with
        _prepared(request.run).unlink(missing_ok=True)
        for path in request.run.iterdir():
            if path.name == _RUN or path.name in _SETTINGS:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    write_stage(request.run / _RUN, request.identity(datasets))


def _prepared(run: Path) -> Path:
    return run / "data" / "prepared.json"


def _require_place_for_bundle(request: TrainRequest) -> None:
    out = request.out
    if out.name in ("", ".."):
        raise InputError(f"--out {out}: has no name of its own; name the bundle, as weights/mine")
    run, bundle = request.run.resolve(), out.resolve()
    if run.is_relative_to(bundle) or bundle.is_relative_to(run):
        raise InputError(
            f"--out {out}: one of it and the run's folder {request.run} holds the other; "
            "choose another --out or --runs"
        )
    if out.exists() and not request.overwrite and not request.resume:
        raise InputError(f"--out {out}: exists already; choose another, or --overwrite")
    if _holds_something(out) and not (out / MANIFEST).is_file():
        raise InputError(f"--out {out}: is no bundle, so it is not replaced; choose another")


def _require_outside(folder: Path, paths: Iterable[Path], why: str) -> None:
    for path in paths:
        if path.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{path}: lies in {folder}, {why}; move it")


def _require_same_request(request: TrainRequest, datasets: Sequence[Dataset], file: Path) -> None:
    try:
        before = read_stage(file)
    except TrainingError as error:
        raise TrainingError(f"{file}: is damaged; start anew with --overwrite") from error
    now = request.identity(datasets)
    if before is None:
        raise InputError(f"--resume: there is no run in {request.run}; start without --resume")
    before["recipe"] = _in_full(before.get("recipe"))
    changed = [name for name in now if now[name] != before.get(name)]
    if changed:
        raise InputError(
            f"--resume: {', '.join(_TOLD.get(name, name) for name in changed)} not as in the run "
            f"in {request.run}; repeat its options, or start a new run without --resume"
        )


def _in_full(recipe: Any) -> Any:
    """Return a recorded recipe with the keys that it had not yet, as their defaults are."""
    try:
        return TrainConfig.model_validate(recipe).model_dump(mode="json")
    except ValidationError:
        return recipe  # which is not that of any request now


def _digest(datasets: Sequence[Dataset]) -> str:
    """Return the sha256 of all that training and testing take from the datasets, pixels apart."""
    plain = [
        [
            [
                Path(os.path.relpath(sample.image, dataset.root)).as_posix(),
                sample.split,
                sample.group,
                sample.fractured,
                None if sample.boxes is None else [astuple(entry) for entry in sample.boxes],
            ]
            for sample in dataset.samples
        ]
        for dataset in datasets
    ]
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def _holds_something(path: Path) -> bool:
    return path.is_file() or (path.is_dir() and any(path.iterdir()))


def write_stage(path: Path, value: dict[str, Any]) -> dict[str, Any]:
    """Write what a stage found; its presence says that the stage is done."""
    with replacing_text(path) as stream:
        json.dump(value, stream, indent=2)
    return value


def drop_stages(*files: Path) -> None:
    """Forget later stages, which an earlier one that is run again has made stale."""
    for file in files:
        file.unlink(missing_ok=True)


def read_stage(path: Path, *keys: str) -> dict[str, Any] | None:
    """Return what a finished stage found, or None where it has not finished.

    Args:
        path: of the file that the stage has left.
        keys: what it must hold.

    Raises:
        TrainingError: the file is damaged.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise TrainingError(f"{path}: cannot be read ({why}); {_REDO}") from error
    if not isinstance(value, dict) or any(key not in value for key in keys):
        raise TrainingError(f"{path}: is not what its stage has written; {_REDO}")
    return value


class Stopwatch:
    """Seconds spent per stage, kept in a file so that a resumed run tells the whole time."""

    def __init__(self, path: Path) -> None:
        """Go on from what `path` holds."""
        self._path = path
        self._spent = _seconds(path)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time one stage, also when it is broken off by an exception."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._spent[stage] = self._spent.get(stage, 0.0) + time.monotonic() - start
            write_stage(self._path, self._spent)

    @property
    def spent(self) -> dict[str, float]:
        """Seconds by stage."""
        return dict(self._spent)


def _seconds(path: Path) -> dict[str, float]:
    """Return the seconds of earlier sittings; they are not worth ending a run for."""
    try:
        spent = read_stage(path) or {}
    except TrainingError as error:
        LOGGER.warning("%s (the times of earlier sittings are not counted)", error)
        return {}
    if not all(isinstance(value, int | float) for value in spent.values()):
        LOGGER.warning("%s: holds no seconds; the times of earlier sittings are not counted", path)
        return {}
    return spent
