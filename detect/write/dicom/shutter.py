"""The shutter of an image, kept in a presentation state.

A presentation state without one takes off that of the image: what the maker of the image covered,
mostly the glaring rim beside the collimated field, would come back (PS3.3 section A.33.1: the
module is there "if a Display Shutter is to be applied").

DICOM PS3.3: Display Shutter (C.7.6.11), Presentation State Shutter (C.11.12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

__all__ = ["add_shutter"]

_EDGES = (
    *("ShutterLeftVerticalEdge", "ShutterRightVerticalEdge"),
    *("ShutterUpperHorizontalEdge", "ShutterLowerHorizontalEdge"),
)
_ATTRIBUTES: dict[str, dict[str, Callable[[int], bool]]] = {  # shape: what it needs, how many
    "RECTANGULAR": dict.fromkeys(_EDGES, lambda count: count == 1),
    "CIRCULAR": {
        "CenterOfCircularShutter": lambda count: count == 2,
        "RadiusOfCircularShutter": lambda count: count == 1,
    },
    "POLYGONAL": {"VerticesOfThePolygonalShutter": lambda count: count >= 6 and count % 2 == 0},
}
_BLACK, _WHITE = 0, (1 << 16) - 1  # P-Values


def add_shutter(dataset: Dataset, header: Dataset) -> None:
    """Copy each shape of the image's shutter that is stated in full; none where there is none.

    Args:
        dataset: the presentation state being made.
        header: of the image.
    """
    shapes = []
    for shape in (text.strip().upper() for text in map(str, _values(header, "ShutterShape"))):
        needed = _ATTRIBUTES.get(shape, {})
        found = {keyword: _whole_numbers(_values(header, keyword)) for keyword in needed}
        if not needed or not all(needed[keyword](len(found[keyword])) for keyword in needed):
            continue  # as good as none, as it was for whoever saw the image
        shapes.append(shape)
        for keyword, numbers in found.items():
            setattr(dataset, keyword, numbers if len(numbers) > 1 else numbers[0])
    if shapes:
        dataset.ShutterShape = shapes if len(shapes) > 1 else shapes[0]
        grey = _whole_numbers(_values(header, "ShutterPresentationValue"))
        known = len(grey) == 1 and _BLACK <= grey[0] <= _WHITE
        dataset.ShutterPresentationValue = grey[0] if known else _BLACK


def _values(header: Dataset, keyword: str) -> list[object]:
    value = header.get(keyword)
    if isinstance(value, MultiValue | list):
        return list(value)
    return [] if value in (None, "") else [value]


def _whole_numbers(values: Iterable[object]) -> list[int]:
    """Return all values as whole numbers; none where one is no number."""
    try:
        return [int(str(value)) for value in values]
    except ValueError:
        return []
