"""Names of subsets for people."""

from __future__ import annotations

import pytest

from detect.evaluate.subset_title import marked, subset_title


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("all", "all images"),
        ("without_hardware", "without hardware"),
        ("one_image_size", "one image size"),
        ("long_side_0_to_511", "longer side up to 511 px"),
        ("long_side_512_to_1023", "longer side 512–1023 px"),
        ("long_side_from_2048", "longer side from 2048 px"),
        ("body_part=left_hand", "body part: left_hand"),  # a value is the user's own
        ("formula=a=b", "formula: a=b"),
        ("view=", "view: empty"),
        ("view_position", "view position"),  # why there are no subsets of it
        ("_", "_"),
        ("site=\x1b[31m", r"site: \x1b[31m"),
    ],
)
def test_names_are_words(name: str, title: str) -> None:
    assert subset_title(name) == title


def test_the_mark_stands_behind() -> None:
    assert marked("leg", too_few=True) == "leg †"
    assert marked("leg", too_few=False) == "leg"
