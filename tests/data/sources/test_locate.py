"""Images found by what an annotation calls them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detect.data.sources.locate import Images
from detect.errors import DataError

Picture = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path, picture: Picture) -> Path:
    picture(tmp_path / "outside.png")
    folder = tmp_path / "set"
    for name in ("images/a.png", "images/b c.png", "val/a.png", "val/e.jpg", "top.png"):
        picture(folder / name)
    (folder / "images/notes.txt").write_text("no picture")
    return folder


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("top.png", "top.png"),
        ("./val/../images//a.png", "images/a.png"),
        (r"C:\Users\bob\images\a.png", "images/a.png"),
        ("/home/bob/x/images/a.png", "images/a.png"),
        ("/home/bob/train/e.jpg", "val/e.jpg"),
        ("file:///C:/Users/bob/val/a.png", "val/a.png"),
        ("https://host:8080/x/images/b%20c.png?sign=/val/a.png#1", "images/b c.png"),
        ("images/b%20c.png", "images/b c.png"),
        ("IMAGES/A.PNG", "images/a.png"),
        ("../../images/a.png", "images/a.png"),
        ("other.png", None),
        ("e.png", None),
        ("images/notes.txt", None),
        ("../outside.png", None),
        ("../../../../etc/passwd", None),
        ("images", None),
        ("", None),
        ("..", None),
        ("http://[", None),
        ("a\0b.png", None),
    ],
)
def test_a_name_finds_its_image(root: Path, name: str, expected: str | None) -> None:
    found = Images(root).find(name, "x.json, image 1")
    assert found == (None if expected is None else root / expected)


def test_the_likeliest_folder_wins(root: Path) -> None:
    images = Images(root)
    assert images.find("a.png", "", [root / "none", root / "val"]) == root / "val/a.png"
    assert images.find("a.png", "", [root / "val", root / "images"]) == root / "val/a.png"
    assert images.find("images/a.png", "", [root / "val"]) == root / "images/a.png"
    assert images.find("images/a.png", "", [root / "val"], elsewhere=False) is None
    assert images.find("e.jpg", "", [root / "val"], elsewhere=False) == root / "val/e.jpg"
    assert images.find_stem("e", "", [root / "images"], elsewhere=False) is None
    assert images.find(str(root / "val/a.png"), "", [root / "images"]) == root / "val/a.png"


def test_what_fits_twice_is_refused_with_both(root: Path) -> None:
    with pytest.raises(DataError) as caught:
        Images(root).find("/home/bob/a.png", "x.json, image 7")
    message = str(caught.value)
    assert message.startswith("x.json, image 7: '/home/bob/a.png' may mean ")
    assert str(root / "images/a.png") in message
    assert str(root / "val/a.png") in message
    assert "--images" in message
    assert "\n" not in message


def test_letters_as_written_win_over_another_case(root: Path, picture: Picture) -> None:
    picture(root / "images/A.png")
    assert Images(root).find("x/images/A.png", "") == root / "images/A.png"
    assert Images(root).find("x/images/a.png", "") == root / "images/a.png"
    with pytest.raises(DataError, match="may mean"):
        Images(root).find("x/images/A.PNG", "")


def test_accents_in_either_form_of_unicode(root: Path, picture: Picture) -> None:
    composed, decomposed = (unicodedata.normalize(form, "süd.png") for form in ("NFC", "NFD"))
    path = picture(root / decomposed)
    assert Images(root).find(composed, "") == path
    assert Images(root).find(decomposed, "") == path


def test_names_that_a_bad_unpacker_left_with_backslashes(root: Path, picture: Picture) -> None:
    path = picture(root / r"train\q.png")
    assert Images(root).find("train/q.png", "") == path


def test_names_without_a_suffix(root: Path, picture: Picture) -> None:
    images = Images(root)
    assert images.find_stem("e", "") == root / "val/e.jpg"
    assert images.find_stem("images/a", "") == root / "images/a.png"
    assert images.find_stem("a", "", [root / "val"]) == root / "val/a.png"
    assert images.find_stem("e.jpg", "") is None
    picture(root / "val/e.png")
    with pytest.raises(DataError, match="may mean"):
        Images(root).find_stem("e", "")


def test_links_to_folders_are_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "loop").symlink_to(root)
    (root / "away").symlink_to(tmp_path)
    images = Images(root)
    assert len(images.paths) == 5
    assert images.find("away/outside.png", "") is None


def test_no_folder_is_refused(root: Path) -> None:
    with pytest.raises(DataError, match=r"none: no such folder of images; correct --images"):
        Images(root / "none")


def test_none_found_names_the_option(root: Path) -> None:
    error = Images(root).none_found(root / "x.json", "C:/a.png")
    assert "x.json: none of its images is below" in str(error)
    assert "'C:/a.png'" in str(error)
    assert "--images FOLDER" in str(error)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text() | st.text(alphabet="./\\a:%2efpng?#", max_size=20))
def test_no_name_leads_out_of_the_folder(root: Path, name: str) -> None:
    try:
        found = Images(root).find(name, "x.json, image 1")
    except DataError as error:
        assert "may mean" in str(error)
    else:
        assert found is None or found.is_relative_to(root)
