"""Fetching a dataset: from figshare's list of files to a folder that can be imported."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detect.data.fetch import FetchRequest, fetch
from detect.data.fetch.patience import Patience
from detect.errors import FetchError, InputError, OutputError

Zipped = Callable[[dict[str, bytes]], bytes]
FILES = {"FracAtlas/dataset.csv": b"image_id\n", "FracAtlas/images/Fractured/a.jpg": b"jpg"}


@pytest.fixture
def request_(server: Any, tmp_path: Path, swift: Patience) -> FetchRequest:
    return FetchRequest("fracatlas", tmp_path / "out", f"{server.url}/v2", patience=swift)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_dataset_is_fetched_and_unpacked_once(
    request_: FetchRequest, server: Any, publish: Any, zipped: Zipped
) -> None:
    publish({"FracAtlas.zip": zipped(FILES), "README.txt": b"read me"})
    fetched = fetch(request_)
    assert fetched.folder == request_.out / "FracAtlas"
    assert (fetched.folder / "images" / "Fractured" / "a.jpg").read_bytes() == b"jpg"
    assert names(request_.out) == ["FracAtlas", "README.txt", "fetched.json"]
    assert fetched.new == ("FracAtlas.zip", "README.txt")
    assert (fetched.article.version, fetched.article.licence) == (7, "CC BY 4.0")
    record = json.loads((request_.out / "fetched.json").read_bytes())
    assert record["dataset"] == "fracatlas"
    assert record["files"]["FracAtlas.zip"]["md5"] == fetched.article.files[0].md5

    server.asked.clear()
    assert fetch(request_).new == ()
    assert not server.ranges("/files/1")

    (request_.out / "README.txt").unlink()  # what has gone comes again
    assert fetch(request_).new == ("README.txt",)


def test_archives_stay_if_wanted(request_: FetchRequest, publish: Any, zipped: Zipped) -> None:
    publish({"FracAtlas.zip": zipped(FILES)})
    fetch(replace(request_, keep_archives=True))
    assert names(request_.out) == ["FracAtlas", "FracAtlas.zip", "fetched.json"]


def test_a_break_in_the_second_file_leaves_the_first(
    request_: FetchRequest, server: Any, publish: Any, zipped: Zipped
) -> None:
    resources = publish({"FracAtlas.zip": zipped(FILES), "b.bin": b"x" * 100_000})
    resources["b.bin"].breaks = [40_000, 0, 0, 0]
    with pytest.raises(FetchError, match="broke off after 40000 of 100000 bytes"):
        fetch(request_)
    resources["b.bin"].breaks = []
    assert fetch(request_).new == ("b.bin",)
    assert server.ranges("/files/1") == [None]
    assert server.ranges("/files/2")[-1] == "bytes=40000-"
    assert (request_.out / "b.bin").read_bytes() == b"x" * 100_000


def test_a_break_while_unpacking_leaves_the_archive(
    request_: FetchRequest,
    server: Any,
    publish: Any,
    zipped: Zipped,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish({"FracAtlas.zip": zipped(FILES)})

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(request_)
    fetch(request_)
    assert server.ranges("/files/1") == [None]
    assert names(request_.out) == ["FracAtlas", "fetched.json"]


def test_a_wall_before_the_files_is_gone_around_by_the_api(
    request_: FetchRequest, server: Any, publish: Any, zipped: Zipped
) -> None:
    content = zipped(FILES)
    resources = publish({"FracAtlas.zip": content})
    resources["FracAtlas.zip"].statuses = [202]
    server.put("/v2/file/download/1", content)
    assert (fetch(request_).folder / "dataset.csv").is_file()


def test_where_all_is_refused_the_way_by_hand_is_told(
    request_: FetchRequest, publish: Any, zipped: Zipped
) -> None:
    by_hand = r"from https://figshare.com/articles/dataset/The_dataset/22363012 and unpack it"
    with pytest.raises(FetchError, match=rf"answered 404 .*{by_hand}"):
        fetch(request_)
    resources = publish({"FracAtlas.zip": zipped(FILES)})
    resources["FracAtlas.zip"].statuses = [403]
    with pytest.raises(FetchError, match=rf"answered 404 .*{by_hand}"):
        fetch(request_)


def test_a_new_version_replaces_the_old_only_when_told_to(
    request_: FetchRequest, publish: Any, zipped: Zipped
) -> None:
    publish({"FracAtlas.zip": zipped(FILES)})
    fetch(request_)
    publish({"FracAtlas.zip": zipped({"FracAtlas/dataset.csv": b"new"})}, version=8)
    with pytest.raises(InputError, match=r"older version of FracAtlas\.zip; --overwrite"):
        fetch(request_)
    fetched = fetch(replace(request_, overwrite=True))
    assert fetched.article.version == 8
    assert names(fetched.folder) == ["dataset.csv"]


def test_more_files_than_a_page_holds_are_listed_to_the_end(
    request_: FetchRequest, server: Any, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish({"a": b"1", "b": b"2"})
    monkeypatch.setattr("detect.data.fetch.figshare._PAGE", 2)
    monkeypatch.setattr("detect.data.fetch.figshare._MOST_PAGES", 3)
    with pytest.raises(FetchError, match="one name twice"):  # this server ignores the page
        fetch(request_)
    pages = [asked.path for asked in server.asked if "/files?" in asked.path]
    assert [page.partition("?")[2] for page in pages] == [
        f"page={number}&page_size=2" for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"name": "../evil"}, "name"),
        ({"name": ".hidden"}, "name"),
        ({"name": ""}, "name"),
        ({"size": -1}, "size"),
        ({"computed_md5": ""}, "computed_md5"),
        ({"is_link_only": True}, "lies elsewhere"),
        ({"download_url": "file:///etc/passwd"}, "not an address of the web"),
    ],
)
def test_answers_that_are_none_are_refused(
    request_: FetchRequest, server: Any, publish: Any, change: dict[str, Any], what: str
) -> None:
    publish({"a": b"1"})
    listing = next(r for path, r in server.resources.items() if path.endswith("/files"))
    listing.content = json.dumps([json.loads(listing.content)[0] | change]).encode()
    with pytest.raises(FetchError, match=what) as caught:
        fetch(request_)
    assert "\n" not in str(caught.value)
    assert not (request_.out.parent / "evil").exists()


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[]", b"\xff"])
def test_pages_in_place_of_an_answer_are_refused(
    request_: FetchRequest, server: Any, answer: bytes
) -> None:
    server.put("/v2/articles/22363012", answer)
    with pytest.raises(FetchError, match="not as figshare describes a dataset"):
        fetch(request_)


def test_folders_of_other_things_are_left_alone(request_: FetchRequest, publish: Any) -> None:
    publish({"a": b"1"})
    request_.out.mkdir()
    (request_.out / "thesis.docx").write_bytes(b"x")
    with pytest.raises(InputError, match="holds other things; choose an empty folder"):
        fetch(request_)
    assert names(request_.out) == ["thesis.docx"]
    (request_.out / "thesis.docx").unlink()
    fetch(request_)
    with pytest.raises(InputError, match="holds fracatlas, not grazpedwri"):
        fetch(replace(request_, name="GRAZPEDWRI-DX"))
    (request_.out / "fetched.json").write_bytes(b"{")
    with pytest.raises(InputError, match="damaged"):
        fetch(request_)
    with pytest.raises(InputError, match="is a file"):
        fetch(replace(request_, out=request_.out / "a"))


def test_a_disk_that_is_too_small_is_told_first(
    request_: FetchRequest, server: Any, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish({"a": b"x" * 1000})
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(5000, 3001, 1999))
    with pytest.raises(OutputError, match="free some space, or choose another disk"):
        fetch(request_)
    assert not server.ranges("/files/1")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(5000, 3000, 2000))
    assert fetch(request_).new == ("a",)


@pytest.mark.parametrize("name", ["mura", "MURA-v1.1", "kaggle", "VinDr-SpineXR"])
def test_sets_that_need_an_account_say_so(request_: FetchRequest, server: Any, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be fetched, since .* asks for .* https://"):
        fetch(replace(request_, name=name))
    assert server.asked == []
    assert not request_.out.exists()


def test_unknown_names_are_told_the_known_ones(request_: FetchRequest) -> None:
    with pytest.raises(InputError, match="there are fracatlas, grazpedwri; see data fetch --list"):
        fetch(replace(request_, name="nothing"))
