"""A folder of phantoms as a dataset in canonical form."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.data.canonical import write_dataset
from detect.data.phantom.folder import ORIGIN, claim_folder, remove_files
from detect.data.phantom.limbs import REGIONS
from detect.data.phantom.render import DEFAULT_SIZE, Phantom, render_phantom
from detect.data.sample import SPLITS, Dataset, LabelledBox, Sample
from detect.errors import InputError
from detect.write.atomic import replacing_bytes, replacing_text

__all__ = [
    "LICENCE",
    "LICENCE_TEXT",
    "Form",
    "dataset_of",
    "phantom_seed",
    "sample_of",
    "write_image",
    "write_phantoms",
]

Form = Literal["png", "dicom", "both"]
SPLIT_RATIO = {"train": 0.7, "val": 0.15, "test": 0.15}
LICENCE = "CC0-1.0"
LABEL = "fracture"

LICENCE_TEXT = """\
The pictures in this folder are synthetic: rendered by a program, of no patient.
Their makers have waived all copyright and related rights to them under CC0 1.0 Universal
(https://creativecommons.org/publicdomain/zero/1.0/).
"""

_README = """\
# Phantoms

{count} synthetic radiographs with exact boxes, rendered by Fracture Locator. No patient was
involved, and no picture of a patient was used. CC0 1.0: see LICENSE.

Made with `write_phantoms` from seed {seed}: `{share:g}` of them fractured, form `{form}`, {height}
rows by {width} columns. The group of a picture in `table.csv` names its own seed, with which
`render_phantom` renders it again.

They are good for demonstrations, tests and checks of a pipeline. What a model scores on them
says nothing of how it reads patients.
"""

_SUFFIX = {"png": ".png", "dicom": ".dcm"}

# the coarser words that public datasets use
_BROAD = {"forearm": "hand", "hand": "hand", "leg": "leg", "femur": "leg"}


def phantom_seed(seed: int, index: int) -> int:
    """Return the seed of the `index`-th phantom of a dataset made from `seed`."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0])


def write_phantoms(
    out: Path,
    count: int,
    *,
    seed: int = 0,
    fractured_share: float = 0.5,
    form: Form = "png",
    region: str | None = None,
    size: tuple[int, int] = DEFAULT_SIZE,
    split: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Render `count` phantoms into a dataset folder and return its `dataset.yaml`.

    The same arguments give the same bytes. Every fourth DICOM object is MONOCHROME1.
    With form `both`, each phantom is in the table twice, in one group and one split.

    Args:
        out: the folder, new or empty; pictures go to `out/images`.
        fractured_share: 0..1, of `count`, rounded.
        region: a key of `REGIONS`; None mixes them.
        size: (height, width) in pixels.
        split: one of `SPLITS` for all, or None: train, val and test, 70 : 15 : 15 among the
            fractured and among the intact.
        overwrite: `out` may also hold phantoms, which are replaced.
        progress: called with 1 after each phantom.

    Raises:
        InputError: an argument is out of range, or the folder holds something.
        OutputError: the folder cannot be written to.
    """
    _check(count, seed, fractured_share, form, split)
    if region is not None and region not in REGIONS:
        raise InputError(f"region {region!r} is unknown: use one of {', '.join(REGIONS)}")
    old = claim_folder(out, overwrite=overwrite)
    rng = np.random.default_rng([seed, count])
    fractured = np.zeros(count, bool)
    fractured[: round(count * fractured_share)] = True
    rng.shuffle(fractured)
    splits = [split] * count if split else _splits(fractured, rng)
    digits = max(4, len(str(count)))
    root = out.resolve()
    samples = []
    for index in range(count):
        phantom = render_phantom(
            phantom_seed(seed, index), fractured=bool(fractured[index]), region=region, size=size
        )
        stem = root / "images" / f"phantom_{index + 1:0{digits}d}"
        for suffix in (".png", ".dcm") if form == "both" else (_SUFFIX[form],):
            path = stem.with_suffix(suffix)
            write_image(path, phantom, inverted=index % 4 == 3)
            samples.append(sample_of(path, phantom, splits[index]))
        if progress:
            progress(1)
    height, width = size
    readme = _README.format(
        count=count, seed=seed, share=fractured_share, form=form, height=height, width=width
    )
    for name, text in (("README.md", readme), ("LICENSE", LICENCE_TEXT)):
        with replacing_text(root / name) as file:
            file.write(text)
    table = write_dataset(dataset_of(root, "phantoms", tuple(samples)), out)
    remove_files(old - {sample.image for sample in samples})
    return table


def _check(count: int, seed: int, fractured_share: float, form: str, split: str | None) -> None:
    if count < 1:
        raise InputError(f"count {count} is too small: ask for at least one phantom")
    if seed < 0:
        raise InputError(f"seed {seed} is negative: give 0 or a larger whole number")
    if not (math.isfinite(fractured_share) and 0 <= fractured_share <= 1):
        raise InputError(f"fractured share {fractured_share} is out of range: give 0 to 1")
    if form not in get_args(Form):
        raise InputError(f"form {form!r} is unknown: use one of {', '.join(get_args(Form))}")
    if split is not None and split not in SPLITS:
        raise InputError(f"split {split!r} is unknown: use one of {', '.join(SPLITS)}")


def _splits(fractured: NDArray[np.bool_], rng: np.random.Generator) -> list[str]:
    """Deal splits in their ratio, among the fractured and among the intact."""
    dealt = np.empty(len(fractured), dtype="<U5")
    for label in (True, False):
        mine = rng.permutation(np.flatnonzero(fractured == label))
        ends = np.rint(np.cumsum(list(SPLIT_RATIO.values())) * len(mine)).astype(int)
        for name, part in zip(SPLIT_RATIO, np.split(mine, ends[:-1]), strict=True):
            dealt[part] = name
    return [str(name) for name in dealt]


def write_image(path: Path, phantom: Phantom, *, inverted: bool = False) -> None:
    """Write one phantom, as 16-bit PNG or, for the suffix `.dcm`, as DICOM.

    Args:
        inverted: DICOM only: store it as MONOCHROME1.

    Raises:
        OutputError: the file cannot be written.
    """
    if path.suffix == ".dcm":
        # pydicom takes a good part of a second to import: only where it is needed
        from detect.data.phantom.dicom import dicom_bytes

        content = dicom_bytes(phantom, inverted=inverted)
    else:
        content = _png_bytes(phantom)
    with replacing_bytes(path) as file:
        file.write(content)


def _png_bytes(phantom: Phantom) -> bytes:
    """Return the phantom as a 16-bit greyscale PNG."""
    done, encoded = cv2.imencode(".png", phantom.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise RuntimeError("OpenCV was built without PNG")
    return encoded.tobytes()


def sample_of(path: Path, phantom: Phantom, split: str | None) -> Sample:
    """Return the table's row of a phantom written to `path` (absolute)."""
    return Sample(
        image=path,
        split=split,
        group=f"phantom-{phantom.seed}",
        fractured=phantom.fracture_type is not None,
        boxes=tuple(LabelledBox(box, LABEL) for box in phantom.boxes),
        attributes={
            "region": _BROAD[phantom.region],
            "body_part": phantom.region,
            "fracture_type": phantom.fracture_type or "none",
            "hardware": phantom.hardware,
            "laterality": phantom.laterality,
        },
    )


def dataset_of(root: Path, name: str, samples: tuple[Sample, ...]) -> Dataset:
    """Return the dataset of phantoms below `root`."""
    return Dataset(
        name=name,
        root=root,
        classes=(LABEL,),
        samples=samples,
        licence=LICENCE,
        origin=ORIGIN,
        notes=("boxes follow from the geometry of each break; nobody drew them",),
    )
