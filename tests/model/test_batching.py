"""Callers in many threads, one runtime: each gets its own rows, whatever the others do."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detect.errors import DeviceMemoryError
from detect.model.batching import BatchingRuntime
from detect.model.runtime import RawOutput

Images = NDArray[np.uint8]
SHAPES = ((32, 32), (32, 64), (64, 32))
POISON = 255  # an image of it makes the runtime fail
SECONDS = 20  # after which a caller counts as forgotten


@dataclass
class Scripted:
    """A runtime whose every answer tells which image it is of; remembers what it was given."""

    room: int | None = None  # pixels that fit
    pause: Callable[[], None] = lambda: None
    features: bool = True
    batches: list[tuple[int, ...]] = field(default_factory=list)
    inside: int = 0

    def __call__(self, images: Images) -> RawOutput:
        self.inside += 1
        assert self.inside == 1, "two threads at once"
        try:
            self.batches.append(images.shape)
            self.pause()
            if self.room is not None and images.size > self.room:
                raise DeviceMemoryError("too much")
            if (images == POISON).any():
                raise ValueError("poison")
            return answer(images, self.features)
        finally:
            self.inside -= 1


def answer(images: Images, features: bool = True) -> RawOutput:
    means = images.mean(axis=(1, 2, 3), dtype=np.float32)
    return RawOutput(
        boxes=np.repeat(means[:, None, None], 4, 2),
        scores=means[:, None, None] / 255,
        image_logit=means,
        evidence=images[:, 0, ::8, ::8].astype(np.float32),
        **({"features": means[:, None] * [1, 2]} if features else {}),
    )


def assert_same(one: RawOutput, other: RawOutput) -> None:
    for each in fields(RawOutput):
        np.testing.assert_array_equal(getattr(one, each.name), getattr(other, each.name))


def picture(value: int, shape: tuple[int, int] = SHAPES[0], count: int = 1) -> Images:
    return np.full((count, 1, *shape), value, np.uint8)


def bring(runtime: BatchingRuntime, pictures: Sequence[Images]) -> list[RawOutput | Exception]:
    """Call with each picture from a thread of its own; return what each got."""

    def one(images: Images) -> RawOutput | Exception:
        try:
            return runtime(images)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(pictures)) as pool:
        calls = [pool.submit(one, images) for images in pictures]
        return [call.result(SECONDS) for call in calls]


class Gate:
    """Stops whoever computes until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Semaphore(0)
        self.open = threading.Semaphore(0)

    def __call__(self) -> None:
        self.reached.release()
        assert self.open.acquire(timeout=SECONDS)


def queue_behind(
    runtime: BatchingRuntime, gate: Gate, pictures: Sequence[Images]
) -> list[RawOutput | Exception]:
    """Let the first caller compute until all others wait, in this order; return what each got."""
    with ThreadPoolExecutor(len(pictures)) as pool:
        calls = [pool.submit(bring, runtime, [pictures[0]])]
        assert gate.reached.acquire(timeout=SECONDS)
        for number, images in enumerate(pictures[1:], 1):
            calls.append(pool.submit(bring, runtime, [images]))
            until = time.monotonic() + SECONDS
            while len(runtime._waiting) < number and time.monotonic() < until:
                time.sleep(0.001)
        for _ in range(64):  # more often than anybody computes
            gate.open.release()
        return [call.result(SECONDS)[0] for call in calls]


def test_those_who_wait_are_computed_together() -> None:
    gate = Gate()
    inner = Scripted(pause=gate)
    pictures = [picture(value) for value in range(8)]
    got = queue_behind(BatchingRuntime(inner, 16), gate, pictures)
    assert [shape[0] for shape in inner.batches] == [1, 7]
    for images, result in zip(pictures, got, strict=True):
        assert isinstance(result, RawOutput)
        assert_same(result, answer(images))


def test_no_more_at_once_than_allowed() -> None:
    gate = Gate()
    inner = Scripted(pause=gate)
    queue_behind(BatchingRuntime(inner, 3), gate, [picture(value) for value in range(9)])
    assert [shape[0] for shape in inner.batches] == [1, 3, 3, 2]


def test_a_rare_shape_waits_for_one_batch_at_most() -> None:
    gate = Gate()
    inner = Scripted(pause=gate)
    common, rare = SHAPES[:2]
    shapes = [common, rare, common, common]
    queue_behind(BatchingRuntime(inner, 16), gate, [picture(1, shape) for shape in shapes])
    assert [(shape[0], shape[2:]) for shape in inner.batches] == [
        (1, common),
        (1, rare),
        (2, common),
    ]


