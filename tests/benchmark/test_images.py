"""Which images are measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from detect.benchmark.images import choose_images
from detect.errors import DataError, InputError


def test_all_readable_images_are_copied_under_names_of_one_form(
    radiographs: Path, tmp_path: Path
) -> None:
    (radiographs / "broken.png").write_bytes((radiographs / "a.png").read_bytes()[:900])
    chosen = choose_images(radiographs, None, 0, tmp_path / "copies", plain=False, workers=2)
    assert chosen.names == ("a.png", "b.jpg", "hand/c.tif", "hand/left/d e ü.png")
    names = ["000000.png", "000001.jpg", "000002.tif", "000003.png"]
    assert [file.name for file in chosen.files] == names
    assert [file.name for file in sorted(chosen.folder.iterdir())] == names
    assert chosen.files[1].read_bytes() == (radiographs / "b.jpg").read_bytes()
    assert (chosen.found, chosen.frames, chosen.not_plain) == (5, (1, 1, 1, 1), ())
    (message,) = chosen.unreadable
    assert message.startswith("broken.png: ")


def test_for_peers_only_what_every_tool_reads_alike(radiographs: Path, tmp_path: Path) -> None:
    chosen = choose_images(radiographs, None, 0, tmp_path / "copies", plain=True, workers=1)
    assert chosen.names == ("b.jpg",)  # the others have 16 bits
    assert chosen.not_plain == ("a.png", "hand/c.tif", "hand/left/d e ü.png")


def test_a_draw_depends_on_the_seed_alone(radiographs: Path, tmp_path: Path) -> None:
    def drawn(seed: int, number: int) -> tuple[str, ...]:
        place = tmp_path / f"{seed}-{number}"
        return choose_images(radiographs, 2, seed, place, plain=False, workers=1).names

    assert drawn(1, 0) == drawn(1, 1)
    assert len(drawn(1, 2)) == 2
    assert len({drawn(seed, 3) for seed in range(8)}) > 1


def test_some_of_them_are_a_folder_of_their_own(radiographs: Path, tmp_path: Path) -> None:
    chosen = choose_images(radiographs, None, 0, tmp_path / "copies", plain=False, workers=1)
    few = chosen.some(2, tmp_path / "few")
    assert sorted(file.name for file in few.iterdir()) == ["000000.png", "000001.jpg"]


def test_nothing_to_measure_on_is_told(radiographs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        choose_images(tmp_path / "none", None, 0, tmp_path / "a", plain=False, workers=1)
    (radiographs / "b.jpg").unlink()
    with pytest.raises(DataError, match="none of 3 files drawn is an 8-bit JPEG"):
        choose_images(radiographs, None, 0, tmp_path / "b", plain=True, workers=1)
    broken = tmp_path / "broken.png"
    broken.write_bytes((radiographs / "a.png").read_bytes()[:900])
    with pytest.raises(DataError, match=r"none of 1 files drawn is readable; first: broken\.png"):
        choose_images(broken, None, 0, tmp_path / "c", plain=False, workers=1)
