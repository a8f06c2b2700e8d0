"""Results that `detect` saved, evaluated without the model.

In `metrics.json`, `system` then also holds

    file                      name of the results.jsonl
    min_score                 of the run.yaml beside it: boxes below it are not in the records; null
                              where only shown boxes are, or where no run.yaml tells
    runtime, precision, mirror
                              of the run.yaml, too; null where none tells
    operating_points_of       "bundle": it is here, under the same sha256; "results": only the
                              one point at which the results were made is known
    matched                   {path, sha256, tail}: images by how their result was found
    n_changed                 of those matched by path, images whose bytes are not those read
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from detect.data.check_text import printable
from detect.data.sample import Sample
from detect.errors import BundleError, DataError, InputError
from detect.evaluate.match_paths import MatchedPaths, match_paths
from detect.evaluate.readings import SEVERAL_FRAMES, Readings, sample_name
from detect.evaluate.saved_checks import mistake_in
from detect.evaluate.saved_run import RunSettings, settings_of_run
from detect.evaluate.systems import System
from detect.in_order import in_order
from detect.model.bundle import file_sha256, load_bundle
from detect.progress import followed
from detect.read import sha256_of
from detect.record import Failure, ModelInfo, Reading, Source
from detect.write.results import read_results

__all__ = ["SavedResults", "open_results", "saved_system"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SavedResults:
    """A results.jsonl, read and found to be of one model at one operating point.

    Attributes:
        path: the file.
        by_path: its records by `Source.path`, one for each frame.
        model: as the readings state it.
        operating_points: name to threshold on the probability.
        whose_points: "bundle" or "results", as in the module docstring.
        run: what the run.yaml beside it says.
    """

    path: Path
    by_path: Mapping[str, tuple[Reading | Failure, ...]]
    model: ModelInfo
    operating_points: Mapping[str, float]
    whose_points: str
    run: RunSettings


def open_results(path: Path, option: str) -> SavedResults:
    """Read saved results; a warning tells where boxes of low score are not among them.

    Args:
        path: a results.jsonl.
        option: the option and its value as typed, which begins messages.

    Raises:
        InputError: it cannot be read, is empty, holds failures alone, a reading of which no
            figure can be made (see `mistake_in`; the line is named), readings of several models
            or operating points, or an image twice.
    """
    by_path: dict[str, list[Reading | Failure]] = {}
    models: set[ModelInfo] = set()
    points: set[tuple[str, float]] = set()
    # a record is a line: `read_results` passes over none
    for number, record in enumerate(read_results(path), start=1):
        by_path.setdefault(record.source.path, []).append(record)
        if isinstance(record, Reading):
            mistake = mistake_in(record)
            if mistake is not None:
                name = printable(record.source.path)
                raise InputError(f"{path}, line {number}: {name}: {mistake}")
            models.add(record.model)
            points.add((record.verdict.operating_point, record.verdict.threshold))
    if not by_path:
        message = f"{option}: {path.name} is empty, so there is nothing to measure"
        raise InputError(f"{message}; give the results of a run that read images")
    for name, records in by_path.items():
        if len({record.source.frame for record in records}) < len(records):
            message = f"{option}: holds {len(records)} results of {name}"
            raise InputError(f"{message}; keep those of one run")
    if not models:
        why = Counter(r.reason for records in by_path.values() for r in _failures(records))
        said = ", ".join(f"{reason} {count}" for reason, count in sorted(why.items()))
        message = f"{option}: holds no reading, but failures alone ({said})"
        raise InputError(f"{message}; give the results of a run that read images")
    if len(models) > 1 or len(points) > 1:
        what = ", ".join(sorted({f"{m.name} {m.version} ({m.sha256[:8]})" for m in models}))
        at = ", ".join(sorted({name for name, _ in points}))
        message = f"{option}: mixes results of several runs ({what}; at {at})"
        raise InputError(f"{message}; give the results of one")
    (model,) = models
    known = _points_of_bundle(model)
    return SavedResults(
        path,
        {name: tuple(records) for name, records in by_path.items()},
        model,
        dict(points) if known is None else known,
        "results" if known is None else "bundle",
        settings_of_run(path, option),
    )


def saved_system(
    saved: SavedResults,
    *,
    name: str,
    recipe: str | None = None,
    workers: int = 1,
    show_progress: bool = False,
) -> System:
    """Return saved results as a system.

    A sample gets the result of its path, else of its bytes, else of the one path that ends like
    its own (see `match_paths`). One without a result gets no record, which counts as failed.

    Args:
        saved: opened.
        name, recipe: of the system.
        workers: threads that hash the images.
        show_progress: draw a bar on stderr.
    """

    def read(samples: Sequence[Sample], folder: Path | None) -> Readings:
        names = [sample_name(sample, folder) for sample in samples]
        digests = _digests(samples, workers, show_progress)
        matched = match_paths(
            dict(zip(names, digests, strict=True)),
            {path: records[0].source.sha256 for path, records in saved.by_path.items()},
        )
        if not matched.pairs:
            message = f"{saved.path}: holds no result of any image that is evaluated"
            message += (
                f"; the first image is {names[0]}, the first result {next(iter(saved.by_path))}"
            )
            raise DataError(f"{message}; give results of this dataset")
        records = [_renamed(saved.by_path[pair.path], name) for name, pair in matched.pairs.items()]
        used = {pair.path for pair in matched.pairs.values()}
        others = [path for path in saved.by_path if path not in used and path not in matched.pairs]
        records += [saved.by_path[path][0] for path in others]
        _tell(saved.path, names, matched, others)
        how = Counter(pair.how for pair in matched.pairs.values())
        about = {
            "matched": {key: how[key] for key in ("path", "sha256", "tail")},
            "n_changed": len(matched.changed),
        }
        return Readings(records, about=about)

    about: dict[str, Any] = {
        "verdict": "of the saved results",
        "file": saved.path.name,
        "file_sha256": file_sha256(saved.path),
        **asdict(saved.run),
        "operating_points_of": saved.whose_points,
    }
    return System(
        name=name,
        kind="results",
        model=saved.model,
        operating_points=saved.operating_points,
        read=read,
        about=about,
        recipe=recipe,
    )


def _failures(records: Sequence[Reading | Failure]) -> list[Failure]:
    return [record for record in records if isinstance(record, Failure)]


def _points_of_bundle(model: ModelInfo) -> dict[str, float] | None:
    """Return all operating points of the bundle that made the results, if it is here."""
    try:
        bundle = load_bundle(model.name)
    except BundleError as error:
        LOGGER.debug("%s", error)
        return None
    if bundle.sha256 != model.sha256:
        return None
    return {name: point.threshold for name, point in bundle.manifest.operating_points.items()}


def _digests(samples: Sequence[Sample], workers: int, show_progress: bool) -> list[str | None]:
    digests = in_order(lambda sample: sha256_of(sample.image), samples, workers)
    return list(followed("match", digests, len(samples), bar=show_progress))


def _renamed(records: Sequence[Reading | Failure], name: str) -> Reading | Failure:
    if len(records) > 1:
        digest = records[0].source.sha256
        return Failure(Source(name, digest), "unsupported", f"{name}: {SEVERAL_FRAMES}")
    (record,) = records
    return replace(record, source=replace(record.source, path=name))


def _tell(path: Path, names: Sequence[str], matched: MatchedPaths, others: Sequence[str]) -> None:
    """Say which images have no result, or a doubtful one, and which results have no image."""
    missing = [name for name in names if name not in matched.pairs]
    for some, what in (
        (missing, "without a result, counted as failed"),
        (matched.ambiguous, "whose name fits several results, so none was taken"),
        (matched.changed, "whose bytes are not those that were read"),
    ):
        if some:
            example = printable(some[0])
            LOGGER.warning(
                "%s: %d of %d images %s, as %s", path, len(some), len(names), what, example
            )
    if others:
        LOGGER.warning(
            "%s: %d results are of images that are not measured, left out, as %s",
            *(path, len(others), printable(others[0])),
        )
