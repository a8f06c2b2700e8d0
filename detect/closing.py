"""What is closed at the end of its block, however that ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

__all__ = ["Closing"]


class Closing(ABC):
    """A context manager that calls `close`, or, where its block raises, `abandon`."""

    @abstractmethod
    def close(self) -> None:
        """End the work; a second call does nothing."""

    def abandon(self) -> None:
        """End work that went wrong: as any other, unless a subclass has something to undo."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()
