"""Saved results in other formats, without the model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from detect.errors import InputError
from detect.inputs import collect_inputs
from detect.progress import followed
from detect.write.context import HEATMAPS_NAME, FormatOptions, WriteContext
from detect.write.formats import known_formats, write_formats
from detect.write.json_lines import RESULTS_NAME
from detect.write.not_written import NotWritten
from detect.write.originals import Originals
from detect.write.results import count_results, read_results
from detect.write.run_file import RUN_NAME

__all__ = ["report_results"]

LOGGER = logging.getLogger(__name__)


def report_results(
    results: Path,
    names: Sequence[str],
    out: Path,
    *,
    images: Path | None = None,
    options: FormatOptions | None = None,
    show_progress: bool = False,
) -> tuple[NotWritten, ...]:
    """Write saved results in other formats.

    Args:
        results: a results.jsonl, or the folder that holds it; the run.yaml beside it tells
            when the run was and where its images lie.
        names: of formats.
        out: folder to write into.
        images: folder that the paths in the results are relative to, where run.yaml does not
            say so or they have moved.
        options: of the formats.
        show_progress: draw a bar on stderr.

    Returns:
        The records that have no form in a format.

    Raises:
        InputError: the results cannot be read, a name is unknown, or results would be
            written over themselves.
        OutputError: a file cannot be written.
    """
    formats = known_formats(names)
    source = results / RESULTS_NAME if results.is_dir() else results
    if "json" in formats and source.resolve() == (out / RESULTS_NAME).resolve():
        raise InputError(f"--out {out}: would write over the results that are read")
    run = _run(source.with_name(RUN_NAME))
    context = WriteContext(
        folder=out,
        created=_created(run, source),
        originals=Originals(_finder(run, images)),
        heatmaps=source.with_name(HEATMAPS_NAME),
        options=options or FormatOptions(),
    )
    if run.get("status") in ("running", "interrupted"):
        LOGGER.warning("%s: of a run that was broken off; detect --resume goes on", source)
    total = count_results(source)
    records = followed("report", read_results(source), total, bar=show_progress)
    return write_formats(records, context, formats)


def _run(path: Path) -> dict[str, Any]:
    """Return what run.yaml says; nothing where there is none."""
    try:
        run = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML; remove it or mend it") from error
    return run if isinstance(run, dict) else {}


def _created(run: dict[str, Any], results: Path) -> datetime:
    """Return when the run began; of results without one, when their file was written."""
    started = run.get("started")
    try:
        if isinstance(started, str):
            return datetime.fromisoformat(started).astimezone(UTC)
        return datetime.fromtimestamp(results.stat().st_mtime, UTC).replace(microsecond=0)
    except ValueError as error:
        raise InputError(f"{results.with_name(RUN_NAME)}: started {started}: no time") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"cannot read {results}: {why}; name a results.jsonl") from error


def _finder(run: dict[str, Any], images: Path | None) -> Callable[[str], Path | None]:
    """Return what leads from `Source.path` to the file."""
    if images is not None:
        if not images.is_dir():
            raise InputError(f"--images {images}: no such folder")
        return lambda name: images / name
    given = run.get("inputs")
    files: dict[str, Path] | None = None

    def find(name: str) -> Path | None:
        # only where a format needs the images: a folder may be large, or gone
        nonlocal files
        if files is None:
            files = {}
            try:
                if isinstance(given, list):
                    files = {f.name: f.path for f in collect_inputs([str(g) for g in given]).files}
            except InputError:
                return None  # told for each record, with the way out
        return files.get(name)

    return find
