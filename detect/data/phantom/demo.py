"""The eight pictures of `datasets/demo`: small, synthetic, rendered from fixed seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detect.data.canonical import write_dataset
from detect.data.phantom.folder import claim_folder, remove_files
from detect.data.phantom.render import render_phantom
from detect.data.phantom.writer import LICENCE_TEXT, dataset_of, sample_of, write_image
from detect.write.atomic import replacing_text

__all__ = ["DEMO", "DemoPicture", "write_demo"]

DEMO_SIZE = (454, 373)  # rows, columns: the size most common among the public radiographs


@dataclass(frozen=True, slots=True)
class DemoPicture:
    """One picture of the demo."""

    region: str
    fractured: bool
    seed: int
    form: Literal["png", "dicom"] = "png"
    inverted: bool = False  # DICOM only: MONOCHROME1


DEMO = (
    DemoPicture("forearm", True, 13),
    DemoPicture("leg", True, 12),
    DemoPicture("hand", True, 13),
    DemoPicture("femur", True, 18, "dicom"),
    DemoPicture("forearm", False, 7),
    DemoPicture("leg", False, 7),
    DemoPicture("hand", False, 9),
    DemoPicture("femur", False, 5, "dicom", inverted=True),
)

_README = """\
# Demo radiographs

Eight synthetic radiographs to try the program on. A program rendered them; no patient was
involved, and no picture of a patient was used. CC0 1.0: see LICENSE.

| file | shows | seed |
|---|---|---|
{rows}

PNG files are 16-bit greyscale; DICOM files are Digital X-Ray images for presentation, one of
them MONOCHROME1. `dataset.yaml` and `table.csv` hold the truth, with boxes that follow from the
geometry of each break, so the folder is a dataset as well.

They were made by, and can be made again byte for byte with

    python cli.py data phantom datasets/demo --demo --overwrite

which renders the seeds that are listed in `detect/data/phantom/demo.py`: beams through bones of
cortex and marrow in flesh, with scatter, blur and noise. The seeds were picked, so how well a
model does here says nothing of how it reads patients.
"""


def write_demo(
    out: Path, pictures: Sequence[DemoPicture] = DEMO, *, overwrite: bool = False
) -> Path:
    """Render the demo into `out` and return its `dataset.yaml`.

    Args:
        out: the folder, new or empty.
        overwrite: `out` may also hold phantoms, which are replaced.

    Raises:
        InputError: a seed or a region cannot be used, or the folder holds something.
        OutputError: the folder cannot be written to.
    """
    old = claim_folder(out, overwrite=overwrite)
    root = out.resolve()
    samples, rows = [], []
    counts: dict[tuple[str, bool], int] = {}
    for picture in pictures:
        key = (picture.region, picture.fractured)
        counts[key] = counts.get(key, 0) + 1
        state = "fractured" if picture.fractured else "intact"
        suffix = ".dcm" if picture.form == "dicom" else ".png"
        path = root / f"phantom_{picture.region}_{state}_{counts[key]:02d}{suffix}"
        phantom = render_phantom(
            picture.seed, fractured=picture.fractured, region=picture.region, size=DEMO_SIZE
        )
        write_image(path, phantom, inverted=picture.inverted)
        samples.append(sample_of(path, phantom, "test"))
        shows = f"{phantom.fracture_type} fracture" if picture.fractured else "no fracture"
        rows.append(f"| `{path.name}` | {picture.region}, {shows} | {picture.seed} |")
    readme = _README.format(rows="\n".join(rows))
    for name, text in (("README.md", readme), ("LICENSE", LICENCE_TEXT)):
        with replacing_text(root / name) as file:
            file.write(text)
    table = write_dataset(dataset_of(root, "demo", tuple(samples)), out)
    remove_files(old - {sample.image for sample in samples})
    return table
