"""yolo/: labels to be corrected and trained on, and predictions with their confidence.

    data.yaml           names; `train` is images/, `val` is left empty: whoever trains parts the
                        images, by patient (`data split` does)
    classes.txt         the same names, a line each, as labelImg and others want them
    images/…            see `detect.write.plain_pictures`
    labels/….txt        `class x y w h` of definite and suspicious findings, as shares of the
                        picture's width and height; x, y is the centre; an empty file where
                        nothing is shown
    predictions/….txt   `class x y w h confidence` of every box of the detector, those of
                        certainty `none` that --min-score lists too, as `yolo predict save_txt
                        save_conf` writes them; an empty file where there is none

Form: https://docs.ultralytics.com/datasets/detect/. The two are apart, since a confidence spoils
a label: ultralytics 8.4 drops an image whose label file has 6 columns ("labels require 5
columns"), and so does our own `data import`. A region outlined from the evidence of the verdict
is a label to correct, but no prediction: its score is of another scale.

A label file lies where ultralytics looks: on the way to its picture the last folder called images
becomes labels, and the suffix .txt. So those of images/a/images/1.png are in images/a/labels/1.txt.
Names of classes are numbered in the order in which they occur.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import yaml

from detect.read.plain import PLAIN_SUFFIXES
from detect.record import Failure, Finding, Reading
from detect.write.atomic import naming_output, replacing_folder
from detect.write.context import WriteContext
from detect.write.plain_pictures import PlainPictures
from detect.write.staged import StagedWriter
from detect.write.to_correct import FRACTURE, ToCorrect, to_correct

__all__ = ["YoloWriter", "open_yolo"]

FOLDER_NAME = "yolo"

_SUFFIXES = (".yaml", ".txt", *PLAIN_SUFFIXES)
_HEAD = """# For Fracture Locator: data import, then data split. For ultralytics: name a `val`
# here, a folder or a list of images of other patients.
"""


class YoloWriter(StagedWriter):
    """Writes the folder, a picture and its two text files at a time.

    Args:
        context: its folder is made if missing; the images are needed.

    Raises:
        OutputError: a file cannot be written (also from `write` and `close`).
    """

    def __init__(self, context: WriteContext) -> None:
        super().__init__()
        self._folder = self._open(replacing_folder(context.folder / FOLDER_NAME, _SUFFIXES))
        pictures = PlainPictures(self._folder / "images", context.originals)
        self._pictures = self._open(closing(pictures))
        self._classes: dict[str, int] = {}

    def write(self, record: Reading | Failure) -> None:
        """Add an image with its labels and predictions.

        Raises:
            NotWrittenError: the image was not read, is gone or has changed, or its name cannot
                be that of a file here.
            OutputError: it cannot be written.
        """
        image = to_correct(record)
        picture = self._pictures.save(image.reading.source)
        detected = [f for f in image.reading.findings if f.origin == "detector"]
        labels = (self._label(f, image) for f in image.shown)
        predictions = (f"{self._label(f, image)} {f.score:.6g}" for f in detected)
        self._write_lines(_label_path(picture), labels)
        self._write_lines(f"predictions/{picture}", predictions)

    def _label(self, finding: Finding, image: ToCorrect) -> str:
        number = self._classes.setdefault(_one_line(finding.label), len(self._classes))
        box = finding.box
        shares = (
            (box.x1 + box.x2) / 2 / image.width,
            (box.y1 + box.y2) / 2 / image.height,
            (box.x2 - box.x1) / image.width,
            (box.y2 - box.y1) / image.height,
        )
        return " ".join((str(number), *(f"{share:.8f}" for share in shares)))

    def _write_lines(self, name: str, lines: Iterable[str]) -> None:
        path = (self._folder / name).with_suffix(".txt")
        self._write_text(path, "".join(f"{line}\n" for line in lines))

    def _write_text(self, path: Path, text: str) -> None:
        with naming_output(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")

    def _finish(self) -> None:
        names = list(self._classes) or [FRACTURE]
        content = {"train": "images", "val": None, "names": dict(enumerate(names))}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        self._write_text(self._folder / "data.yaml", _HEAD + text)
        self._write_text(self._folder / "classes.txt", "".join(f"{name}\n" for name in names))
        with naming_output(self._folder):
            for folder in ("images", "labels", "predictions"):
                (self._folder / folder).mkdir(exist_ok=True)  # of no image at all


def _label_path(picture: str) -> str:
    """Return where the labels of a picture in images/ belong, but for the suffix."""
    before, after = f"/images/{picture}".rsplit("/images/", 1)
    return f"{before}/labels/{after}".lstrip("/")


def _one_line(label: str) -> str:
    """Return the name of a class on one line, as classes.txt needs it."""
    return " ".join(label.split())


def open_yolo(context: WriteContext) -> YoloWriter:
    """Return the writer of the format `yolo`."""
    return YoloWriter(context)
