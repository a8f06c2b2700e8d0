"""Trying again: longer pauses each time, spread by chance, within limits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying
from tenacity.retry import retry_if_exception_type
from tenacity.stop import stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from detect.send.failures import PassingError

__all__ = ["PATIENCE", "Patience"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of trying again; times in seconds."""

    attempts: int = 5  # for one object
    pause: float = (
        1.0  # after the first, then twice as long each time, and up to a first pause more by chance
    )
    longest: float = 120.0  # pause, also where a server asks for a longer one

    def keep_trying(self, attempt: Callable[[], str]) -> str:
        """Return what `attempt` returns in the end.

        Raises:
            PassingError: the last attempt still raised it. Any other error ends it at once.
        """
        return Retrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            before_sleep=_tell,
            reraise=True,
        )(attempt)

    def _wait(self, state: RetryCallState) -> float:
        # chance keeps many senders from coming back together after a server has been down
        backoff = wait_exponential(self.pause, self.longest) + wait_random(0, self.pause)
        asked = _error(state).retry_after
        return min(max(backoff(state), asked), self.longest)


def _tell(state: RetryCallState) -> None:
    LOGGER.warning("%s; trying again in %.1f s", _error(state), state.upcoming_sleep)


def _error(state: RetryCallState) -> PassingError:
    error = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(error, PassingError):  # nothing else is waited for
        raise TypeError(type(error).__name__)
    return error


PATIENCE = Patience()
