"""Zips from the web: unpacked whole, or refused before anything is written."""

from __future__ import annotations

import stat
import zipfile
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from detect.data.fetch.unpack import unpack
from detect.errors import FetchError, OutputError

Zipped = Callable[[dict[str, bytes]], bytes]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(place: Path, archive: Path, what: str) -> None:
    """The archive is refused with one line, and nothing lies anywhere."""
    before = tree(place.parent)
    with pytest.raises(FetchError, match=what) as caught:
        unpack(archive, place / "set")
    assert str(archive) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert tree(place.parent) == before
    assert not (place / "set").exists()


def test_files_keep_their_places(place: Path, zipped: Zipped) -> None:
    files = {"a.csv": b"1", "images/Röntgen links.png": b"2" * 3_000_000, "images/deep/b": b""}
    (place / "set.zip").write_bytes(zipped(files))
    unpack(place / "set.zip", place / "set")
    assert tree(place / "set") == files
    assert sorted(p.name for p in place.iterdir()) == ["set", "set.zip"]


def test_a_lone_folder_around_everything_is_left_out(place: Path, zipped: Zipped) -> None:
    files = {"FracAtlas/dataset.csv": b"1", "FracAtlas/images/a": b"2", "__MACOSX/._x": b"3"}
    (place / "set.zip").write_bytes(zipped(files))
    unpack(place / "set.zip", place / "FracAtlas")
    assert tree(place / "FracAtlas") == {"dataset.csv": b"1", "images/a": b"2"}


def test_what_was_there_is_replaced_as_a_whole(place: Path, zipped: Zipped) -> None:
    for files in ({"old": b"1"}, {"new": b"2"}):
        (place / "set.zip").write_bytes(zipped(files))
        unpack(place / "set.zip", place / "set")
    assert tree(place / "set") == {"new": b"2"}


def test_leftovers_of_a_killed_run_do_no_harm(place: Path, zipped: Zipped) -> None:
    (place / ".set.unpacking").mkdir()
    (place / ".set.unpacking" / "half").write_bytes(b"x")
    (place / "set.zip").write_bytes(zipped({"a": b"1", "b": b"2"}))
    unpack(place / "set.zip", place / "set")
    assert tree(place / "set") == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "C:evil", "a//b", "a/C:/b"],
)
def test_paths_that_lead_out_are_refused(place: Path, zipped: Zipped, name: str) -> None:
    archive = place / "set.zip"
    archive.write_bytes(zipped({"good": b"1", name: b"2"}))
    refused(place, archive, "reaches out of its folder; not unpacked")


def test_links_are_refused(place: Path) -> None:
    archive = place / "set.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        info = zipfile.ZipInfo("link")
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(info, "/etc/passwd")
    refused(place, archive, "'link' is a link or device")


@pytest.mark.parametrize("names", [("a/b", "a/b"), ("a/B", "A/b")])
def test_a_name_that_is_in_it_twice_is_refused(place: Path, names: tuple[str, str]) -> None:
    archive = place / "set.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(names[0], b"1")
        if names[0] == names[1]:
            with pytest.warns(UserWarning, match="Duplicate name"):
                opened.writestr(names[1], b"2")
        else:
            opened.writestr(names[1], b"2")
    refused(place, archive, "is in it twice")


def test_bombs_are_refused_unseen(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = place / "set.zip"
    with (
        zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened,
        opened.open("zeros", "w") as stream,
    ):
        for _ in range(40):
            stream.write(bytes(1 << 20))
    monkeypatch.setattr("detect.data.fetch.unpack._SPARE", 1 << 20)
    refused(place, archive, "would unpack to 41943040 bytes, like a zip bomb")


def test_encrypted_files_are_refused(place: Path, zipped: Zipped) -> None:
    archive = place / "set.zip"
    content = bytearray(zipped({"a": b"1"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    archive.write_bytes(content)
    refused(place, archive, "'a' is encrypted")


def test_damaged_zips_are_refused(place: Path, zipped: Zipped) -> None:
    archive = place / "set.zip"
    whole = zipped({"a": bytes(range(256)) * 40, "b": b"2"})
    archive.write_bytes(b"<html>no zip</html>")
    refused(place, archive, "not a sound zip")
    archive.write_bytes(whole[:-30])
    refused(place, archive, "not a sound zip")
    flipped = bytearray(whole)
    flipped[60] ^= 0xFF
    archive.write_bytes(flipped)
    with pytest.raises(FetchError, match="not a sound zip"):
        unpack(archive, place / "set")
    assert not (place / "set").exists()


def test_a_compression_that_is_not_known_is_refused(place: Path, zipped: Zipped) -> None:
    archive = place / "set.zip"
    content = bytearray(zipped({"a": b"1"}))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + offset] = 99
    archive.write_bytes(content)
    with pytest.raises(FetchError, match=r"not a sound zip .*compression") as caught:
        unpack(archive, place / "set")
    assert "\n" not in str(caught.value)
    assert not (place / "set").exists()


def test_a_disk_that_is_too_small_is_told_first(
    place: Path, zipped: Zipped, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(10, 5, 5))
    (place / "set.zip").write_bytes(zipped({"a": b"123456"}))
    with pytest.raises(OutputError, match="free some space"):
        unpack(place / "set.zip", place / "set")
    assert sorted(p.name for p in place.iterdir()) == ["set.zip"]
