"""One file from the web: resumed, tried again, and compared with its published checksum."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect.data.fetch.http import PassingError, RefusedError, open_url, reading
from detect.data.fetch.part import Part
from detect.data.fetch.patience import PATIENCE, Patience
from detect.errors import FetchError
from detect.write.atomic import naming_output

__all__ = ["RemoteFile", "download"]

LOGGER = logging.getLogger(__name__)
_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as its publisher describes it."""

    name: str  # bare
    size: int  # bytes
    md5: str  # 32 lower-case hexadecimal digits
    urls: tuple[str, ...]  # of the same file: the next is tried where one refuses


def download(
    file: RemoteFile,
    target: Path,
    *,
    patience: Patience = PATIENCE,
    on_bytes: Callable[[int], object] = lambda _number: None,
) -> None:
    """Bring `file` to `target`, unless it is there already.

    What has come lies hidden beside `target` until it is complete, and a later call goes on
    from there; if the server's file has changed or the server cannot resume, from the start,
    which is logged.

    Args:
        on_bytes: called with the number of bytes that are new (or were there), for a progress
            bar; negative where they have to be fetched again.

    Raises:
        RefusedError: no address has the file.
        FetchError: it cannot be reached, or is not the one that was published.
        OutputError: it cannot be written.
    """
    if target.is_file():
        if _md5_of(target) == file.md5:
            on_bytes(file.size)
            return
        LOGGER.warning("%s: not what was published; fetching it anew", target)
    part = Part.beside(target, file.md5, file.size, on_bytes)
    if part.size:
        LOGGER.info("%s: going on after %d of %d bytes", file.name, part.size, file.size)
    _complete(file, part, patience)
    found = _md5_of(part.path)
    if found != file.md5:
        part.discard()
        message = f"{file.name}: has the MD5 {found}, but was published with {file.md5}"
        raise FetchError(f"{message}; it is deleted, run the command again")
    part.finish()


def _complete(file: RemoteFile, part: Part, patience: Patience) -> None:
    farthest, failures, urls = part.size, 0, list(file.urls)
    while part.size < file.size or not part.path.is_file():
        try:
            _go_on(urls[0], file, part, patience.timeout)
        except RefusedError as error:
            if len(urls) == 1:
                raise
            LOGGER.info("%s; trying another address", error)
            urls.pop(0)
        except PassingError as error:
            # a server that always breaks off at the same place brings nothing new
            failures = 1 if part.size > farthest else failures + 1
            farthest = max(farthest, part.size)
            patience.wait(error, failures)


def _go_on(url: str, file: RemoteFile, part: Part, timeout: float) -> None:
    """Fetch what is missing, in one request."""
    headers = {}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if part.validator is not None:
            headers["If-Range"] = part.validator
    try:
        with open_url(url, headers, timeout) as answer:
            if answer.status == 206:
                _check_range(url, answer.headers.get("Content-Range", ""), file, part)
            elif answer.status == 200:
                _start(url, answer.headers, file, part)
            else:  # such as 202 with a riddle for browsers, as figshare's firewall sends it
                message = f"{url}: the server answered {answer.status} {answer.reason}, no file"
                raise RefusedError(message, answer.status)
            _receive(url, answer, file, part)
    except RefusedError as error:
        if error.status != 416:
            raise
        part.start(None)  # what is here is no beginning of what is there
        raise PassingError(str(error)) from error


def _check_range(url: str, content_range: str, file: RemoteFile, part: Part) -> None:
    match = _RANGE.fullmatch(content_range.strip())
    if match is None or int(match[1]) != part.size:
        message = f"{url}: asked for bytes from {part.size}, the server sent {content_range!r}"
        part.start(None)
        raise PassingError(message)
    if match[2] not in ("*", str(file.size)):
        raise FetchError(_other_size(url, match[2], file))


def _start(url: str, headers: Any, file: RemoteFile, part: Part) -> None:
    stated = headers.get("Content-Length")
    if stated is not None and stated != str(file.size):
        raise FetchError(_other_size(url, stated, file))
    if part.size:
        changed = part.validator not in (None, _validator(headers))
        why = "has changed on the server" if changed else "cannot be resumed there"
        LOGGER.warning("%s %s; starting anew", file.name, why)
    part.start(_validator(headers))


def _receive(url: str, answer: Any, file: RemoteFile, part: Part) -> None:
    with part.appending() as add:
        while True:
            with reading(url):
                chunk = answer.read1(_CHUNK)  # what has come; `read` would wait for more
            if not chunk:
                break
            if part.size + len(chunk) > file.size:
                raise FetchError(_other_size(url, "more", file))
            add(chunk)
    if part.size < file.size:
        raise PassingError(f"{url}: broke off after {part.size} of {file.size} bytes")


def _other_size(url: str, stated: str, file: RemoteFile) -> str:
    message = f"{url}: holds {stated} bytes, but {file.name} was published with {file.size}"
    return f"{message}; try again later"


def _validator(headers: Any) -> str | None:
    """Return what RFC 9110, section 13.1.5 takes in If-Range: a strong tag, else a date."""
    tag = headers.get("ETag")
    if tag is not None and not tag.startswith("W/"):
        return str(tag)
    date = headers.get("Last-Modified")
    return None if date is None else str(date)


def _md5_of(path: Path) -> str:
    with naming_output(path), path.open("rb") as stream:
        # not for security, so also where the system allows no weak hash for that
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
        return digest.hexdigest()
