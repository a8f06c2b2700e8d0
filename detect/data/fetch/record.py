"""What a folder holds of a published dataset: `fetched.json`, by which a later run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from detect.errors import InputError
from detect.write.atomic import naming_output, replacing_bytes

__all__ = ["RECORD_NAME", "FetchRecord", "Kept", "read_record", "write_record"]

RECORD_NAME = "fetched.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is complete."""

    md5: str  # as published
    place: str  # name below the folder: of the file, or of what it was unpacked to


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """Which dataset a folder is of, and what is complete."""

    dataset: str  # as in the catalogue
    version: int  # figshare's; 0: nothing is complete
    files: Mapping[str, Kept]  # by published name


_FORM = TypeAdapter(FetchRecord)


def read_record(folder: Path) -> FetchRecord | None:
    """Return what `folder` says that it holds, or None if it says nothing.

    Raises:
        InputError: the file that says so is damaged.
        OutputError: it cannot be opened.
    """
    path = folder / RECORD_NAME
    if not path.exists():
        return None
    with naming_output(path):
        content = path.read_bytes()
    try:
        return _FORM.validate_json(content)
    except ValidationError as error:
        message = f"{path}: damaged ({error.errors()[0]['msg']})"
        raise InputError(f"{message}; choose another folder, or delete this one") from error


def write_record(record: FetchRecord, folder: Path) -> None:
    """Say what `folder` holds.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing_bytes(folder / RECORD_NAME) as file:
        file.write(_FORM.dump_json(record, indent=2))
