"""Random views: boxes follow the pixels, and labels are true of what is shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect.config import AugmentConfig
from detect.train.augment import Annotated, random_view

# Geometry alone: greys stay as they are, so that the drawn shapes can be found again.
PLAIN = {
    "gamma": 0.0,
    "contrast": 0.0,
    "brightness": 0.0,
    "blur": 0.0,
    "sharpen": 0.0,
    "noise": 0.0,
    "jpeg": 0.0,
}
ALL_TURNS = AugmentConfig(
    **PLAIN, turn_degrees=180, flip_horizontal=0.5, flip_vertical=0.5, quarter_turn=0.5, focus=0.7
)
SQUARE_TURNS = AugmentConfig(
    **PLAIN, turn_degrees=0, flip_horizontal=0.5, flip_vertical=0.5, quarter_turn=0.5, focus=0.7
)


def _sample(
    image: NDArray[np.uint8],
    boxes: list[tuple[float, float, float, float]],
    fractured: int = 1,
    boxed: bool = True,
) -> Annotated:
    return Annotated(
        image,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.arange(len(boxes), dtype=np.int64),
        fractured,
        boxed,
    )


def _bright(view: Annotated, least: int) -> NDArray[np.float64]:
    """The extent xyxy of what is brighter than the padding, in pixel edges."""
    rows, columns = np.nonzero(view.image >= least)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float64)


@pytest.mark.parametrize("seed", range(60))
def test_a_square_is_enclosed_exactly_under_flips_and_quarter_turns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(300, 700, 2))
    x1, y1 = (int(rng.integers(0, side - 60)) for side in (width, height))
    x2, y2 = x1 + int(rng.integers(20, 60)), y1 + int(rng.integers(20, 60))
    image = np.zeros((height, width), np.uint8)
    image[y1:y2, x1:x2] = 255
    view = random_view(_sample(image, [(x1, y1, x2, y2)]), 640, SQUARE_TURNS, rng)
    for box in view.boxes:
        # Half brightness marks an edge; blending of neighbouring pixels may move it by half one.
        assert np.abs(_bright(view, 128) - box).max() <= 0.75


def test_boxes_and_pixels_share_one_frame_without_bias() -> None:
    """A mirrored view must not shift pixels against boxes by part of a pixel.

    Measured by centres of light, which interpolation does not move.
    """
    image = np.zeros((500, 400), np.uint8)
    image[200:240, 150:200] = 140
    recipe = SQUARE_TURNS.model_copy(update={"scale": (1.0, 1.0), "focus": 1.0})
    offsets = []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        view = random_view(_sample(image, [(150, 200, 200, 240)]), 500, recipe, rng)
        (box,) = view.boxes
        rows, columns = np.indices(view.image.shape) + 0.5
        near = (np.abs(columns - box[[0, 2]].mean()) < 40) & (
            np.abs(rows - box[[1, 3]].mean()) < 40
        )  # not the padding, which is bright as well
        light = np.where(near, view.image, 0).astype(np.float64)
        middle = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
        offsets.append(middle - [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    assert np.abs(offsets).max() < 0.1


@pytest.mark.parametrize("seed", range(60))
def test_a_turned_finding_fills_its_box_and_stays_inside(seed: int) -> None:
    """The box of a turned box is that of its inscribed ellipse; an ellipse is the witness."""
    rng = np.random.default_rng(seed)
    image = np.zeros((600, 500), np.uint8)
    half = (int(rng.integers(12, 50)), int(rng.integers(12, 50)))
    centre = (int(rng.integers(60, 440)), int(rng.integers(60, 540)))
    cv2.ellipse(image, centre, half, 0, 0, 360, 255, -1)
    # OpenCV draws about pixel centres, so the ellipse reaches half a pixel further.
    x, y = centre[0] + 0.5, centre[1] + 0.5
    reach = (half[0] + 0.5, half[1] + 0.5)
    box = (x - reach[0], y - reach[1], x + reach[0], y + reach[1])
    view = random_view(_sample(image, [box]), 640, ALL_TURNS, rng)
    for found in view.boxes:
        assert np.abs(_bright(view, 128) - found).max() <= 2.0


@pytest.mark.parametrize("seed", range(40))
def test_every_kept_box_lies_in_the_view_and_is_half_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.random((8, 2)) * [350, 450]
    boxes = np.hstack([corner, corner + rng.random((8, 2)) * 120 + 5])
    sample = _sample(np.zeros((600, 500), np.uint8), [tuple(box) for box in boxes])
    view = random_view(sample, 640, ALL_TURNS, rng)
    assert view.image.shape == (448, 448)
    assert view.image.dtype == np.uint8
    assert len(view.boxes) == len(view.classes)
    assert (view.boxes >= 0).all()
    assert (view.boxes <= 448).all()
    assert (view.boxes[:, 2:] > view.boxes[:, :2]).all()


def _corner_view(box: tuple[float, float, float, float], seed: int) -> Annotated:
    """A close view of a large image, anywhere in it."""
    recipe = SQUARE_TURNS.model_copy(
        update={"focus": 0.0, "scale": (1.0, 1.0), "view_size": 256, "quarter_turn": 0.0}
    )
    x1, y1, x2, y2 = (int(v) for v in box)
    image = np.zeros((1024, 1024), np.uint8)
    image[y1:y2, x1:x2] = 255
    return random_view(_sample(image, [box]), 1024, recipe, np.random.default_rng(seed))


def test_labels_say_what_the_view_shows() -> None:
    """Counted pixel by pixel: how much of the bright box lies in the view."""
    box = (400.0, 400.0, 600.0, 600.0)
    seen_kinds = set()
    for seed in range(150):
        view = _corner_view(box, seed)
        share = float((view.image == 255).sum()) / 200**2
        if 0.08 < share < 0.12 or 0.48 < share < 0.52:
            continue  # on the brink, where interpolation decides
        if share >= 0.5:
            assert (view.fractured, view.boxed, len(view.boxes)) == (1, True, 1)
            seen_kinds.add("in view")
        elif share <= 0.1:
            assert (view.fractured, view.boxed, len(view.boxes)) == (0, True, 0)
            seen_kinds.add("out of view")
        else:
            assert (view.fractured, view.boxed, len(view.boxes)) == (-1, False, 0)
            seen_kinds.add("cut")
    assert seen_kinds == {"in view", "out of view", "cut"}


def test_one_box_in_view_makes_the_view_fractured_though_another_is_cut() -> None:
    """A cut box still keeps the view out of the box loss."""
    boxes = [(400.0, 400.0, 440.0, 440.0), (445.0, 400.0, 645.0, 600.0)]
    recipe = SQUARE_TURNS.model_copy(
        update={"focus": 0.0, "scale": (1.0, 1.0), "view_size": 256, "quarter_turn": 0.0}
    )
    sample = _sample(np.zeros((1024, 1024), np.uint8), boxes)
    kinds = set()
    for seed in range(300):
        view = random_view(sample, 1024, recipe, np.random.default_rng(seed))
        assert view.fractured == 1 or len(view.boxes) == 0
        kinds.add((view.fractured, view.boxed, tuple(view.classes.tolist())))
    assert (1, False, (0,)) in kinds  # first in view, second cut
    assert (1, True, (0, 1)) in kinds
    assert (0, True, ()) in kinds


@pytest.mark.parametrize("size", [None, 224])
@pytest.mark.parametrize("seed", range(40))
def test_a_fractured_image_without_boxes_is_shown_whole(seed: int, size: int | None) -> None:
    """Nobody knows where its fracture is, so no corner may be cut off, turned or not."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(200, 900, 2))
    image = np.zeros((height, width), np.uint8)
    reach = max(height, width) // 25
    for y in (0, height - reach):
        for x in (0, width - reach):
            image[y : y + reach, x : x + reach] = 255
    view = random_view(_sample(image, [], boxed=False), 640, ALL_TURNS, rng, size)
    assert (view.fractured, view.boxed) == (1, False)
    marks, _ = cv2.connectedComponents((view.image >= 190).astype(np.uint8))
    assert marks - 1 == 4
    # Equal areas: none of the four is cut in part.
    _, _, stats, _ = cv2.connectedComponentsWithStats((view.image >= 128).astype(np.uint8))
    areas = np.sort(stats[1:, cv2.CC_STAT_AREA])[-4:]
    assert areas.min() >= 0.6 * areas.max()


