"""Published sets of radiographs with fractures: which can be fetched, and where the others are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from detect.errors import InputError

__all__ = ["ELSEWHERE", "PUBLISHED", "Elsewhere", "Published", "catalogue_lines", "find"]


@dataclass(frozen=True, slots=True)
class Published:
    """A set that anybody may download, at figshare."""

    name: str  # what `data fetch` takes
    title: str
    holds: str
    article: int  # number at figshare
    megabytes: int  # of the download, roughly
    licence: str
    citation: str
    page: str  # for a browser
    folder: str  # below that of the download: what `data import` takes


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A set that its publisher hands out to known people alone."""

    name: str
    title: str
    why: str
    page: str
    form: str | None  # what `data import --form` calls it; None: told by what lies there


PUBLISHED = (
    Published(
        name="fracatlas",
        title="FracAtlas",
        holds="4,083 radiographs of hand, leg, hip and shoulder, 717 fractured; boxes and masks",
        article=22363012,
        megabytes=338,
        licence="CC BY 4.0",
        citation="Abedeen et al., Sci Data 10, 521 (2023), doi 10.1038/s41597-023-02432-4; "
        "data: doi 10.6084/m9.figshare.22363012",
        page="https://figshare.com/articles/dataset/The_dataset/22363012",
        folder="FracAtlas",
    ),
    Published(
        name="grazpedwri",
        title="GRAZPEDWRI-DX",
        holds="20,327 radiographs of children's wrists, 6,091 patients; boxes of nine classes",
        article=14825193,
        megabytes=16_000,
        licence="CC BY 4.0",
        citation="Nagy et al., Sci Data 9, 222 (2022), doi 10.1038/s41597-022-01328-z; "
        "data: doi 10.6084/m9.figshare.14825193",
        page="https://figshare.com/articles/dataset/GRAZPEDWRI-DX/14825193",
        folder=".",
    ),
)

ELSEWHERE = (
    Elsewhere(
        "mura",
        "MURA-v1.1",
        "Stanford AIMI asks for an account and a research use agreement",
        "https://aimi.stanford.edu/datasets/mura-msk-xrays",
        "mura",
    ),
    Elsewhere(
        "lera",
        "LERA",
        "Stanford AIMI asks for an account and a research use agreement",
        "https://aimi.stanford.edu/datasets/lera-lower-extremity-radiographs",
        "dicom",
    ),
    Elsewhere(
        "vindr-spinexr",
        "VinDr-SpineXR",
        "PhysioNet asks for a credentialed account and a data use agreement",
        "https://physionet.org/content/vindr-spinexr/1.0.0/",
        "dicom",
    ),
    Elsewhere(
        "kaggle",
        "any set at Kaggle, such as RSNA's",
        "Kaggle asks for an account, and for each set to accept its rules",
        "https://www.kaggle.com/datasets?search=bone+fracture",
        None,
    ),
    Elsewhere(
        "roboflow",
        "any set at Roboflow Universe",
        "Roboflow asks for an account and its API key; export as YOLO or COCO",
        "https://universe.roboflow.com/search?q=fracture",
        None,
    ),
)


def find(name: str) -> Published:
    """Return the set of that name; case and hyphens do not matter.

    Raises:
        InputError: there is none, or it cannot be fetched; the line says why and where to go.
    """
    key = _plain(name)
    for published in PUBLISHED:
        if key in (_plain(published.name), _plain(published.title)):
            return published
    for other in ELSEWHERE:
        if key in (_plain(other.name), _plain(other.title)):
            message = f"{name}: cannot be fetched, since {other.why}; get it at {other.page}"
            raise InputError(f"{message}, then run: {_import_command(other)}")
    known = ", ".join(published.name for published in PUBLISHED)
    raise InputError(f"{name}: no set to fetch; there are {known}; see data fetch --list")


def _import_command(other: Elsewhere) -> str:
    form = "" if other.form is None else f" --form {other.form}"
    return f"python cli.py data import FOLDER{form} --out datasets/NAME"


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")


def catalogue_lines() -> Iterator[str]:
    """Yield what can be fetched, with licence and citation, and what cannot and why."""
    yield "python cli.py data fetch NAME fetches:"
    for published in PUBLISHED:
        size = published.megabytes
        yield ""
        yield f"{published.name}: {published.title}, about {_size(size)}, {published.licence}"
        yield from _indented(published.holds)
        yield from _indented(f"cite {published.citation}")
        yield f"    {published.page}"
    yield ""
    yield "Not to be fetched without you; once downloaded, data import reads them:"
    for other in ELSEWHERE:
        yield ""
        yield f"{other.name}: {other.title}"
        yield from _indented(other.why)
        yield f"    {other.page}"
        yield f"    {_import_command(other)}"


def _size(megabytes: int) -> str:
    return f"{megabytes / 1000:.0f} GB" if megabytes >= 1000 else f"{megabytes} MB"


def _indented(text: str) -> list[str]:
    return wrap(text, 92, initial_indent="    ", subsequent_indent="    ")
