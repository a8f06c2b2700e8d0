"""Which files a figshare article has: names, sizes, checksums, addresses.

figshare's API, version 2 (https://docs.figshare.com): `articles/ID` describes an article,
`articles/ID/files` lists its files by pages, `file/download/ID` sends one. `computed_md5` is
figshare's own sum over what it stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from detect.data.fetch.download import RemoteFile
from detect.data.fetch.http import PassingError, open_url, reading
from detect.data.fetch.patience import Patience
from detect.errors import FetchError

__all__ = ["API", "Article", "read_article"]

API = "https://api.figshare.com/v2"
_PAGE = 100  # files; the API allows up to 1000
_MOST_PAGES = 100
_MOST_BYTES = 1 << 24  # of an answer; a page of files has some 50 kB


@dataclass(frozen=True, slots=True)
class Article:
    """A published dataset, as it is now."""

    version: int
    licence: str
    files: tuple[RemoteFile, ...]  # in the publisher's order


class _Licence(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str


class _Details(BaseModel):
    """What is used of an article; the API tells much more."""

    model_config = ConfigDict(frozen=True)

    version: int
    license: _Licence


class _File(BaseModel):
    """One file of an article."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str = Field(pattern=r"^[^/\\\x00-\x1f.][^/\\\x00-\x1f]*$")  # a bare name, not hidden
    size: int = Field(ge=0)
    computed_md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    download_url: str
    is_link_only: bool = False


_FILES = TypeAdapter(list[_File])


def read_article(number: int, api: str, patience: Patience) -> Article:
    """Ask for an article and its files.

    Args:
        number: of the article.
        api: address of the API, or of a mirror that answers the same.
        patience: where the network fails.

    Raises:
        RefusedError: the server does not tell.
        FetchError: it cannot be reached, or the answer is not of the form above.
    """
    place = f"{api.rstrip('/')}/articles/{number}"
    try:
        details = _Details.model_validate_json(_get(place, patience))
        entries: list[_File] = []
        for page in range(1, _MOST_PAGES + 1):
            url = f"{place}/files?page={page}&page_size={_PAGE}"
            found = _FILES.validate_json(_get(url, patience))
            entries += found
            if len(found) < _PAGE:
                break
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        message = f"{place}: not as figshare describes a dataset ({where}: {first['msg']})"
        raise FetchError(f"{message}; try again later, or check --url") from error
    names = [entry.name.casefold() for entry in entries]
    if not entries or len(set(names)) < len(names):
        raise FetchError(f"{place}: lists no files, or one name twice; check it with a browser")
    return Article(
        version=details.version,
        licence=details.license.name,
        files=tuple(_remote(entry, api.rstrip("/"), place) for entry in entries),
    )


def _remote(entry: _File, api: str, place: str) -> RemoteFile:
    if entry.is_link_only:
        raise FetchError(f"{place}: {entry.name} lies elsewhere; download it with a browser")
    # the firewall before the first address refuses some networks; the second has none
    urls = (entry.download_url, f"{api}/file/download/{entry.id}")
    return RemoteFile(entry.name, entry.size, entry.computed_md5, urls)


def _get(url: str, patience: Patience) -> bytes:
    failures = 0
    while True:
        try:
            with open_url(url, {"Accept": "application/json"}, patience.timeout) as answer:
                return _whole(url, answer)
        except PassingError as error:
            failures += 1
            patience.wait(error, failures)


def _whole(url: str, answer: Any) -> bytes:
    with reading(url):
        content: bytes = answer.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise FetchError(f"{url}: the answer is too long for a list of files; check --url")
    return content
