"""The box around a mask that was painted in Label Studio.

Its run lengths are those of `@thi.ng/rle-pack`
(https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack): bits, big end first. A head
of 32 bits for the number of values, 5 for the bits of a value less one, and four times 4 for
the bits of a run's length less one. Then runs: one bit that tells whether one value follows for
all of it or one for each, 2 bits for which of the four sizes the length has, the length less
one, the values. The values are red, green, blue and alpha of every pixel, row by row; what is
painted has an alpha.
"""

from __future__ import annotations

from detect.errors import DataError
from detect.record import Box

__all__ = ["brush_box"]

_CHANNELS = 4  # red, green, blue, alpha


def brush_box(rle: object, size: tuple[float, float], where: str) -> Box | None:
    """Return the box around what is painted, in pixels of the picture of that size.

    Memory does not grow with the picture: runs are never written out.

    Args:
        rle: list of bytes, as JSON holds it.
        size: width and height of the picture, in pixels.
        where: file, task and region, for the message.

    Returns:
        The box, or None where nothing is painted.

    Raises:
        DataError: no run lengths of a picture of that size.
    """
    try:
        bits = _Bits(bytes(rle))  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: rle is no list of bytes ({error}); export it again") from error
    width, height = int(size[0]), int(size[1])
    bounds = _Bounds(width)
    try:
        values = bits.read(32)
        if values != width * height * _CHANNELS:
            message = f"{where}: rle is not of {width} × {height} pixels"
            raise DataError(f"{message}; export it again")
        word = bits.read(5) + 1
        lengths = [bits.read(4) + 1 for _ in range(4)]
        start = 0
        while start < values:
            same = bits.read(1)
            end = min(start + 1 + bits.read(lengths[bits.read(2)]), values)
            if same:
                if bits.read(word):
                    bounds.add(start, end)
            else:
                for place in range(start, end):
                    if bits.read(word):
                        bounds.add(place, place + 1)
            start = end
    except EOFError as error:
        raise DataError(f"{where}: rle ends too early; export it again") from error
    return bounds.box()


class _Bits:
    """Reads whole numbers of any number of bits, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def read(self, count: int) -> int:
        """Return the next `count` bits.

        Raises:
            EOFError: there are not so many.
        """
        end = self._at + count
        if end > 8 * len(self._content):
            raise EOFError
        chunk = int.from_bytes(self._content[self._at // 8 : (end + 7) // 8], "big")
        self._at = end
        return (chunk >> (-end % 8)) & ((1 << count) - 1)


class _Bounds:
    """Grows around pixels, given as ranges of values."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._ranges: tuple[int, int, int, int] | None = None  # x1, y1, x2, y2; last inside

    def add(self, start: int, end: int) -> None:
        """Take in the pixels whose alpha is among the values `start` to `end` - 1."""
        first, last = start // _CHANNELS, end // _CHANNELS - 1
        if first > last:
            return
        y1, x1 = divmod(first, self._width)
        y2, x2 = divmod(last, self._width)
        if y1 != y2:  # goes through the end of a row and the start of the next
            x1, x2 = 0, self._width - 1
        if self._ranges is not None:
            left, top, right, bottom = self._ranges
            x1, y1, x2, y2 = min(x1, left), min(y1, top), max(x2, right), max(y2, bottom)
        self._ranges = (x1, y1, x2, y2)

    def box(self) -> Box | None:
        if self._ranges is None:
            return None
        x1, y1, x2, y2 = self._ranges
        return Box(float(x1), float(y1), float(x2 + 1), float(y2 + 1))