@pytest.mark.parametrize("fractured", [0, -1])
@pytest.mark.parametrize("boxed", [True, False])
def test_without_a_fracture_any_cut_keeps_the_label(fractured: int, boxed: bool) -> None:
    sample = _sample(np.zeros((900, 700), np.uint8), [], fractured, boxed)
    for seed in range(10):
        view = random_view(sample, 640, ALL_TURNS, np.random.default_rng(seed))
        assert (view.fractured, view.boxed, len(view.boxes)) == (fractured, boxed, 0)


def test_focus_holds_views_on_a_box() -> None:
    sample = _sample(np.zeros((3000, 2500), np.uint8), [(100, 100, 140, 150)])
    held = AugmentConfig(**PLAIN, scale=(4.0, 4.0), focus=1.0, turn_degrees=15)
    loose = held.model_copy(update={"focus": 0.0})
    count = {
        name: sum(
            len(random_view(sample, 640, recipe, np.random.default_rng(seed)).boxes)
            for seed in range(60)
        )
        for name, recipe in (("held", held), ("loose", loose))
    }
    assert count["held"] >= 55
    assert count["loose"] <= 15


def test_the_same_generator_gives_the_same_view_and_another_does_not() -> None:
    grain = np.random.default_rng(0).integers(0, 256, (500, 400)).astype(np.uint8)
    sample = _sample(grain, [(100, 100, 180, 190)])
    recipe = AugmentConfig(blur=0.5, sharpen=0.5, noise=0.5, jpeg=0.5)
    for seed in range(10):
        first = random_view(sample, 640, recipe, np.random.default_rng(seed))
        again = random_view(sample, 640, recipe, np.random.default_rng(seed))
        np.testing.assert_array_equal(first.image, again.image)
        np.testing.assert_array_equal(first.boxes, again.boxes)
        other = random_view(sample, 640, recipe, np.random.default_rng(seed + 1000))
        assert (first.image != other.image).any()


