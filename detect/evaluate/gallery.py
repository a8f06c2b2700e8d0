"""The worst mistakes as small pictures: what the model shows, and the truth beside it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.cores import cores_allowed
from detect.data.check_text import printable
from detect.data.sample import Sample
from detect.draw.banner import percent
from detect.draw.style import Colour, Scale, scale_for
from detect.errors import ReadError
from detect.evaluate.captions import caption_facts
from detect.evaluate.cases import Case, pair_cases
from detect.evaluate.page.parts import Gallery, Picture
from detect.evaluate.readings import sample_name
from detect.evaluate.truths import truths_of
from detect.evaluate.worst import KINDS, worst_cases
from detect.read import read
from detect.record import Box, Failure, Finding, Reading

__all__ = ["LONG_SIDE", "MOST_BYTES", "TRUTH", "build_galleries"]

LONG_SIDE = 448  # pixels of the longer side of each picture
MOST_BYTES = 64 * 1024  # of each picture; two make one entry
TRUTH: Colour = (255, 105, 215)  # magenta: unlike definite, suspicious and below
_QUALITIES = (82, 60, 40, 20, 3)  # JPEG; the next one where the last made too many bytes
_LINE, _LABEL = 2, 15  # pixels: width of an outline, font size beside it
_REGION = "region"  # attribute by which pictures can be sorted


def build_galleries(
    samples: Sequence[Sample],
    records: Sequence[Reading | Failure],
    folder: Path | None,
    *,
    most: int,
    workers: int | None = None,
    on_image: Callable[[], object] | None = None,
) -> tuple[Gallery, ...]:
    """Return one gallery per kind of mistake, worst first; none if `most` is 0.

    Each picture has `LONG_SIDE` pixels on its longer side and at most `MOST_BYTES`, so `most` of
    each kind add no more than 6 · `most` · 4/3 · `MOST_BYTES` to a page; about a third of that on
    radiographs. An image that can no longer be read is named without a picture.

    Args:
        samples: what was evaluated on.
        records: of one system, matched by `Source.path`.
        folder: to which those paths are relative, as for `sample_name`.
        most: of each kind.
        workers: threads that decode; None: one per core. The pictures do not depend on it.
        on_image: called after each picture, for a progress bar.
    """
    if most == 0:
        return ()
    cases = pair_cases(truths_of(samples, folder), records)
    images = {sample_name(sample, folder): sample.image for sample in samples}
    readings = {record.source.path: record for record in records if isinstance(record, Reading)}

    def picture(case: Case) -> Picture:
        made = _picture(case, readings[case.truth.path], images[case.truth.path])
        if on_image is not None:
            on_image()
        return made

    galleries = []
    with ThreadPoolExecutor(workers or cores_allowed()) as pool:
        try:
            for kind in KINDS:
                chosen, found = worst_cases(cases, kind, most)
                note = f"{len(chosen)} of {found}, {kind.order}." if found else "No such image."
                if chosen:
                    note += f" {_threshold(readings[chosen[0].truth.path])}"
                pictures = tuple(pool.map(picture, chosen))
                galleries.append(Gallery(kind.name, kind.title, note, pictures))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once
    return tuple(galleries)


def _threshold(reading: Reading) -> str:
    verdict = reading.verdict
    named = printable(verdict.operating_point)
    return f"Called fractured from {percent(verdict.threshold)} on (“{named}”)."


def _picture(case: Case, reading: Reading, image: Path) -> Picture:
    about = caption_facts(case, reading)
    name, region = printable(case.truth.path), printable(case.truth.attributes.get(_REGION, ""))
    probability = reading.verdict.probability
    try:
        with closing(read(image, image.name)) as frames:  # type: ignore[type-var]
            pixels = next(frames).pixels
    except ReadError as error:
        facts = (*about, f"no picture: {printable(str(error))}")
        return Picture(name, probability, region, facts, "", "", 0, 0)
    grey, scale = _fitted(pixels)
    model = _drawn_model(grey, reading, scale)
    truth = _drawn_truth(grey, case, scale)
    height, width = grey.shape
    return Picture(
        name, probability, region, about, _data_uri(model), _data_uri(truth), width, height
    )


def _fitted(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return the picture with `LONG_SIDE` pixels on its longer side, and (x, y) scales."""
    height, width = pixels.shape
    scale = LONG_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    grey = np.asarray(cv2.resize(pixels, size, interpolation=smooth), np.uint8)
    return grey, (size[0] / width, size[1] / height)


def _drawn_model(
    grey: NDArray[np.uint8], reading: Reading, scale: tuple[float, float]
) -> NDArray[np.uint8]:
    """Return what `detect` draws; where it shows nothing, the best box below both thresholds."""
    from detect.draw.findings import draw_findings

    shown = [finding for finding in reading.findings if finding.certainty != "none"]
    shown = shown or list(reading.findings[:1])
    picture = _colour(grey)
    placed: list[Finding] = [replace(finding, box=_scaled(finding.box, scale)) for finding in shown]
    draw_findings(picture, placed, _sizes(picture))
    return picture


def _drawn_truth(
    grey: NDArray[np.uint8], case: Case, scale: tuple[float, float]
) -> NDArray[np.uint8]:
    import supervision as sv

    picture = _colour(grey)
    if case.truth_boxes is None or not len(case.truth_boxes):
        return picture
    height, width = grey.shape
    sizes = _sizes(picture)
    corners = case.truth_boxes * np.array([*scale, *scale])
    # just outside, so that the line covers no fracture
    corners += np.array([-1, -1, 1, 1]) * sizes.padding
    last = np.array([width, height, width, height]) - 1 - sizes.line // 2
    detections = sv.Detections(xyxy=np.clip(corners, sizes.line // 2, last).astype(np.float32))
    annotator = sv.BoxAnnotator(
        sv.Color(*TRUTH), thickness=sizes.line, color_lookup=sv.ColorLookup.INDEX
    )
    annotator.annotate(picture, detections)
    return picture


def _sizes(picture: NDArray[np.uint8]) -> Scale:
    """Return the sizes that can be seen on a page."""
    sizes = scale_for(picture.shape[1], picture.shape[0], 1)
    return replace(sizes, line=_LINE, padding=2 + _LINE, label=_LABEL)


def _colour(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _scaled(box: Box, scale: tuple[float, float]) -> Box:
    x, y = scale
    return Box(box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y)


def _data_uri(picture: NDArray[np.uint8]) -> str:
    """Return a JPEG of at most `MOST_BYTES`, colour kept whole so that thin lines stay sharp."""
    for quality in _QUALITIES:
        settings = [
            *(cv2.IMWRITE_JPEG_QUALITY, quality),
            *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
        ]
        encoded = cv2.imencode(".jpg", picture, settings)[1].tobytes()
        if len(encoded) <= MOST_BYTES:
            break
    return "data:image/jpeg;base64," + base64.b64encode(encoded).decode("ascii")
