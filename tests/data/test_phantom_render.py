"""Phantoms as their users see them: the same by seed, light bone, boxes that hold the break."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detect.data.phantom import FRACTURE_TYPES, REGIONS, render_phantom
from detect.data.phantom.geometry import transform
from detect.data.phantom.render import OVERSAMPLING, Setup, line_integral, set_up
from detect.errors import InputError
from detect.record import Box

SMALL = (160, 128)


def first_seed(region: str, fits: Callable[[Setup], bool], start: int = 0) -> int:
    """Find a seed by its geometry alone, which is quick."""
    return next(
        seed
        for seed in range(start, start + 500)
        if fits(set_up(seed, fractured=True, region=region))
    )


def inside(boxes: tuple[Box, ...], shape: tuple[int, int]) -> np.ndarray:
    """Mark the oversampled pixels whose centres lie in any box."""
    y = (np.arange(shape[0]) + 0.5)[:, None] / OVERSAMPLING
    x = (np.arange(shape[1]) + 0.5)[None, :] / OVERSAMPLING
    mask = np.zeros(shape, bool)
    for box in boxes:
        mask |= (x > box.x1) & (x < box.x2) & (y > box.y1) & (y < box.y2)
    return mask


def test_one_seed_gives_one_picture() -> None:
    first = render_phantom(7, fractured=True, size=SMALL)
    again = render_phantom(7, fractured=True, size=SMALL)
    other = render_phantom(8, fractured=True, size=SMALL)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.boxes == again.boxes
    assert not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("region", list(REGIONS))
@pytest.mark.parametrize("size", [SMALL, (128, 160)])
def test_pixels_and_boxes_are_in_range(region: str, size: tuple[int, int]) -> None:
    for seed in range(3):
        phantom = render_phantom(seed, fractured=True, region=region, size=size)
        assert phantom.pixels.dtype == np.uint16
        assert phantom.pixels.shape == size
        assert np.ptp(phantom.pixels) > 20_000
        assert phantom.region == region
        assert phantom.fracture_type in FRACTURE_TYPES
        assert phantom.boxes
        for box in phantom.boxes:
            assert 0 <= box.x1 < box.x2 <= size[1]
            assert 0 <= box.y1 < box.y2 <= size[0]


def test_intact_phantoms_have_no_boxes() -> None:
    phantom = render_phantom(3, fractured=False, size=SMALL)
    assert phantom.boxes == ()
    assert phantom.fracture_type is None


@pytest.mark.parametrize("region", list(REGIONS))
def test_an_undisplaced_break_changes_nothing_outside_its_box(region: str) -> None:
    seed = first_seed(region, lambda setup: setup.scene.fracture_type == "hairline")
    broken, intact = (set_up(seed, fractured=state, region=region) for state in (True, False))
    change = np.abs(line_integral(broken, seed) - line_integral(intact, seed))
    boxes = render_phantom(seed, fractured=True, region=region).boxes
    mask = inside(boxes, change.shape)
    assert change[mask].max() > 0.05
    assert change[~mask].max() == 0.0


@pytest.mark.parametrize("kind", [kind for kind in FRACTURE_TYPES if kind != "hairline"])
def test_a_box_holds_the_break(kind: str) -> None:
    """The bone that is gone between the parts, and the steps of the cortex, are in the box."""
    region = "forearm"
    seed = first_seed(
        region,
        lambda setup: setup.scene.fracture_type == kind and len(setup.scene.sites) == 1,
    )
    setup = set_up(seed, fractured=True, region=region)
    (box,) = render_phantom(seed, fractured=True, region=region).boxes
    name, at = setup.scene.sites[0]
    bone = next(bone for bone in setup.limb.bones if bone.name == name)
    left, right, _ = bone.section(at)
    rim = [bone.point(at, -left), bone.point(at, right)]
    for x, y in transform(setup.to_pixels, np.array(rim)):
        assert box.x1 < x < box.x2
        assert box.y1 < y < box.y2
    intact = set_up(seed, fractured=False, region=region)
    change = np.abs(line_integral(setup, seed) - line_integral(intact, seed))
    mask = inside((box,), change.shape)
    assert change[mask].max() > 0.15


def test_boxes_are_of_the_size_of_real_ones() -> None:
    sides = [
        ((box.x2 - box.x1) / 373, (box.y2 - box.y1) / 454)
        for seed in range(25)
        for box in render_phantom(seed, fractured=True).boxes
    ]
    middle = np.median(sides, axis=0)
    assert (middle > 0.04).all()
    assert (middle < 0.15).all()


@pytest.mark.parametrize("seed", [42, 47, 50])
def test_bone_is_lighter_than_flesh_and_flesh_than_air(seed: int) -> None:
    setup = set_up(seed, fractured=False, region="leg")
    pixels = render_phantom(seed, fractured=False, region="leg").pixels
    tibia = next(bone for bone in setup.limb.bones if bone.name == "tibia")
    calf = next(body for body in setup.limb.flesh if body.name == "calf")
    level = tibia.length / 2
    across = {"bone": 0.0, "flesh": -1.6 * tibia.section(level)[0], "air": -1.5 * calf.widest}

    def brightness(s: float) -> float:
        x, y = transform(setup.to_pixels, np.array([tibia.point(level, s)]))[0].astype(int)
        return float(np.median(pixels[y - 2 : y + 3, x - 2 : x + 3]))

    bone, flesh, air = (brightness(s) for s in across.values())
    assert bone > 1.3 * flesh
    assert flesh > 1.3 * air


def test_a_fracture_changes_neither_person_nor_pose_nor_hardware() -> None:
    hardware = []
    for seed in range(40):
        broken, intact = (render_phantom(seed, fractured=s, size=SMALL) for s in (True, False))
        assert broken.region == intact.region
        assert broken.laterality == intact.laterality
        assert broken.pixel_spacing == intact.pixel_spacing
        assert broken.hardware == intact.hardware
        hardware.append(intact.hardware)
    assert {"none", "cast"} <= set(hardware)
    assert hardware.count("none") > 25


def test_intact_phantoms_hold_look_alikes() -> None:
    marked = 0
    for seed in range(30):
        setup = set_up(seed, fractured=False)
        marked += any(bone.bands for bone in setup.limb.bones)
    assert 5 < marked < 30


@pytest.mark.parametrize("region", list(REGIONS))
def test_sides_are_mirrored(region: str) -> None:
    """Seen from the front, lateral is to the right on the left side, whatever way is up."""
    sides = set()
    for seed in range(12):
        setup = set_up(seed, fractured=False, region=region)
        mirrored = np.linalg.det(setup.to_pixels[:, :2]) < 0
        assert mirrored == (setup.laterality == "R")
        sides.add(setup.laterality)
    assert sides == {"L", "R"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"seed": -1}, "seed -1"),
        ({"seed": 1, "region": "skull"}, "'skull'"),
        ({"seed": 1, "size": (20, 300)}, "20x300"),
        ({"seed": 1, "size": (300, 9000)}, "300x9000"),
    ],
)
def test_what_cannot_be_rendered_is_named(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        render_phantom(fractured=True, **arguments)  # type: ignore[arg-type]


def test_a_picture_too_narrow_to_show_a_break_is_refused() -> None:
    with pytest.raises(InputError, match="choose a size"):
        for seed in range(20):
            set_up(seed, fractured=True, region="leg", size=(4096, 96))
