"""From what the command line names to what is evaluated: told apart, opened and named.

`WHAT` is a bundle (a name under weights/, or a folder), an ultralytics detector (`.pt`, `.onnx`)
or saved results (`.jsonl`, or the folder of a run). `NAME=WHAT` gives it a name; systems of one
name are seeds of one recipe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from detect.data.check_report import CheckReport
from detect.data.sample import Dataset
from detect.errors import DataError, InputError
from detect.evaluate.detector import SUFFIXES, Detector, open_detector
from detect.evaluate.measured import measured_samples
from detect.evaluate.peer import calibrate_peer
from detect.evaluate.saved_results import SavedResults, open_results, saved_system
from detect.evaluate.systems import System, bundle_system
from detect.model.bundle import Bundle, find_bundle, load_bundle
from detect.model.runtime import RuntimeName, require_runtime
from detect.write.json_lines import RESULTS_NAME

__all__ = ["Opened", "Wanted", "classes_of", "make_ready", "open_wanted", "require_val"]

_CHECKPOINTS = ("best", "last")  # as ultralytics names them, in RUN/weights


@dataclass(frozen=True, slots=True)
class Wanted:
    """One system as typed."""

    option: str  # --weights, --predictions or --against
    text: str  # WHAT or NAME=WHAT


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """One system, opened and named, but not yet fit to be measured."""

    name: str  # unique
    recipe: str | None  # NAME, where several have it
    content: Bundle | Detector | SavedResults


def open_wanted(
    wanted: Sequence[Wanted],
    classes: Mapping[str, str | None],
    runtime: RuntimeName,
) -> tuple[Opened, ...]:
    """Open all systems, so that mistakes come up before anything is computed.

    Args:
        wanted: the first is the one that others are compared with.
        classes: as for `open_detector`.
        runtime: of `choose_runtime`, what is to compute bundles.

    Raises:
        InputError, BundleError: one of them cannot be used; the line names its option, or
            --runtime.
    """
    parted = [_part(one.text) for one in wanted]
    names = _names(wanted, parted)
    opened = [
        _open(one.option, what, classes) for one, (_, what) in zip(wanted, parted, strict=True)
    ]
    for content in opened:
        if isinstance(content, Bundle):
            require_runtime(runtime, content)
    count = Counter(name for name, _ in parted)
    return tuple(
        Opened(name, recipe if recipe and count[recipe] > 1 else None, content)
        for name, (recipe, _), content in zip(names, parted, opened, strict=True)
    )


def classes_of(opened: Sequence[Opened]) -> frozenset[str]:
    """Return the names of all classes of the detectors among them."""
    detectors = (one.content for one in opened if isinstance(one.content, Detector))
    return frozenset(name for detector in detectors for name in detector.classes)


def require_val(dataset: Dataset, opened: Sequence[Opened], split: str) -> None:
    """Refuse to measure a plain detector where it cannot be calibrated on other images.

    Calibration and thresholds fitted to the images that are then measured flatter it.

    Args:
        dataset: as `load_fractures` returns it.
        opened: all systems.
        split: to be measured on.

    Raises:
        InputError: there is such a detector, and `split` is `val`.
        DataError: there is such a detector, and no image in `val`.
    """
    names = [one.name for one in opened if isinstance(one.content, Detector)]
    if names and split == "val":
        raise InputError(
            f"--split val: {names[0]} gets its verdict calibrated on val, so that figures there "
            "would flatter it; measure on another split, or evaluate without it"
        )
    if names and not dataset.split("val"):
        raise DataError(
            f"{dataset.root}: has no val split, on which {names[0]} gets its verdict calibrated; "
            "assign one (data split), or evaluate without it"
        )


def make_ready(
    opened: Opened,
    dataset: Dataset,
    report: CheckReport,
    *,
    runtime: RuntimeName = "auto",
    workers: int = 1,
    show_progress: bool = False,
    mirror: bool = False,
) -> System:
    """Return an opened system as one that can be measured; a detector is calibrated on `val`.

    Args:
        opened: of `open_wanted`.
        dataset: as `load_fractures` returns it.
        report: of `quick_check` over it.
        runtime: what computes a bundle.
        workers: threads.
        show_progress: draw a bar on stderr.
        mirror: whether a bundle reads each image mirrored, too.

    Raises:
        DataError: a detector cannot be calibrated on this dataset.
    """
    name, recipe, content = opened.name, opened.recipe, opened.content
    if isinstance(content, Bundle):
        return bundle_system(
            content,
            runtime=runtime,
            workers=workers,
            show_progress=show_progress,
            name=name,
            recipe=recipe,
            mirror=mirror,
        )
    if isinstance(content, SavedResults):
        return saved_system(
            content, name=name, recipe=recipe, workers=workers, show_progress=show_progress
        )
    samples, _ = measured_samples(dataset, report, "val")
    return calibrate_peer(
        content,
        samples,
        name=name,
        recipe=recipe,
        workers=workers,
        show_progress=show_progress,
    )


def _part(text: str) -> tuple[str | None, str]:
    """Return NAME and WHAT; a path that holds an equals sign and exists is no NAME."""
    name, sign, what = text.partition("=")
    if not sign or not name.strip() or "/" in name or Path(text).exists():
        return None, text
    return name.strip(), what


def _open(
    option: str, what: str, classes: Mapping[str, str | None]
) -> Bundle | Detector | SavedResults:
    typed = f"{option} {what}"
    path = Path(what)
    if (path / RESULTS_NAME).is_file():
        return open_results(path / RESULTS_NAME, typed)
    if path.suffix == ".jsonl":
        return open_results(path, typed)
    if option == "--predictions":
        raise InputError(f"{typed}: is no {RESULTS_NAME}; give a model with --weights")
    if path.suffix.lower() in SUFFIXES and not path.is_dir():
        return open_detector(path, typed, classes)
    return load_bundle(str(find_bundle(what, option)))


def _names(wanted: Sequence[Wanted], parted: Sequence[tuple[str | None, str]]) -> list[str]:
    """Return a unique name for each: as given, numbered where several have it, or of its path."""
    given = Counter(name for name, _ in parted if name)
    seen: Counter[str] = Counter()
    names: list[str] = []
    paths = [_telling(what) for name, what in parted if name is None]
    for one, (name, what) in zip(wanted, parted, strict=True):
        if name is None:
            names.append(_shortest(_telling(what), paths))
        elif given[name] == 1:
            names.append(name)
        else:
            seen[name] += 1
            names.append(f"{name} {seen[name]}")
        if names[-1] in names[:-1]:
            message = f"{one.option} {one.text}: {names[-1]} is given twice"
            raise InputError(f"{message}; leave one out, or name it: NAME={what}")
    return names


def _telling(what: str) -> tuple[str, ...]:
    """Return the parts of a path that tell one system from another."""
    path = Path(what)
    *folders, last = Path(*path.absolute().parts[1:]).parts or (what,)
    if path.suffix.lower() not in (*SUFFIXES, ".jsonl"):
        return (*folders, last)
    if path.name == RESULTS_NAME and folders:
        return tuple(folders)
    if path.stem in _CHECKPOINTS and folders[-1:] == ["weights"] and len(folders) > 1:
        return tuple(folders[:-1])
    return (*folders, path.stem)


def _shortest(parts: tuple[str, ...], others: Sequence[tuple[str, ...]]) -> str:
    """Return the shortest end of a path that no other one has."""
    for length in range(1, len(parts)):
        if sum(other[-length:] == parts[-length:] for other in set(others)) == 1:
            return "/".join(parts[-length:])
    return "/".join(parts)
