"""How long to go on trying where a network fails."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from detect.data.fetch.http import PassingError
from detect.errors import FetchError

__all__ = ["PATIENCE", "Patience"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of trying again; times in seconds."""

    attempts: int = 6  # in a row that bring nothing new
    pause: float = 1.0  # after the first of them, then twice as long each time
    longest: float = 120.0  # pause, also where a server asks for a longer one
    timeout: float = 60.0  # to connect, and between two pieces of an answer

    def wait(self, error: PassingError, failures: int) -> None:
        """Wait after the given number of failures in a row.

        Raises:
            FetchError: they are too many.
        """
        if failures >= self.attempts:
            raise FetchError(f"{error}; run the command again later to go on") from error
        pause = max(self.pause * 2 ** (failures - 1), error.retry_after or 0.0)
        pause = min(pause, self.longest)
        LOGGER.warning("%s; trying again in %.0f s", error, pause)
        time.sleep(pause)


PATIENCE = Patience()
