"""A full check as one HTML file that opens offline: `check.html`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from detect import __version__
from detect.data.check_guide import GUIDES, Guide, Severity, by_seriousness, severity_of
from detect.data.check_report import LABELS, FullReport, Problem, count
from detect.data.check_table import cell_text
from detect.data.check_text import path_in, printable
from detect.data.check_verdict import Verdict, verdict_of
from detect.data.sample import SPLITS, Dataset, Sample
from detect.data.thumbnails import Thumbnail, thumbnails
from detect.write.atomic import replacing_text

__all__ = ["CheckPage", "images_shown"]

_MOST_SETS = 12  # of one problem
_MOST_IN_SET = 8
_MOST_IMAGES = 24  # of one problem without sets; check.json lists all
# Of thousands of images that share a size or an attribute: a figure tells more than pictures
_EXAMPLES = 5
_TEMPLATE = "check.html.j2"


@dataclass(frozen=True, slots=True)
class _Figure:
    """One image as the page shows it."""

    folder: str  # with a slash at its end; empty: the dataset's root
    file: str
    facts: tuple[str, ...]  # split, label, size, group: as far as they are known
    thumbnail: Thumbnail

    @property
    def alt(self) -> str:
        """What a reader who sees no picture is told."""
        return f"{self.folder}{self.file}: {', '.join(self.facts)}"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One problem: its line, and the images shown, row by row."""

    line: str
    rows: tuple[tuple[_Figure, ...], ...]
    together: bool  # the images of a row belong together
    more: str  # what is not shown; empty: nothing


