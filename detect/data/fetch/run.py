"""Fetching a published dataset, from its name to a folder that `data import` reads."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detect.data.fetch.catalogue import Published, find
from detect.data.fetch.download import RemoteFile, download
from detect.data.fetch.figshare import API, Article, read_article
from detect.data.fetch.http import RefusedError
from detect.data.fetch.patience import PATIENCE, Patience
from detect.data.fetch.record import FetchRecord, Kept, read_record, write_record
from detect.data.fetch.unpack import unpack
from detect.errors import FetchError, InputError, OutputError
from detect.progress import Progress
from detect.write.atomic import naming_output

__all__ = ["FetchRequest", "Fetched", "fetch"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to fetch, from where, and where to."""

    name: str  # as in the catalogue
    out: Path
    api: str = API  # or a mirror of it
    keep_archives: bool = False
    overwrite: bool = False  # replace an older version of the dataset
    show_progress: bool = False
    patience: Patience = PATIENCE


@dataclass(frozen=True, slots=True)
class Fetched:
    """What there is now."""

    published: Published
    article: Article
    folder: Path  # what `data import` takes
    new: tuple[str, ...]  # names of the files that were fetched; the others were there


def fetch(request: FetchRequest) -> Fetched:
    """Download a dataset, compare it with the published checksums, and unpack it.

    Nothing is sent but the requests for it. Each file is unpacked as soon as it is there; files
    of an earlier run stay, and half a file is gone on with.

    Raises:
        InputError: no dataset has that name, or `out` holds other things.
        FetchError: it is not to be had, or not what was published.
        OutputError: there is no space, or `out` cannot be written.
    """
    published = find(request.name)
    try:
        return _fetch(request, published)
    except RefusedError as error:
        message = f"{error}; download it with a browser from {published.page} and unpack it"
        raise FetchError(f"{message}, then run: python cli.py data import FOLDER") from error


def _fetch(request: FetchRequest, published: Published) -> Fetched:
    record = _claim(request, published)
    article = read_article(published.article, request.api, request.patience)
    LOGGER.info("%s: version %d, %s", published.title, article.version, article.licence)
    pending = [file for file in article.files if not _is_done(file, record, request.out)]
    replaced = [file.name for file in pending if _is_other(file, record)]
    if replaced and not request.overwrite:
        message = f"--out {request.out}: holds an older version of {', '.join(replaced)}"
        raise InputError(f"{message}; --overwrite replaces it, or choose another folder")
    _check_space(pending, request.out)
    files = dict(record.files)
    for file in pending:
        files[file.name] = _bring(file, request)
        write_record(FetchRecord(published.name, article.version, files), request.out)
        if not request.keep_archives and files[file.name].place != file.name:
            with naming_output(request.out / file.name):
                (request.out / file.name).unlink()
    folder = request.out / published.folder
    return Fetched(published, article, folder, tuple(file.name for file in pending))


def _bring(file: RemoteFile, request: FetchRequest) -> Kept:
    """Download a file and, if it is a zip, unpack it."""
    target = request.out / file.name
    with Progress(
        f"fetch {file.name}", file.size, bar=request.show_progress, unit="B", scaled=True
    ) as progress:
        download(
            file,
            target,
            patience=request.patience,
            on_bytes=lambda number: progress.advance(by=number),
        )
    if target.suffix.casefold() != ".zip":
        return Kept(file.md5, file.name)
    unpack(target, request.out / target.stem, show_progress=request.show_progress)
    return Kept(file.md5, target.stem)


def _claim(request: FetchRequest, published: Published) -> FetchRecord:
    out = request.out
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; name a folder")
    record = read_record(out)
    if record is None:
        if out.is_dir() and any(out.iterdir()):
            message = f"--out {out}: holds other things"
            raise InputError(f"{message}; choose an empty folder")
        record = FetchRecord(published.name, 0, {})
        write_record(record, out)
    elif record.dataset != published.name:
        message = f"--out {out}: holds {record.dataset}, not {published.name}"
        raise InputError(f"{message}; choose another folder")
    return record


def _is_done(file: RemoteFile, record: FetchRecord, out: Path) -> bool:
    kept = record.files.get(file.name)
    return kept is not None and kept.md5 == file.md5 and (out / kept.place).exists()


def _is_other(file: RemoteFile, record: FetchRecord) -> bool:
    kept = record.files.get(file.name)
    return kept is not None and kept.md5 != file.md5


def _check_space(files: Sequence[RemoteFile], out: Path) -> None:
    """Refuse to begin what cannot be finished: all files unpacked, and one archive beside them."""
    # pictures and their archive are about equally large
    needed = sum(file.size for file in files) + max((file.size for file in files), default=0)
    with naming_output(out):
        free = shutil.disk_usage(out).free
    if free < needed:
        message = (
            f"--out {out}: {free / 1e9:,.1f} GB are free, about {needed / 1e9:,.1f} are needed"
        )
        raise OutputError(f"{message}; free some space, or choose another disk")
