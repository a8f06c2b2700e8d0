"""The run folder: claimed once, resumed only for the same request, timed across kills."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect.config import TrainConfig
from detect.errors import InputError, OutputError
from detect.model.bundle import MANIFEST
from detect.write.atomic import replacing_text

__all__ = [
    "Stopwatch",
    "TrainRequest",
    "claim_run",
    "drop_stages",
    "read_stage",
    "write_stage",
]


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

    def identity(self) -> dict[str, Any]:
        """What must not change between a run and its resumption."""
        return {
            "data": [str(path.resolve()) for path in self.data],
            "init": self.init,
            "recipe": self.recipe.model_dump(mode="json"),
        }


def claim_run(request: TrainRequest) -> None:
    """Make the run folder, or check that a resumed one was started by the same request.

    A run that was refused before it had prepared its data is started over without a word.
    Nothing but runs and bundles is ever dropped or built into.

    Raises:
        InputError: the folder or the bundle is there already, or the request differs.
        OutputError: the folder cannot be made.
    """
    _require_place_for_bundle(request)
    file = request.run / "run.json"
    if request.resume:
        _require_same_request(request, file)
        return
    if _holds_something(request.run) and not file.is_file():
        raise InputError(
            f"{request.run}: is not the folder of a run; choose another --out or --runs"
        )
    if (request.run / "data" / "prepared.json").exists() and not request.overwrite:
        raise InputError(
            f"{request.run}: holds a run already; --resume goes on with it, --overwrite drops it"
        )
    for path in (*request.data, Path(request.init)):
        if path.resolve().is_relative_to(request.run.resolve()):
            raise InputError(f"{path}: lies in {request.run}, which this run writes anew; move it")
    try:
        if request.run.exists():
            shutil.rmtree(request.run)
        request.run.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{request.run}: cannot be made: {error.strerror}") from error
    with replacing_text(file) as stream:
        json.dump(request.identity(), stream, indent=2)


def _require_place_for_bundle(request: TrainRequest) -> None:
    out = request.out
    if out.name in ("", ".."):
        raise InputError(f"--out {out}: has no name of its own; name the bundle, as weights/mine")
    if out.exists() and not request.overwrite and not request.resume:
        raise InputError(f"--out {out}: exists already; choose another, or --overwrite")
    if _holds_something(out) and not (out / MANIFEST).is_file():
        raise InputError(f"--out {out}: is no bundle, so it is not replaced; choose another")


def _require_same_request(request: TrainRequest, file: Path) -> None:
    if not file.exists():
        raise InputError(f"--resume: there is no run in {request.run}; start without --resume")
    before, now = json.loads(file.read_text(encoding="utf-8")), request.identity()
    changed = [name for name in now if now[name] != before.get(name)]
    if changed:
        raise InputError(
            f"--resume: {', '.join(changed)} not as in the run in {request.run}; "
            "repeat its options, or start a new run without --resume"
        )


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


def read_stage(path: Path) -> dict[str, Any] | None:
    """Return what a finished stage found, or None where it has not finished."""
    if not path.exists():
        return None
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


class Stopwatch:
    """Seconds spent per stage, kept in a file so that a resumed run tells the whole time."""

    def __init__(self, path: Path) -> None:
        """Go on from what `path` holds."""
        self._path = path
        self._spent: dict[str, float] = read_stage(path) or {}

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
