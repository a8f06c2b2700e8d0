"""What there is to send: files in the folders of the formats, read as far as sending needs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect.errors import InputError
from detect.send.destination import Destination
from detect.send.failures import NotFitError
from detect.write.json_lines import RESULTS_NAME

__all__ = [
    "FORMATS_BY_PROTOCOL",
    "FileToSend",
    "Identity",
    "choose_formats",
    "files_to_send",
    "identify",
    "results_folder",
]

_DICOM = ("dicom-sr", "dicom-sc", "dicom-gsps")
FORMATS_BY_PROTOCOL = {"dicom": _DICOM, "dicomweb": _DICOM, "fhir": ("fhir-r4", "fhir-r5")}
"""Formats, which are names of folders as well, that a protocol carries."""


@dataclass(frozen=True, slots=True)
class FileToSend:
    """One file of the results."""

    format: str
    path: Path
    name: str  # relative to the results, with slashes


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells an object from every other."""

    uid: str  # SOP Instance UID, or id of the Bundle ("" where it has none)
    sha256: str  # of the file
    about: str  # its kind, for people
    size: int  # bytes


def results_folder(results: Path) -> Path:
    """Return the folder that `RESULTS` names, itself or by its results.jsonl.

    Raises:
        InputError: there is none.
    """
    folder = results.parent if results.name == RESULTS_NAME else results
    if not folder.is_dir():
        raise InputError(f"{results}: no such folder; name the --out of detect or report")
    return folder


def choose_formats(destination: Destination, given: Sequence[str]) -> tuple[str, ...]:
    """Return the formats to send: those given, or all DICOM ones, or fhir-r4.

    Raises:
        InputError: the destination does not take one, or it would get both releases of FHIR.
    """
    known = FORMATS_BY_PROTOCOL[destination.protocol]
    for name in given:
        if name not in known:
            raise InputError(
                f"--format {name}: not for this destination; choose from {', '.join(known)}"
            )
    if destination.protocol != "fhir":
        return tuple(name for name in known if not given or name in given)
    if len(set(given)) > 1:
        raise InputError("--format: a FHIR server speaks one release; choose fhir-r4 or fhir-r5")
    return (given[0],) if given else ("fhir-r4",)


def files_to_send(folder: Path, formats: Sequence[str]) -> Iterator[FileToSend]:
    """Yield the files of each format, by name; the same order each time.

    Raises:
        InputError: a folder cannot be listed.
    """
    for name in formats:
        suffix = ".json" if name.startswith("fhir") else ".dcm"
        for path in _walk(folder / name, suffix):
            yield FileToSend(name, path, path.relative_to(folder).as_posix())


def _walk(folder: Path, suffix: str) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except FileNotFoundError:
        return  # a format that was not asked for
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed ({error.strerror}); mend that") from error
    for name, is_folder in found:
        if is_folder:
            yield from _walk(folder / name, suffix)
        elif name.endswith(suffix) and not name.startswith("."):
            yield folder / name


def identify(file: FileToSend) -> Identity:
    """Return who an object is.

    Raises:
        NotFitError: the file cannot be read, or is not what its folder says.
    """
    try:
        with file.path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as error:
        raise NotFitError(f"cannot be read ({error.strerror}); mend that") from error
    if file.format.startswith("fhir"):
        bundle = _read_bundle(file.path)
        uid = bundle.get("id")
        return Identity(uid if isinstance(uid, str) else "", sha256, "FHIR Bundle", size)
    from detect.send.dicom_file import read_header  # pydicom loads only where it is used

    header = read_header(file.path)
    return Identity(header.uid, sha256, header.sop_class.name, size)


def _read_bundle(path: Path) -> dict[str, Any]:
    """Return a transaction Bundle that makes nothing double when it is sent twice."""
    try:
        bundle = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise NotFitError("is not JSON; write it again with report") from error
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise NotFitError("is not a FHIR Bundle; write it again with report")
    if bundle.get("type") != "transaction":
        raise NotFitError("is not a Bundle of type transaction, so a server would only store it")
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not entries or not all(map(_is_repeatable, entries)):
        raise NotFitError(
            "has an entry that would be made double if it were sent twice; give each entry "
            "request.method PUT, or POST with ifNoneExist"
        )
    return bundle


def _is_repeatable(entry: Any) -> bool:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        return False
    method = request.get("method")
    return method == "PUT" or (method == "POST" and bool(request.get("ifNoneExist")))