def test_what_is_too_many_for_one_batch_lets_others_go_first() -> None:
    gate = Gate()
    inner = Scripted(pause=gate)
    common, rare = SHAPES[:2]
    shapes = [common, common, common, rare, common]
    queue_behind(BatchingRuntime(inner, 2), gate, [picture(1, shape) for shape in shapes])
    assert [(shape[0], shape[2:]) for shape in inner.batches] == [
        (1, common),
        (2, common),
        (1, rare),
        (1, common),
    ]


def test_a_lone_caller_waits_for_nobody() -> None:
    inner = Scripted()
    runtime = BatchingRuntime(inner, 16)
    for value in range(5):
        assert_same(runtime(picture(value)), answer(picture(value)))
    assert [shape[0] for shape in inner.batches] == [1] * 5


def test_several_images_of_one_caller_stay_together() -> None:
    runtime = BatchingRuntime(Scripted(), 2)
    images = np.concatenate([picture(value) for value in range(5)])
    assert_same(runtime(images), answer(images))


def test_graphs_without_features_have_none() -> None:
    gate = Gate()
    inner = Scripted(pause=gate, features=False)
    got = queue_behind(BatchingRuntime(inner, 16), gate, [picture(value) for value in range(4)])
    assert all(isinstance(each, RawOutput) and each.features is None for each in got)


def test_a_result_does_not_keep_the_batch_alive() -> None:
    gate = Gate()
    got = queue_behind(BatchingRuntime(Scripted(pause=gate), 16), gate, [picture(1)] * 4)
    for result in got[1:]:
        assert isinstance(result, RawOutput)
        assert result.boxes.base is None
        assert result.evidence.base is None


def test_a_failure_reaches_all_of_its_batch_and_no_other() -> None:
    gate = Gate()
    inner = Scripted(pause=gate)
    good, other = picture(3), picture(4, SHAPES[1])
    pictures = [good, good, picture(POISON), good, other]
    got = queue_behind(BatchingRuntime(inner, 16), gate, pictures)
    assert [type(each) for each in got] == [RawOutput, *[ValueError] * 3, RawOutput]


def test_it_goes_on_after_a_failure() -> None:
    runtime = BatchingRuntime(Scripted(), 16)
    with pytest.raises(ValueError, match="poison"):
        runtime(picture(POISON))
    assert_same(runtime(picture(7)), answer(picture(7)))


def test_what_does_not_fit_is_halved_until_it_does_and_remembered() -> None:
    gate = Gate()
    inner = Scripted(room=3 * 32 * 32, pause=gate)
    runtime = BatchingRuntime(inner, 16)
    pictures = [picture(value) for value in range(10)]
    got = queue_behind(runtime, gate, pictures)
    assert [shape[0] for shape in inner.batches] == [1, 9, 4, 2, 2, 2, 2, 1]
    assert [int(each.image_logit[0]) for each in got] == list(range(10))  # type: ignore[union-attr]
    inner.pause = lambda: None
    runtime(np.concatenate(pictures[:4]))
    assert [shape[0] for shape in inner.batches[8:]] == [2, 2]
    runtime(picture(1, (64, 32), count=2))  # twice the pixels: half as many
    assert [shape[0] for shape in inner.batches[10:]] == [1, 1]


def test_one_image_that_does_not_fit_is_an_error_for_its_caller_alone() -> None:
    runtime = BatchingRuntime(Scripted(room=32 * 32), 16)
    with pytest.raises(DeviceMemoryError):
        runtime(picture(1, SHAPES[1]))
    assert_same(runtime(picture(2)), answer(picture(2)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(SHAPES),
            st.integers(0, POISON),  # its value
            st.integers(1, 3),  # how many images at once
        ),
        min_size=1,
        max_size=24,
    ),
    most=st.integers(1, 9),
    room=st.one_of(st.none(), st.integers(32 * 32, 8 * 64 * 32)),
    seed=st.integers(0, 99),
)
def test_every_caller_gets_its_own(
    calls: list[tuple[tuple[int, int], int, int]], most: int, room: int | None, seed: int
) -> None:
    chance = random.Random(seed)
    inner = Scripted(room, lambda: time.sleep(chance.choice((0, 0, 1e-4, 1e-3))))
    runtime = BatchingRuntime(inner, most)
    pictures = [picture(value, shape, count) for shape, value, count in calls]
    for images, result in zip(pictures, bring(runtime, pictures), strict=True):
        if isinstance(result, DeviceMemoryError):
            assert room is not None
            assert images[0].size > room
        elif isinstance(result, ValueError):
            assert any((shape, POISON) == (images.shape[2:], value) for shape, value, _ in calls)
        else:
            assert isinstance(result, RawOutput), result
            assert_same(result, answer(images))
    assert all(shape[0] <= most for shape in inner.batches)
    assert not runtime._waiting
    inner.room = None
    assert_same(runtime(picture(1)), answer(picture(1)))  # nobody is left computing
