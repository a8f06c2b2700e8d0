"""The greyscale pipeline of DICOM: stored values to what a viewer shows.

Modality LUT, then VOI LUT or window, then the inversion of MONOCHROME1, and 8 bits last
(PS3.4 section N.2; PS3.3 sections C.11.1, C.11.2 and C.7.6.3.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut, apply_windowing

from detect.read.window import count_levels, look_up, luminance, robust_limits, stretch

__all__ = ["GreyStages", "grey_stages", "lut_entries", "show_colour", "show_grey"]

Values = NDArray[Any]

_MOST_LEVELS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class GreyStages:
    """Which attributes of an object make the picture of one frame."""

    modality: Dataset | None  # holds ModalityLUTSequence, else RescaleSlope and RescaleIntercept
    voi: Dataset | None  # holds VOILUTSequence, else windows; the first one counts
    limits: tuple[float, float]  # where `voi` is None: what is shown black and white, linearly
    inverted: bool  # low values are shown light


def show_grey(stored: Values, dataset: Dataset, index: int) -> NDArray[np.uint8]:
    """Return one MONOCHROME frame as a viewer shows it.

    Every step works on one value at a time, so it runs over the at most 65,536 levels
    that can occur and the frame is looked up in the result.

    Args:
        stored: decoded stored values, shape (rows, columns), any real dtype.
        dataset: the object's attributes.
        index: number of the frame from 0, for per-frame attributes.

    Returns:
        uint8, shape (rows, columns), light where the viewer is light.
    """
    domain, position = _levels(stored)
    table, stages = _stages(domain, count_levels(position, domain.size), dataset, index)
    if stages.inverted:
        table = 255 - table
    return look_up(table, position)


def grey_stages(stored: Values, dataset: Dataset, index: int) -> GreyStages:
    """Return what `show_grey` makes its picture by; arguments as there."""
    domain, position = _levels(stored)
    return _stages(domain, count_levels(position, domain.size), dataset, index)[1]


def _levels(stored: Values) -> tuple[Values, NDArray[Any]]:
    """Return at most 65,536 levels, and the one of each pixel by its index.

    All values that integers of up to 16 bits can have; else those that occur. Where more than
    that occur, every n-th of them is a level, the least and the greatest included, and a pixel
    takes the level at or next above it. Going by rank, outliers cost the rest no grey.
    """
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= 2:
        levels: NDArray[Any] = stored.view(f"u{stored.dtype.itemsize}")
        size = 1 << 8 * stored.dtype.itemsize
        return np.arange(size, dtype=levels.dtype).view(stored.dtype), levels
    domain = np.unique(stored)
    if domain.size > _MOST_LEVELS:
        ranks = np.linspace(0, domain.size - 1, _MOST_LEVELS)
        domain = domain[np.rint(ranks).astype(np.int64)]
    position = np.empty(stored.shape, np.uint16)
    for row, values in zip(position, stored, strict=True):
        row[:] = np.searchsorted(domain, values)
    return domain, position


def show_colour(pixels: Values, dataset: Dataset) -> NDArray[np.uint8]:
    """Return the luminance of one colour or palette frame.

    Args:
        pixels: shape (rows, columns, 3), red first, or (rows, columns) palette indices.
        dataset: the object's attributes.

    Returns:
        uint8, shape (rows, columns).
    """
    bits = int(dataset.BitsStored)
    if pixels.ndim == 2:
        pixels = apply_color_lut(pixels, dataset)[..., :3]
        bits = 8 * pixels.dtype.itemsize
    return stretch(luminance(pixels), 0.0, float((1 << bits) - 1))


def _stages(
    domain: Values, counts: NDArray[np.int64], dataset: Dataset, index: int
) -> tuple[NDArray[np.uint8], GreyStages]:
    """Return the table from stored value to grey, before inversion, and what it is made by."""
    inverted = _is_inverted(dataset)
    mapping = _macro(dataset, index, "PixelValueTransformationSequence")
    values = _modality(domain, dataset, mapping)
    if dataset.get("ModalityLUTSequence"):
        mapping = dataset
    modality = None if values is domain else mapping
    voi = _macro(dataset, index, "FrameVOILUTSequence")
    table = _voi(values, voi, dataset)
    seen = counts > 0
    # A window beside the image's values would show nothing: a blank picture is read as
    # normal, so such a window is worse than none.
    if table is not None and (np.ptp(table[seen]) > 0 or np.count_nonzero(seen) <= 1):
        return table, GreyStages(modality, voi, (0.0, 0.0), inverted)
    if table is None and values is domain and int(dataset.BitsStored) <= 8:
        limits = (0.0, float((1 << int(dataset.BitsStored)) - 1))
    else:
        kept = np.where(_is_padding(domain, dataset), 0, counts)
        limits = robust_limits(values, kept)
    return stretch(values, *limits), GreyStages(modality, None, limits, inverted)


def _macro(dataset: Dataset, index: int, keyword: str) -> Dataset:
    """Return the attributes of a functional group of the frame, else the object's own.

    Enhanced objects keep them per frame or shared (PS3.3 section C.7.6.16).
    """
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for group in (*per_frame[index : index + 1], *shared[:1]):
        if group.get(keyword):
            found: Dataset = group[keyword].value[0]
            return found
    return dataset


def _modality(domain: Values, dataset: Dataset, attributes: Dataset) -> Values:
    """Apply the Modality LUT or rescale; without either, return `domain` itself."""
    if dataset.get("ModalityLUTSequence"):
        return _look_up(domain, dataset.ModalityLUTSequence[0], dataset)
    slope, intercept = _first(attributes, "RescaleSlope"), _first(attributes, "RescaleIntercept")
    if not slope or intercept is None or (slope, intercept) == (1.0, 0.0):
        return domain
    return domain.astype(np.float64) * slope + intercept


def _voi(values: Values, attributes: Dataset, dataset: Dataset) -> NDArray[np.uint8] | None:
    """Apply the first VOI LUT, else the first window; None where there is none of use."""
    if attributes.get("VOILUTSequence"):
        shown = _look_up(values, attributes.VOILUTSequence[0], dataset)
        # The bits in use, as web viewers count them: descriptors often say 16 for 12.
        return stretch(shown, 0.0, float((1 << int(shown.max()).bit_length()) - 1))
    centre, width = _first(attributes, "WindowCenter"), _first(attributes, "WindowWidth")
    function = str(attributes.get("VOILUTFunction") or "LINEAR").strip().upper()
    least = 1.0 if function == "LINEAR" else np.nextafter(0.0, 1.0)
    if centre is None or width is None or not least <= width < np.inf:
        return None
    # A view of its own whose output range is 0 to 255, whatever the stored values' is.
    view = Dataset()
    view.PhotometricInterpretation = "MONOCHROME2"
    view.BitsStored, view.PixelRepresentation = 8, 0
    view.WindowCenter, view.WindowWidth, view.VOILUTFunction = centre, width, function
    with np.errstate(over="ignore"):  # far below a sigmoid's centre: 1 / infinity is 0
        return stretch(apply_windowing(values, view), 0.0, 255.0)


def lut_entries(item: Dataset, dataset: Dataset) -> tuple[int, Values]:
    """Return the table of a Modality or VOI LUT item (PS3.3 section C.11.1.1).

    pydicom's own refuses Modality LUTs of 10 to 15 bits and misreads 8-bit entries.

    Args:
        item: of ModalityLUTSequence or VOILUTSequence.
        dataset: that it is of, with its file meta information.

    Returns:
        The first value mapped, and what it and those that follow become; integers, shape (n,).
    """
    entries, first, _ = (int(part) for part in item.LUTDescriptor)
    entries = entries or 1 << 16
    data = item.LUTData
    if isinstance(data, bytes):
        order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
        # 8-bit entries may be packed two to a word.
        packed = len(data) < 2 * entries
        table: Values = np.frombuffer(data, np.uint8 if packed else f"{order}u2")
    else:
        table = np.atleast_1d(np.asarray(data, dtype=np.int64))
    return first, table[:entries]


def _look_up(values: Values, item: Dataset, dataset: Dataset) -> Values:
    """Apply the table of a Modality or VOI LUT item."""
    first, table = lut_entries(item, dataset)
    offset = np.rint(values.astype(np.float64)) - first
    mapped: Values = table[np.clip(offset, 0, table.size - 1).astype(np.int64)]
    return mapped


def _is_padding(domain: Values, dataset: Dataset) -> NDArray[np.bool_]:
    """Say which stored values are Pixel Padding (PS3.3 section C.7.5.1.1.2)."""
    one = _first(dataset, "PixelPaddingValue")
    if one is None:
        return np.zeros(domain.shape, np.bool_)
    other = _first(dataset, "PixelPaddingRangeLimit")
    low, high = sorted((one, one if other is None else other))
    return np.asarray((domain >= low) & (domain <= high))


def _is_inverted(dataset: Dataset) -> bool:
    """Whether low values are to be shown light.

    DX states it twice, as MONOCHROME1 and as Presentation LUT Shape INVERSE
    (PS3.3 section C.8.11.3.1.2): that is one inversion, not two.
    """
    shape = str(dataset.get("PresentationLUTShape") or "").strip().upper()
    return str(dataset.PhotometricInterpretation) == "MONOCHROME1" or shape == "INVERSE"


def _first(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of a numeric attribute, or None where it has none."""
    value = dataset.get(keyword)
    if isinstance(value, MultiValue | list | tuple):
        value = value[0] if len(value) else None
    return None if value is None or value == "" else float(value)
