"""Downloads from a real server that breaks off, changes its mind, and lies."""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detect.data.fetch.download import RemoteFile, download
from detect.data.fetch.http import RefusedError
from detect.data.fetch.patience import Patience
from detect.errors import FetchError

CONTENT = random.Random(0).randbytes(1_000_000)
OTHER = random.Random(1).randbytes(1_000_000)


def described(*urls: str, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile("set.zip", len(content), hashlib.md5(content).hexdigest(), urls)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "set.zip"


def names(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_arrives_and_nothing_but_the_request_is_sent(
    server: Any, target: Path, swift: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = target.parent.parent / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.put("/set", CONTENT)
    seen: list[int] = []
    download(described(f"{server.url}/set"), target, patience=swift, on_bytes=seen.append)
    assert target.read_bytes() == CONTENT
    assert names(target) == ["set.zip"]
    assert sum(seen) == len(CONTENT)
    (asked,) = server.asked
    assert set(asked.headers) == {"host", "user-agent", "accept-encoding", "connection"}
    assert asked.headers["user-agent"].startswith("fracture-locator/")


def test_a_broken_connection_is_taken_up_where_it_broke(
    server: Any, target: Path, swift: Patience
) -> None:
    server.put("/set", CONTENT, breaks=[300_000, 400_000])
    seen: list[int] = []
    download(described(f"{server.url}/set"), target, patience=swift, on_bytes=seen.append)
    assert target.read_bytes() == CONTENT
    assert server.ranges("/set") == [None, "bytes=300000-", "bytes=700000-"]
    assert {r.headers.get("if-range") for r in server.asked} == {None, '"one"'}
    assert sum(seen) == len(CONTENT)
    assert min(seen) > 0


def test_a_later_run_goes_on(server: Any, target: Path, swift: Patience) -> None:
    server.put("/set", CONTENT, breaks=[123_456, 0, 0])
    once = replace(swift, attempts=1)
    with pytest.raises(FetchError, match="broke off after 123456 of 1000000 bytes; run the"):
        download(described(f"{server.url}/set"), target, patience=once)
    assert names(target) == [".set.zip.part", ".set.zip.part.json"]
    server.resources["/set"].breaks = []
    seen: list[int] = []
    download(described(f"{server.url}/set"), target, patience=once, on_bytes=seen.append)
    assert target.read_bytes() == CONTENT
    assert server.ranges("/set") == [None, "bytes=123456-"]
    assert seen[0] == 123_456
    assert sum(seen) == len(CONTENT)


def test_what_is_complete_is_not_fetched_again(server: Any, target: Path, swift: Patience) -> None:
    server.put("/set", CONTENT)
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    seen: list[int] = []
    download(described(f"{server.url}/set"), target, patience=swift, on_bytes=seen.append)
    assert server.asked == []
    assert seen == [len(CONTENT)]
    target.write_bytes(OTHER)  # such as an edition before
    download(described(f"{server.url}/set"), target, patience=swift)
    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_starts_anew(
    server: Any, target: Path, swift: Patience, caplog: pytest.LogCaptureFixture
) -> None:
    server.put("/set", CONTENT, ranges=False, breaks=[500_000])
    seen: list[int] = []
    download(described(f"{server.url}/set"), target, patience=swift, on_bytes=seen.append)
    assert target.read_bytes() == CONTENT
    assert server.ranges("/set") == [None, "bytes=500000-"]
    assert "set.zip cannot be resumed there; starting anew" in caplog.text
    assert -500_000 in seen
    assert sum(seen) == len(CONTENT)


def test_a_server_that_always_breaks_at_one_place_is_given_up(
    server: Any, target: Path, swift: Patience
) -> None:
    server.put("/set", CONTENT, ranges=False, breaks=[500_000] * 50)
    with pytest.raises(FetchError, match="broke off after 500000 of 1000000 bytes"):
        download(described(f"{server.url}/set"), target, patience=swift)
    assert len(server.asked) == 3


@pytest.mark.parametrize("validator", ["etag", "modified"])
def test_a_file_that_changed_on_the_server_is_told_and_fetched_from_its_start(
    server: Any,
    target: Path,
    swift: Patience,
    caplog: pytest.LogCaptureFixture,
    validator: str,
) -> None:
    before = {"etag": None, validator: '"one"' if validator == "etag" else "Mon, 1 Jan 2024"}
    server.put("/set", OTHER, breaks=[400_000], **before)
    once = replace(swift, attempts=1)
    with pytest.raises(FetchError):
        download(described(f"{server.url}/set"), target, patience=once)
    after = {"etag": None, validator: '"two"' if validator == "etag" else "Tue, 2 Jan 2024"}
    server.put("/set", CONTENT, **after)
    download(described(f"{server.url}/set"), target, patience=once)
    assert target.read_bytes() == CONTENT
    assert server.asked[1].headers["if-range"] == before[validator]
    assert "set.zip has changed on the server; starting anew" in caplog.text


def test_a_new_edition_of_the_publisher_is_not_glued_to_the_old(
    server: Any, target: Path, swift: Patience, caplog: pytest.LogCaptureFixture
) -> None:
    server.put("/set", OTHER, breaks=[400_000])
    once = replace(swift, attempts=1)
    with pytest.raises(FetchError):
        download(described(f"{server.url}/set", content=OTHER), target, patience=once)
    server.put("/set", CONTENT)  # under the same tag
    download(described(f"{server.url}/set"), target, patience=once)
    assert target.read_bytes() == CONTENT
    assert server.ranges("/set") == [None, None]
    assert "what an earlier run fetched does not fit; dropped" in caplog.text


@pytest.mark.parametrize("notes", [None, b"{", b"[]", b'{"md5": 5}'])
def test_damaged_notes_of_a_part_mean_a_fresh_start(
    server: Any, target: Path, swift: Patience, notes: bytes | None
) -> None:
    server.put("/set", CONTENT)
    target.parent.mkdir()
    target.with_name(".set.zip.part").write_bytes(CONTENT[:999])
    if notes is not None:
        target.with_name(".set.zip.part.json").write_bytes(notes)
    download(described(f"{server.url}/set"), target, patience=swift)
    assert target.read_bytes() == CONTENT
    assert names(target) == ["set.zip"]
    assert server.ranges("/set") == [None]


def test_a_wrong_checksum_deletes_the_file(server: Any, target: Path, swift: Patience) -> None:
    server.put("/set", OTHER)
    with pytest.raises(FetchError, match="but was published with") as caught:
        download(described(f"{server.url}/set"), target, patience=swift)
    assert hashlib.md5(OTHER).hexdigest() in str(caught.value)
    assert "\n" not in str(caught.value)
    assert names(target) == []


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x"])
def test_a_file_of_another_size_is_not_even_fetched(
    server: Any, target: Path, swift: Patience, content: bytes
) -> None:
    server.put("/set", content)
    with pytest.raises(FetchError, match=f"holds {len(content)} bytes, but set.zip was published"):
        download(described(f"{server.url}/set"), target, patience=swift)
    assert len(server.asked) == 1


def test_503_then_ok(
    server: Any, target: Path, swift: Patience, caplog: pytest.LogCaptureFixture
) -> None:
    server.put("/set", CONTENT, statuses=[503, 429], headers={"Retry-After": "3600"})
    with caplog.at_level(logging.WARNING):
        download(described(f"{server.url}/set"), target, patience=swift)
    assert target.read_bytes() == CONTENT
    assert "the server answered 503" in caplog.text
    assert len(server.asked) == 3  # after the longest pause that patience allows, not an hour


def test_503_for_ever_is_one_line(server: Any, target: Path, swift: Patience) -> None:
    server.put("/set", CONTENT, statuses=[503] * 9)
    with pytest.raises(FetchError, match=r"answered 503 .*; run the command again later to go on"):
        download(described(f"{server.url}/set"), target, patience=swift)
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [202, 403, 404])
def test_where_one_address_refuses_the_next_is_tried(
    server: Any, target: Path, swift: Patience, status: int
) -> None:
    server.put("/wall", statuses=[status] * 2, headers={"x-amzn-waf-action": "challenge"})
    server.put("/set", CONTENT)
    download(described(f"{server.url}/wall", f"{server.url}/set"), target, patience=swift)
    assert target.read_bytes() == CONTENT
    target.unlink()
    with pytest.raises(RefusedError, match=f"the server answered {status}"):
        download(described(f"{server.url}/wall"), target, patience=swift)


def test_redirects_are_followed_with_the_range(server: Any, target: Path, swift: Patience) -> None:
    server.put("/set", CONTENT, breaks=[10_000])
    server.put("/old", redirect=f"{server.url}/set?signature=x")
    download(described(f"{server.url}/old"), target, patience=swift)
    assert target.read_bytes() == CONTENT
    assert server.ranges("/set") == [None, "bytes=10000-"]


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/x", "/loop"])
def test_redirects_that_lead_nowhere_good_are_refused(
    server: Any, target: Path, swift: Patience, place: str
) -> None:
    server.put("/loop", redirect=place)
    with pytest.raises(FetchError) as caught:
        download(described(f"{server.url}/loop"), target, patience=swift)
    assert "\n" not in str(caught.value)
    assert not target.exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "set.zip", "http://[::1", "http://a b/"])
