"""What the run.yaml beside saved results says of how they were made."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import yaml

from detect.errors import InputError
from detect.model.postprocess import MIN_SCORE
from detect.model.runtimes import stated_precision
from detect.write.run_file import RUN_NAME

__all__ = ["RunSettings", "settings_of_run"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run read its images; all None where no run.yaml tells.

    Attributes:
        min_score: boxes below it are not in the records; None: only shown boxes are.
        runtime: as `detect.model.runtimes` lists them; None: not stated.
        precision: of the arithmetic, such as `float32`.
        mirror: whether each image was read mirrored as well.
    """

    min_score: float | None = None
    runtime: str | None = None
    precision: str | None = None
    mirror: bool | None = None


def settings_of_run(results: Path, option: str) -> RunSettings:
    """Read the run.yaml beside a results.jsonl; a warning tells where boxes are not all listed.

    Args:
        results: the results.jsonl.
        option: the option and its value as typed, which begins messages.

    Raises:
        InputError: the run.yaml is there and cannot be understood.
    """
    file = results.parent / RUN_NAME
    try:
        run = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings = RunSettings(
            min_score=None if run["min_score"] is None else float(run["min_score"]),
            runtime=None if run.get("runtime") is None else str(run["runtime"]),
            precision=stated_precision(run),
            mirror=bool(run.get("mirror", False)),  # older runs could not
        )
    except FileNotFoundError:
        LOGGER.warning(
            "%s: no %s beside it tells down to which score boxes are listed; "
            "figures of boxes are of those that are",
            *(option, RUN_NAME),
        )
        return RunSettings()
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        raise InputError(f"{file}: says nothing of the run ({type(error).__name__})") from error
    score = settings.min_score
    if score is None or score > MIN_SCORE:
        listed = "shown boxes alone" if score is None else f"no box below {score:g}"
        LOGGER.warning(
            "%s: lists %s, so figures of boxes are of those; for all, detect with --min-score %g",
            *(option, listed, MIN_SCORE),
        )
    return settings