@dataclass(frozen=True, slots=True)
class _Section:
    """All problems of one kind."""

    kind: str
    severity: Severity
    guide: Guide
    extent: str  # how many images, sets
    entries: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    numeric: bool
    share: float | None  # of the bar behind it, percent


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[_Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """All that the template is given."""

    name: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    verdict: Verdict
    sections: tuple[_Section, ...]
    tables: tuple[_Table, ...]
    version: str


class CheckPage:
    """Writes the page of a report; the same report gives the same page.

    Args:
        report: the check.
        fractures: classes whose boxes stand out; others are drawn in another colour.
    """

    def __init__(self, report: FullReport, fractures: Collection[str]) -> None:
        self._report = report
        self._fractures = fractures
        self._samples = _by_image(report.dataset)

    def write(
        self,
        path: Path,
        *,
        workers: int | None = None,
        on_image: Callable[[], object] | None = None,
    ) -> None:
        """Draw the thumbnails and write the page.

        Args:
            path: of the HTML file.
            workers: threads that decode; None: one per core. The page does not depend on it.
            on_image: called after each of the `images_shown`, for a progress bar.

        Raises:
            OutputError: the file cannot be written.
        """
        shown = images_shown(self._report)
        drawn = thumbnails(
            [self._samples[image][0] for image in shown],
            self._fractures,
            workers=workers,
            on_image=on_image,
        )
        pictures = {
            image: replace(thumbnail, reason=printable(thumbnail.reason))
            for image, thumbnail in zip(shown, drawn, strict=True)
        }
        environment = Environment(
            loader=PackageLoader("detect.data", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        text = environment.get_template(_TEMPLATE).render(page=self._page(pictures))
        with replacing_text(path) as file:
            file.write(text)

    def _page(self, pictures: Mapping[Path, Thumbnail]) -> _Page:
        report, dataset = self._report, self._report.dataset
        return _Page(
            name=printable(dataset.name),
            facts=tuple((term, printable(text)) for term, text in _facts(report) if text),
            notes=tuple(map(printable, dataset.notes)),
            verdict=verdict_of(report),
            sections=tuple(
                self._section(list(problems), pictures)
                for _, problems in groupby(by_seriousness(report.problems), lambda one: one.kind)
            ),
            tables=tuple(
                _Table(
                    balance.name,
                    printable(balance.title),
                    tuple(map(printable, balance.header)),
                    tuple(tuple(map(_cell, row)) for row in balance.rows),
                )
                for balance in report.balances
            ),
            version=__version__,
        )

    def _section(self, problems: Sequence[Problem], pictures: Mapping[Path, Thumbnail]) -> _Section:
        kind = problems[0].kind
        return _Section(
            kind=kind,
            severity=severity_of(kind),
            guide=GUIDES[kind],
            extent=_extent(problems),
            entries=tuple(self._entry(problem, pictures) for problem in problems),
        )

    def _entry(self, problem: Problem, pictures: Mapping[Path, Thumbnail]) -> _Entry:
        rows = tuple(
            tuple(self._figure(image, pictures[image]) for image in row) for row in _rows(problem)
        )
        return _Entry(printable(problem.line), rows, bool(problem.sets), _more(problem))

    def _figure(self, image: Path, thumbnail: Thumbnail) -> _Figure:
        samples = self._samples[image]
        facts = [
            " and ".join(dict.fromkeys(sample.split or "no split" for sample in samples)),
            " and ".join(dict.fromkeys(LABELS[sample.fractured] for sample in samples)),
        ]
        if thumbnail.uri is not None:
            facts.append(f"{thumbnail.image_width} × {thumbnail.image_height}")
        boxes = Counter(entry.label for entry in samples[0].boxes or ())
        facts += [f"boxed: {_numbers(boxes)}"] if boxes else []
        groups = [sample.group for sample in samples if sample.group is not None]
        if groups:
            facts.append(f"group {' and '.join(dict.fromkeys(groups))}")
        folder, slash, file = printable(path_in(self._report.dataset, image)).rpartition("/")
        return _Figure(folder + slash, file, tuple(map(printable, facts)), thumbnail)


def images_shown(report: FullReport) -> tuple[Path, ...]:
    """Return the images that the page of a report shows, each once, in the page's order."""
    return tuple(
        dict.fromkeys(
            image
            for problem in by_seriousness(report.problems)
            for row in _rows(problem)
            for image in row
        )
    )


def _by_image(dataset: Dataset) -> dict[Path, list[Sample]]:
    """Return all samples of each image: merged sets may hold one file twice."""
    samples: dict[Path, list[Sample]] = {}
    for sample in dataset.samples:
        samples.setdefault(sample.image, []).append(sample)
    return samples


def _rows(problem: Problem) -> list[tuple[Path, ...]]:
    if problem.sets:
        return [one[:_MOST_IN_SET] for one in problem.sets[:_MOST_SETS]]
    return [problem.images[: _most_images(problem)]] if problem.images else []


def _most_images(problem: Problem) -> int:
    return _EXAMPLES if problem.kind in ("attribute_label", "size_label") else _MOST_IMAGES


def _more(problem: Problem) -> str:
    if not problem.sets:
        hidden = len(problem.images) - _most_images(problem)
        return count(hidden, "more image") if hidden > 0 else ""
    parts = []
    cut = sum(max(0, len(one) - _MOST_IN_SET) for one in problem.sets[:_MOST_SETS])
    if cut:
        parts.append(f"{count(cut, 'more image')} of these rows")
    if len(problem.sets) > _MOST_SETS:
        parts.append(count(len(problem.sets) - _MOST_SETS, "more row"))
    return " and ".join(parts)


def _extent(problems: Iterable[Problem]) -> str:
    images = {image for problem in problems for image in problem.images}
    sets = sum(len(problem.sets) for problem in problems)
    if not images:
        return "whole split"
    return count(len(images), "image") + (f" in {count(sets, 'set')}" if sets else "")


def _facts(report: FullReport) -> list[tuple[str, str]]:
    dataset = report.dataset
    splits = [
        f"{split or 'no split'} {number}"
        for split in (*SPLITS, None)
        if (number := sum(sample.split == split for sample in dataset.samples))
    ]
    labels = [
        f"{number} {name}"
        for label, name in LABELS.items()
        if (number := sum(sample.fractured is label for sample in dataset.samples))
    ]
    groups = {sample.group for sample in dataset.samples if sample.group is not None}
    boxes = Counter(entry.label for sample in dataset.samples for entry in sample.boxes or ())
    return [
        ("Images", f"{len(dataset.samples)}: {', '.join(splits)}"),
        ("Labels", ", ".join(labels)),
        ("Groups", f"{len(groups)} patients or nearest known groupings" if groups else "unknown"),
        ("Boxes", _numbers(boxes) or "none"),
        ("Licence", dataset.licence or ""),
        ("Origin", dataset.origin or ""),
    ]


def _numbers(counts: Counter[str]) -> str:
    """Return "3 fracture, 1 metal", the most frequent first."""
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def _cell(value: str | int | float | None) -> _Cell:
    share = value * 100 if isinstance(value, float) and 0 <= value <= 1 else None
    return _Cell(cell_text(value), not isinstance(value, str), share)
