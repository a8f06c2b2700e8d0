"""What a user can say about a dataset that its files do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detect.errors import InputError

__all__ = ["PLAIN", "ImportOptions"]

_OPTIONS = {  # field → how the command line calls it
    "images": "--images",
    "labels": "--labels",
    "columns": "--column",
    "values": "--value",
    "encoding": "--encoding",
}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of `data import`; `train` and `evaluate` read with all of them at their defaults."""

    images: Path | None = None  # folder of the images, where the annotations lie elsewhere
    labels: Path | None = None  # CSV with the labels of a folder of DICOM
    columns: Mapping[str, str] = field(default_factory=dict)  # role → column name in the CSV
    values: Mapping[str, str] = field(default_factory=dict)  # label word → yes, no or unknown
    encoding: str | None = None  # of CSV files; None: UTF-8, or what a byte order mark says
    show_progress: bool = False  # draw a bar while headers are read

    def refuse_others(self, taken: Collection[str], where: str) -> None:
        """Refuse an option that has no meaning for a form, rather than pass over it.

        Args:
            taken: names of the fields that the form uses.
            where: dataset and form, for the message.

        Raises:
            InputError: another one is given.
        """
        for name in ("images", "labels", "columns", "encoding"):
            if getattr(self, name) and name not in taken:
                option = "column" if name == "columns" else name
                raise InputError(f"--{option}: {where} has no use for it; leave it out")


PLAIN = ImportOptions()