def test_grain_of_the_source_is_scaled_with_it() -> None:
    """Twice enlarged, the noise of a machine is twice as coarse, and that of the view is not."""
    flat = _sample(np.full((224, 224), 128, np.uint8), [], boxed=False)
    plain = AugmentConfig(**PLAIN, turn_degrees=0, scale=(1, 1), quarter_turn=0)

    def likeness_of_neighbours(kind: str) -> float:
        recipe = plain.model_copy(update={kind: 1.0})
        image = random_view(flat, 448, recipe, np.random.default_rng(3)).image.astype(float) - 128
        return float((image[:, 1:] * image[:, :-1]).mean() / (image**2).mean())

    assert likeness_of_neighbours("source_noise") > 0.5
    assert abs(likeness_of_neighbours("noise")) < 0.1


def test_the_source_is_left_as_it_was() -> None:
    grain = np.random.default_rng(0).integers(0, 256, (500, 400)).astype(np.uint8)
    sample = _sample(grain.copy(), [(100, 100, 180, 190)])
    for seed in range(10):
        random_view(sample, 640, AugmentConfig(), np.random.default_rng(seed))
    np.testing.assert_array_equal(sample.image, grain)
    np.testing.assert_array_equal(sample.boxes, [[100, 100, 180, 190]])


def test_zoom_follows_the_recipe() -> None:
    """At scale 1 the view shows the image as large as the network will see it whole."""
    image = np.zeros((800, 600), np.uint8)
    recipe = SQUARE_TURNS.model_copy(
        update={"scale": (1.0, 1.0), "focus": 1.0, "quarter_turn": 0.0}
    )
    view = random_view(
        _sample(image, [(300, 300, 360, 380)]), 640, recipe, np.random.default_rng(0)
    )
    (box,) = view.boxes
    np.testing.assert_allclose(box[2:] - box[:2], [48, 64], atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("blur", 1.0),
        ("sharpen", 1.0),
        ("noise", 1.0),
        ("jpeg", 1.0),
        ("source_noise", 1.0),
        ("source_jpeg", 1.0),
        ("local_contrast", 1.0),
        ("resample", 1.0),
        ("gamma", 0.5),
        ("contrast", 0.5),
        ("brightness", 0.3),
    ],
)
def test_each_change_of_greys_does_something_and_keeps_the_form(kind: str, amount: float) -> None:
    image = np.random.default_rng(0).integers(60, 200, (448, 448)).astype(np.uint8)
    still = AugmentConfig(
        **PLAIN,
        turn_degrees=0,
        flip_horizontal=0,
        flip_vertical=0,
        quarter_turn=0,
        scale=(1, 1),
        focus=0,
    )
    sample = _sample(image, [], boxed=False)  # shown whole, so without a random shift
    plain = random_view(sample, 448, still, np.random.default_rng(5)).image
    np.testing.assert_array_equal(plain, image)
    changed = random_view(
        sample, 448, still.model_copy(update={kind: amount}), np.random.default_rng(5)
    ).image
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert (changed != image).mean() > 0.3