def test_addresses_that_are_none_are_refused(target: Path, swift: Patience, url: str) -> None:
    with pytest.raises(FetchError, match="not an address"):
        download(described(url), target, patience=swift)


def test_a_host_that_is_not_there_is_one_line(server: Any, target: Path, swift: Patience) -> None:
    server.server_close()
    with pytest.raises(FetchError, match=r"cannot be reached .*refused.*; run the command again"):
        download(described(f"{server.url}/set"), target, patience=swift)


def test_a_range_beyond_the_end_starts_anew(server: Any, target: Path, swift: Patience) -> None:
    server.put("/set", CONTENT[:1000], breaks=[800], headers={})
    wanted = described(f"{server.url}/set", content=CONTENT[:1000])
    with pytest.raises(FetchError):
        download(wanted, target, patience=replace(swift, attempts=1))
    server.put("/set", b"short")  # for a moment
    with pytest.raises(FetchError):
        download(wanted, target, patience=replace(swift, attempts=1))
    server.put("/set", CONTENT[:1000])
    download(wanted, target, patience=swift)
    assert target.read_bytes() == CONTENT[:1000]


def test_the_proxy_of_the_environment_is_asked(
    server: Any, target: Path, swift: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    server.put("http://files.invalid/set", CONTENT)
    download(described("http://files.invalid/set"), target, patience=swift)
    assert target.read_bytes() == CONTENT
    assert server.asked[0].headers["host"] == "files.invalid"


def test_a_server_that_falls_silent_is_left_after_a_while(
    server: Any, target: Path, swift: Patience
) -> None:
    silent = threading.Event()
    server.put("/set", CONTENT, breaks=[1000], stall=silent)
    download(described(f"{server.url}/set"), target, patience=replace(swift, timeout=0.2))
    silent.set()
    assert target.read_bytes() == CONTENT
    assert server.ranges("/set") == [None, "bytes=1000-"]


def test_an_empty_file_is_a_file(server: Any, target: Path, swift: Patience) -> None:
    server.put("/set", b"")
    download(described(f"{server.url}/set", content=b""), target, patience=swift)
    assert target.read_bytes() == b""
