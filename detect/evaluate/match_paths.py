"""Which saved result is of which image, when folders may have moved in between."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["MatchedPaths", "Pair", "match_paths"]

How = Literal["path", "sha256", "tail"]


@dataclass(frozen=True, slots=True)
class Pair:
    """The result of one image, and how it was found."""

    path: str  # of the result
    how: How


@dataclass(frozen=True, slots=True, eq=False)
class MatchedPaths:
    """What `match_paths` found.

    Attributes:
        pairs: by the image's name, in the order of the images; one without a result is not in it.
        changed: names of images with a result of their path whose sha256 is another.
        ambiguous: names without a result that end like those of several results, or of one that
            several images end like.
    """

    pairs: dict[str, Pair]
    changed: tuple[str, ...]
    ambiguous: tuple[str, ...]


def match_paths(
    images: Mapping[str, str | None], results: Mapping[str, str | None]
) -> MatchedPaths:
    """Match images to results, each to one at most.

    In turn: results of the same path, unless their sha256 says that they are of other bytes;
    results of the same bytes; results of the same path but other bytes, since a picture may have
    been stored anew; results whose path ends like the image's (either may be the longer one,
    by whole folder names), where there is no other such pair and the bytes are not known to
    differ.

    Args:
        images: path of each image, with forward slashes, and the sha256 of its bytes, if known.
        results: path of each result, and the sha256 of what was read, if known.
    """
    pairs: dict[str, Pair] = {}
    taken: set[str] = set()

    def take(image: str, result: str, how: How) -> None:
        pairs[image] = Pair(result, how)
        taken.add(result)

    same_path = [name for name in images if name in results]
    for name in same_path:
        if not _differ(images[name], results[name]):
            take(name, name, "path")
    by_bytes: dict[str, list[str]] = defaultdict(list)
    for path, digest in results.items():
        if digest is not None and path not in taken:
            by_bytes[digest].append(path)
    for name, digest in images.items():
        alike = by_bytes.get(digest or "")
        if name not in pairs and alike:
            take(name, alike.pop(0), "sha256")
    changed = [name for name in same_path if name not in pairs and name not in taken]
    for name in changed:
        take(name, name, "path")
    close = _tails([name for name in images if name not in pairs], set(results) - taken)
    close = [pair for pair in close if not _differ(images[pair[0]], results[pair[1]])]
    of_image, of_result = Counter(pair[0] for pair in close), Counter(pair[1] for pair in close)
    for image, result in close:
        if of_image[image] == of_result[result] == 1:
            take(image, result, "tail")
    return MatchedPaths(
        {name: pairs[name] for name in images if name in pairs},
        tuple(changed),
        tuple(name for name in of_image if name not in pairs),
    )


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _tails(images: list[str], results: set[str]) -> list[tuple[str, str]]:
    """Return each image with each result of which one path is the end of the other."""
    ending: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in images:
        parts = tuple(name.split("/"))
        for start in range(len(parts)):
            ending[parts[start:]].append(name)
    found = []
    for result in sorted(results):
        parts = tuple(result.split("/"))
        longer = ending.get(parts, [])
        shorter = [
            name
            for start in range(1, len(parts))
            for name in ending.get(parts[start:], [])
            if tuple(name.split("/")) == parts[start:]
        ]
        found += [(name, result) for name in (*longer, *shorter)]
    return found
