"""Images of a split that other splits hold, too: to measure without them.

Whoever was trained on, or had thresholds set on, a copy of an image has all but seen it, so that
figures on it flatter. What a copy is, the thorough check of the data alone decides. An exact copy
counts as well, though `train` itself leaves it out: other models may not have done so. Other
images of the same group stay.

In `metrics.json`, `data.without_copies` is null where nobody asked, else

    n                         images left out
    by_split                  {other split: images left out that have a copy there}
    images                    [{path, splits}]: each image left out, as other paths of the file
                              are, and the splits where it has a copy
    compared_with             {other split: images}: what the split was compared with
    n_unreadable              images of all splits that cannot be read, and so were not compared
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect.data.check_report import FullReport, ProblemKind, count, few
from detect.data.check_text import printable
from detect.data.copies import splits_of
from detect.data.sample import SPLITS, Dataset, Sample
from detect.evaluate.truths import shared_folder

__all__ = ["COPY", "Copies", "copies_in_other_splits"]

COPY = "copy_in_other_split"  # why an image is left out, in `data.left_out`
_KINDS: tuple[ProblemKind, ...] = ("duplicate_leak", "near_duplicate_leak")


@dataclass(frozen=True, slots=True)
class Copies:
    """What a split has in common with the others.

    Attributes:
        split: the one to be measured on.
        images: of that split, in the dataset's order, to the other splits that hold a copy.
        compared_with: the other splits, to the number of their images.
        n_unreadable: images of all splits that cannot be read, and so were not compared.
    """

    split: str
    images: Mapping[Path, tuple[str, ...]]
    compared_with: Mapping[str, int]
    n_unreadable: int

    @property
    def by_split(self) -> dict[str, int]:
        """The number of images that have a copy in each of the other splits."""
        found = Counter(split for splits in self.images.values() for split in splits)
        return {split: found[split] for split in SPLITS if found[split]}

    def told(self) -> str:
        """Return in one line how many there are, and where their copies are."""
        if not self.compared_with:
            only = f"no image is in another split than {self.split}"
            return f"{only}, so there is nothing to compare with, and no copy is left out"
        others = " or ".join(self.compared_with)
        unread = f"; {count(self.n_unreadable, 'file')} that cannot be read not compared"
        unread = unread if self.n_unreadable else ""
        if not self.images:
            return f"no image of {self.split} has a copy in {others}{unread}"
        places = ", ".join(f"{split} {number}" for split, number in self.by_split.items())
        names = few(printable(image.name) for image in self.images)
        said = f"{count(len(self.images), 'image')} of {self.split} left out for a copy in another"
        return f"{said} split ({places}){unread}: {names}"

    def to_json(self, dataset: Dataset, measured: tuple[Sample, ...]) -> dict[str, Any]:
        """Return what the module docstring states, as plain JSON types.

        Args:
            dataset: the whole of it.
            measured: the samples that stay; paths are relative to the folder that holds them and
                the images left out.
        """
        gone = [sample for sample in dataset.split(self.split) if sample.image in self.images]
        folder = shared_folder(dataset, [*measured, *gone])
        return {
            "n": len(gone),
            "by_split": self.by_split,
            "images": [
                {
                    "path": image.relative_to(folder).as_posix(),
                    "splits": list(splits),
                }
                for image, splits in self.images.items()
            ],
            "compared_with": dict(self.compared_with),
            "n_unreadable": self.n_unreadable,
        }


def copies_in_other_splits(report: FullReport, split: str) -> Copies:
    """Return the images of a split that are, exactly or nearly, in another split as well.

    Copies within the split count for nothing, nor do those that are in no split: nothing was
    trained or set on these.

    Args:
        report: of `full_check` over the whole dataset.
        split: one of SPLITS.
    """
    dataset = report.dataset
    named: dict[Path, list[Sample]] = defaultdict(list)  # two sources may name one file
    for sample in dataset.samples:
        named[sample.image].append(sample)
    places: dict[Path, set[str]] = defaultdict(set)
    for problem in report.problems:
        if problem.kind in _KINDS:
            for alike in problem.sets:
                splits = splits_of(sample for image in alike for sample in named[image])
                for image in alike:
                    places[image].update(splits)
    images = {
        sample.image: tuple(other for other in SPLITS if other in places[sample.image] - {split})
        for sample in dataset.split(split)
        if places[sample.image] - {split}
    }
    unreadable = sum(sample.split is not None for sample in report.quick.refused)
    sizes = {other: len(dataset.split(other)) for other in SPLITS if other != split}
    others = {other: size for other, size in sizes.items() if size}
    return Copies(split, images, others, unreadable)
