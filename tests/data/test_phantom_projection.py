"""Path lengths against what geometry says of cylinders and of the parts of a broken one."""

from __future__ import annotations

import numpy as np
import pytest

from detect.data.phantom.geometry import (
    Bend,
    Cut,
    Piece,
    Surface,
    Tube,
    compose,
    invert,
    make_tube,
    rigid_motion,
    transform,
)
from detect.data.phantom.projection import (
    ATTENUATION,
    Grid,
    bone_integral,
    flesh_integral,
    path_lengths,
)

RADIUS, WALL, LENGTH = 10.0, 3.0, 60.0
STEP = 0.25  # mm per pixel


@pytest.fixture
def pipe() -> Tube:
    """A straight pipe with open ends, from (50, 20) to (50, 80) mm."""
    return make_tube(
        "pipe",
        (50.0, 20.0),
        (50.0, 20.0 + LENGTH),
        [(0, RADIUS, RADIUS), (1, RADIUS, RADIUS)],
        wall=((0, WALL), (1, WALL)),
        flatness=1.0,
        rounding=(0.0, 0.0),
    )


@pytest.fixture
def grid() -> Grid:
    """100 mm by 100 mm."""
    size = int(100 / STEP)
    return Grid(size, size, np.array([[STEP, 0, 0], [0, STEP, 0]]))


def paths(grid: Grid, *pieces: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Sum what rays travel through bodies and through their content, in mm."""
    outer, inner = np.zeros((2, grid.height, grid.width))
    for piece in pieces:
        found = grid.local(piece)
        assert found is not None
        rows, columns, t, s = found
        one, two, _ = path_lengths(piece, t, s)
        outer[rows, columns] += one
        inner[rows, columns] += two
    return outer, inner


def volume(image: np.ndarray) -> float:
    return float(image.sum()) * STEP**2


def test_chords_of_a_pipe_are_those_of_two_circles(grid: Grid, pipe: Tube) -> None:
    outer, inner = paths(grid, Piece(pipe))
    x = (np.arange(grid.width) + 0.5) * STEP - 50.0
    row = int(50 / STEP)
    assert outer[row] == pytest.approx(2 * np.sqrt(np.maximum(RADIUS**2 - x**2, 0)), abs=0.02)
    hollow = RADIUS - WALL
    assert inner[row] == pytest.approx(2 * np.sqrt(np.maximum(hollow**2 - x**2, 0)), abs=0.02)
    assert not outer[: int(18 / STEP)].any()
    assert not outer[int(82 / STEP) :].any()


@pytest.mark.parametrize(
    "surface",
    [
        Surface(30.0),
        Surface(30.0, slope=0.8, tilt=-0.5),
        Surface(30.0, pitch=25.0),
        Surface(30.0, kink=(-2.0, 0.9)),
        Surface(30.0, waves=np.array([[0.8, 0.6, 0.3, 1.0]], np.float32)),
    ],
    ids=["transverse", "oblique", "spiral", "wedge", "rough"],
)
def test_both_sides_of_a_break_without_a_gap_make_the_whole(
    grid: Grid, pipe: Tube, surface: Surface
) -> None:
    halves = [Piece(pipe, cuts=(Cut(surface, side),)) for side in (-1, 1)]
    whole, broken = paths(grid, Piece(pipe)), paths(grid, *halves)
    for before, after in zip(whole, broken, strict=True):
        assert after == pytest.approx(before, abs=1e-3)
    first, _ = paths(grid, halves[0])
    assert 0.2 * volume(whole[0]) < volume(first) < 0.8 * volume(whole[0])


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_a_gap_removes_its_own_volume(grid: Grid, pipe: Tube, slope: float) -> None:
    gap = 3.0
    cuts = [Cut(Surface(30.0, slope=slope), side, gap) for side in (-1, 1)]
    broken, _ = paths(grid, *(Piece(pipe, cuts=(cut,)) for cut in cuts))
    whole, _ = paths(grid, Piece(pipe))
    cross_section = np.pi * RADIUS**2 * np.sqrt(1 + slope**2)
    assert volume(whole) - volume(broken) == pytest.approx(gap * cross_section, rel=0.02)


def test_a_moved_piece_keeps_its_volume_and_lies_where_it_was_moved(grid: Grid, pipe: Tube) -> None:
    motion = rigid_motion(25.0, (50.0, 50.0), (4.0, -3.0))
    before, _ = paths(grid, Piece(pipe))
    after, _ = paths(grid, Piece(pipe, motion))
    assert volume(after) == pytest.approx(volume(before), rel=5e-3)
    rows, columns = np.mgrid[0 : grid.height, 0 : grid.width]
    centre = [float((after * axis).sum() / after.sum() + 0.5) * STEP for axis in (columns, rows)]
    assert centre == pytest.approx([54.0, 47.0], abs=0.05)


def test_affine_maps_compose_and_invert() -> None:
    first, second = rigid_motion(30, (3, 4), (1, 2)), rigid_motion(-70, (9, -2))
    points = np.array([[0.0, 0.0], [5.0, -3.0]])
    stepwise = transform(second, transform(first, points))
    assert transform(compose(second, first), points) == pytest.approx(stepwise)
    assert transform(invert(first), transform(first, points)) == pytest.approx(points)
    assert np.diff(transform(first, points), axis=0) @ np.diff(
        transform(first, points), axis=0
    ).T == pytest.approx(34.0)


def test_flesh_bends_only_beyond_its_joint(grid: Grid, pipe: Tube) -> None:
    motion = rigid_motion(15.0, (50.0, 50.0))
    straight, _ = paths(grid, Piece(pipe))
    bent, _ = paths(grid, Piece(pipe, bend=Bend(motion, 30.0, 5.0)))
    turned, _ = paths(grid, Piece(pipe, motion))
    above, below = slice(0, int(38 / STEP)), slice(int(62 / STEP), None)
    assert bent[above] == pytest.approx(straight[above], abs=1e-3)
    assert bent[below] == pytest.approx(turned[below], abs=1e-3)
    assert not np.allclose(bent[below], straight[below], atol=1.0)


def test_bone_outweighs_the_flesh_that_it_displaces(grid: Grid, pipe: Tube) -> None:
    ones = np.ones((grid.height, grid.width), np.float32)
    bone = bone_integral(grid, [Piece(pipe)], ones)
    middle = bone[int(50 / STEP), int(50 / STEP)]
    marrow = ATTENUATION["marrow"] + 0.1 * (ATTENUATION["cancellous"] - ATTENUATION["marrow"])
    expected = ATTENUATION["cortical"] * 2 * WALL + marrow * 14 - ATTENUATION["muscle"] * 20
    assert middle == pytest.approx(expected, rel=0.02)


def test_overlapping_flesh_is_not_counted_twice(grid: Grid, pipe: Tube) -> None:
    ones = np.ones((grid.height, grid.width), np.float32)
    one = flesh_integral(grid, [Piece(pipe)], ones)
    two = flesh_integral(grid, [Piece(pipe), Piece(pipe)], ones)
    row, column = int(50 / STEP), int(50 / STEP)
    assert one[row, column] < two[row, column] < 1.25 * one[row, column]
