"""The stages on the way from a file to its results, marked where the work is done.

The code that does a stage's work says so (`with stage("forward"): …`), so that whoever wants to
know where the time goes need not know how the work is arranged. Without a listener a mark costs
a fraction of a microsecond; `detect` itself never has one.

    load         bundle checked, graph compiled, what draws imported
    decode       from the file to pixels, its hash included
    prepare      from pixels to the network's input
    forward      the network
    post-process from its output to a record
    draw         the annotated picture
    encode       its file
    write        records to results.jsonl, and to the other formats
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal, TypeVar

__all__ = ["Listener", "Stage", "listening", "stage", "stage_of_each"]

Stage = Literal["load", "decode", "prepare", "forward", "post-process", "draw", "encode", "write"]
Listener = Callable[[Stage], AbstractContextManager[None]]
"""Called when a stage begins, in the thread that does it; what it returns is left at its end."""

_Item = TypeVar("_Item")
_END = object()
_NOBODY: AbstractContextManager[None] = nullcontext()
_listener: Listener | None = None


def stage(name: Stage) -> AbstractContextManager[None]:
    """Mark the block of a `with` statement as work of a stage."""
    return _NOBODY if _listener is None else _listener(name)


def stage_of_each(name: Stage, items: Iterable[_Item]) -> Iterator[_Item]:
    """Yield `items`; bringing forth each of them is work of a stage."""
    iterator = iter(items)
    while True:
        with stage(name):
            item = next(iterator, _END)
        if item is _END:
            return
        yield item  # type: ignore[misc]


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let `listener` hear of every stage, of all threads, until the block ends; one at a time."""
    global _listener
    if _listener is not None:
        raise RuntimeError("somebody listens already")
    _listener = listener
    try:
        yield
    finally:
        _listener = None
