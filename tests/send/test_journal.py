"""The journal: what it remembers, a kill in the middle of a line, and two at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from archive import Archive
from filelock import FileLock
from result_objects import uid_of, write_results

from detect.errors import InputError, OutputError
from detect.send.destination import parse_destination
from detect.send.journal import journal_path, open_journal
from detect.send.run import SendOutcome

StartArchive = Callable[..., Archive]
SendTo = Callable[..., SendOutcome]
CLI = Path(__file__).resolve().parents[2] / "cli.py"


def test_a_line_that_a_kill_left_unfinished_is_sent_again(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive()
    to = f"dicom://{peer.address}"
    journal = send_to(to, results, "dicom-sr").journal
    journal.write_bytes(journal.read_bytes()[:-5])  # of the second object's "sent"
    again = send_to(to, results, "dicom-sr")
    assert (again.sent, again.before) == (1, 1)
    assert [uid for uid, _ in peer.received].count(uid_of("dicom-sr", 1)) == 2
    assert all(json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines())
    assert send_to(to, results, "dicom-sr").before == 2


@pytest.mark.parametrize(
    "content", [b"no journal\n", b"[]\n", b'{"journal": "1.0", "destination": "dicom://B@b:1"}\n']
)
def test_a_file_that_is_no_journal_of_it_is_not_written_to(
    archive: StartArchive, send_to: SendTo, results: Path, content: bytes
) -> None:
    to = f"dicom://{archive().address}"
    path = journal_path(results / "sent", parse_destination(to))
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"line 1: not of a journal of .* move the file away"):
        send_to(to, results)
    assert path.read_bytes() == content


def test_addresses_that_read_alike_have_journals_of_their_own(tmp_path: Path) -> None:
    given = ("dicom://A%20B@c", "dicom://A_B@c", "dicom://A@c", "dicom+tls://A@c:104")
    paths = {journal_path(tmp_path, parse_destination(to)) for to in given}
    assert len(paths) == 4
    assert all(path.name.isascii() and "/" not in path.name for path in paths)


def test_a_second_send_at_once_is_refused(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive()
    to = f"dicom://{peer.address}"
    with open_journal(results / "sent", parse_destination(to)):
        with pytest.raises(InputError, match=r"another send to .* is running; wait for its end"):
            send_to(to, results)
        assert send_to(f"dicom://{archive().address}", results).sent == 6
    assert peer.received == []
    assert send_to(to, results).sent == 6


def test_a_journal_that_cannot_be_written(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    (results / "sent").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match=r"cannot write .*; make room, or name another folder"):
        send_to(f"dicom://{archive().address}", results)


@pytest.mark.slow
def test_a_send_that_is_killed_goes_on_and_sends_nothing_again(
    archive: StartArchive, send_to: SendTo, tmp_path: Path
) -> None:
    folder = write_results(tmp_path / "results", 80, "dicom-sr", "dicom-sc", side=128)
    peer = archive()
    to = f"dicom://{peer.address}"
    command = [sys.executable, str(CLI), "send", str(folder), "--to", to]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(peer.received) < 30:
        assert running.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    lock = journal_path(folder / "sent", parse_destination(to)).with_suffix(".lock")
    with FileLock(lock, timeout=0):
        pass  # a kill leaves no lock behind
    outcome = send_to(to, folder)
    assert outcome.not_sent == 0
    assert outcome.sent + outcome.before == 160
    assert outcome.before >= 29
    uids = [uid for uid, _ in peer.received]
    assert len(set(uids)) == 160
    assert len(uids) <= 161  # the one whose answer was not noted any more
