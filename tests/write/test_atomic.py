"""Files appear whole or not at all, and errors name the path and the way out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detect.errors import OutputError
from detect.write.atomic import (
    remove_folder,
    replacing_bytes,
    replacing_folder,
    replacing_text,
)


def test_content_appears_at_the_end_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ä" / "file.bin"
    with replacing_bytes(path) as file:
        file.write(b"\x00\xff")
        assert not path.exists()
    assert path.read_bytes() == b"\x00\xff"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyError("x"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(type(error)), replacing_text(path) as file:
        file.write("new")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_keeps_line_ends_and_holds_undecodable_names(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with replacing_text(path) as file:
        file.write("a\r\nß\n" + os.fsdecode(b"\xff"))
    assert path.read_bytes() == "a\r\nß\n\\udcff".encode()


def test_the_longest_name_works(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    with replacing_bytes(path) as file:
        file.write(b"1")
    assert path.read_bytes() == b"1"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with replacing_text(link) as file:
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    plain, ours = tmp_path / "plain", tmp_path / "ours"
    plain.touch()
    with replacing_bytes(ours):
        pass
    assert ours.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("name", ["folder", "file/below", "n" * 300])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    path = tmp_path / name
    with pytest.raises(OutputError) as caught, replacing_bytes(path) as file:
        file.write(b"1")
    message = str(caught.value)
    assert message.startswith(f"cannot write {path}: ")
    assert "--out" in message
    assert "\n" not in message


def test_a_folder_that_is_a_link_to_itself_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    path = loop / "file.txt"
    with pytest.raises(OutputError, match="cannot write"), replacing_text(path) as file:
        file.write("new")
    assert loop.is_symlink()


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(OutputError, match="it is not a file"), replacing_bytes(Path("/dev/null")):
        pass
    assert Path("/dev/null").is_char_device()


OVER_THE_LIMIT = """
import resource, signal, sys
from pathlib import Path
from detect.errors import OutputError
from detect.write.atomic import (
    remove_folder,
    replacing_bytes,
    replacing_folder,
    replacing_text,
)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with replacing_bytes(Path(sys.argv[1])) as file:
        file.write(bytes(5000))
except OutputError as error:
    sys.stdout.write(str(error))
"""


def test_a_write_that_the_system_refuses_halfway_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", OVER_THE_LIMIT, path],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.startswith(f"cannot write {path}: File too large; raise the limit")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "objects"
    with replacing_folder(folder, (".dcm",)) as part:
        (part / "old.dcm").write_bytes(b"1")
        assert not folder.exists()
    with pytest.raises(ValueError, match="broken off"), replacing_folder(folder, (".dcm",)) as part:
        (part / "new.dcm").write_bytes(b"2")
        raise ValueError("broken off")
    assert [path.name for path in folder.iterdir()] == ["old.dcm"]
    with replacing_folder(folder, (".dcm",)) as part:
        (part / "new.dcm").write_bytes(b"2")
    assert [path.name for path in folder.iterdir()] == ["new.dcm"]
    assert [path.name for path in folder.parent.iterdir()] == ["objects"]


def test_a_folder_with_files_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "objects" / "a").mkdir(parents=True)
    (tmp_path / "objects" / "a" / "mine.txt").write_text("precious")
    with (
        pytest.raises(OutputError, match=r"mine\.txt is not of this program; move it"),
        replacing_folder(tmp_path / "objects", (".dcm",)),
    ):
        pass
    with pytest.raises(OutputError, match=r"mine\.txt is not of this program"):
        remove_folder(tmp_path / "objects", (".dcm",))
    assert (tmp_path / "objects" / "a" / "mine.txt").read_text() == "precious"
