"""How sending one object can fail; what fails for all objects alike is `errors.SendError`."""

from __future__ import annotations

from typing import Literal

__all__ = ["NotFitError", "PassingError", "RefusedError"]


class NotFitError(Exception):
    """A file cannot be sent at all: it is damaged, or not of the kind its folder says."""


class RefusedError(Exception):
    """The peer has refused this object; it takes others."""


class PassingError(Exception):
    """It may work the next time.

    Attributes:
        state: "unreachable": nothing went out; "busy": the peer asks to come back; "unsure":
            the object went out, wholly or in part, and no answer came.
        retry_after: seconds that the peer asks to wait.
    """

    def __init__(
        self,
        message: str,
        state: Literal["unreachable", "busy", "unsure"],
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.state = state
        self.retry_after = retry_after
