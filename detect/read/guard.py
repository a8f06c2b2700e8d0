"""Turns whatever a decoder library raises over a bad file into one `ReadError`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from detect.errors import ReadError

__all__ = ["guard"]


@contextmanager
def guard(name: str, ends_early: Callable[[], str | None]) -> Iterator[None]:
    """Run decoder code; its exceptions become `ReadError`, memory shortage stays itself.

    Decoders raise nearly anything over damaged bytes (SyntaxError, struct.error,
    IndexError, ...), so the net is wide. The cause is chained but not quoted: its text may
    hold values of the file's header, the patient's name among them.

    Args:
        name: how the user knows the file.
        ends_early: asked only after a failure: how the file is cut short, in words that
            follow "ends", or None where it is not.

    Raises:
        ReadError: `truncated` or `corrupt`.
    """
    try:
        yield
    except (ReadError, MemoryError):
        raise
    except Exception as error:
        early = ends_early()
        if early is None and (isinstance(error, EOFError) or "truncated" in str(error).lower()):
            early = "before its image data does"
        if early is not None:
            message = f"{name}: file is truncated: ends {early}; copy it again from its source"
            raise ReadError("truncated", message) from error
        message = f"{name}: is damaged and cannot be decoded ({type(error).__name__})"
        raise ReadError("corrupt", f"{message}; export it again") from error
