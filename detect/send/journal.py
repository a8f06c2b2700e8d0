"""What was sent to one destination: a line for each step, so that nothing is lost or sent twice.

A line is on its way to disk before the first byte of an object leaves ("sending") and after the
peer has acknowledged it ("sent"). What was being sent when a run was killed has no second line:
it is sent again under the same UIDs, which makes nothing double.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from detect.errors import InputError, OutputError
from detect.send.destination import Destination
from detect.send.objects import FileToSend, Identity

__all__ = ["JOURNALS_NAME", "Event", "Journal", "journal_path", "open_journal", "read_journal"]

JOURNALS_NAME = "sent"
_VERSION = "1.0"

Event = Literal["sending", "sent", "refused", "unsure", "not_sent"]
"""refused: by the peer, or not fit to be sent; unsure: no answer came; not_sent: never went out."""


class Journal:
    """Which objects a destination has acknowledged.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, address: str) -> None:
        self.path = path
        self._address = address
        self._file: BinaryIO | None = None
        self._sent: set[tuple[str, str]] = set()
        self._sent_uids: set[str] = set()
        self._unsure: set[tuple[str, str]] = set()

    def is_sent(self, identity: Identity) -> bool:
        """Whether this very content was acknowledged."""
        return (identity.uid, identity.sha256) in self._sent

    def is_unsure(self, identity: Identity) -> bool:
        """Whether it was sent and no answer came."""
        return (identity.uid, identity.sha256) in self._unsure

    def is_changed(self, identity: Identity) -> bool:
        """Whether another content of the same UID was acknowledged."""
        known = identity.uid != "" and identity.uid in self._sent_uids
        return known and not self.is_sent(identity)

    def write(
        self, event: Event, file: FileToSend, identity: Identity | None = None, note: str = ""
    ) -> None:
        """Add a step.

        Args:
            event: what happened.
            file: to which file.
            identity: of the object, as far as the file was read.
            note: why, or how the peer acknowledged it.

        Raises:
            OutputError: it cannot be written.
        """
        line: dict[str, str] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": event,
            "format": file.format,
            "path": file.name,
        }
        if identity is not None:
            line |= {"uid": identity.uid, "sha256": identity.sha256}
            self._note(event, identity.uid, identity.sha256)
        self._append(line | ({"note": note} if note else {}))

    def read(self) -> None:
        """Take up what earlier runs wrote; a journal that is not there yet is empty.

        Raises:
            InputError: the file is not this destination's journal.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be read ({error.strerror}); mend that"
            ) from error
        # a line that a kill left unfinished never counted
        for number, text in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                self._take(json.loads(text), number)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InputError(
                    f"{self.path}, line {number}: not of a journal of {self._address}; "
                    "move the file away, and all objects are sent anew"
                ) from error

    def open(self) -> None:
        """Make the file ready for more lines.

        Raises:
            OutputError: it cannot be written.
        """
        with _naming(self.path):
            # unbuffered, so that each line goes to the system in one piece at once
            self._file = self.path.open("ab", buffering=0)
            size = self._file.tell()
            if size:
                whole = self.path.read_bytes().rfind(b"\n") + 1
                if whole < size:
                    self._file.truncate(whole)
                size = whole
        if not size:
            self._append({"journal": _VERSION, "destination": self._address})

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _take(self, line: dict[str, Any], number: int) -> None:
        if number == 1:
            if (line["journal"], line["destination"]) != (_VERSION, self._address):
                raise ValueError
            return
        event = line["event"]
        if "uid" in line:
            self._note(event, line["uid"], line["sha256"])

    def _note(self, event: str, uid: str, sha256: str) -> None:
        key = (uid, sha256)
        if event == "sent":
            self._sent.add(key)
            self._sent_uids.add(uid)
            self._unsure.discard(key)
        elif event in ("sending", "unsure"):
            self._unsure.add(key)
        else:
            self._unsure.discard(key)

    def _append(self, line: dict[str, str]) -> None:
        if self._file is None:
            raise RuntimeError("the journal is not open")
        # ASCII: bytes of a file name that are no text have no UTF-8
        rest = memoryview(json.dumps(line).encode() + b"\n")
        with _naming(self.path):
            while rest:
                rest = rest[self._file.write(rest) :]


def journal_path(folder: Path, destination: Destination) -> Path:
    """Return the place of a destination's journal in a folder of journals."""
    address = destination.address
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", address)[:80]
    # two addresses may read alike
    digest = hashlib.sha256(address.encode()).hexdigest()[:8]
    return folder / f"{readable}-{digest}.jsonl"


def read_journal(folder: Path, destination: Destination) -> Journal:
    """Return what was sent, to look at.

    Raises:
        InputError: the file is not this destination's journal.
    """
    journal = Journal(journal_path(folder, destination), destination.address)
    journal.read()
    return journal


@contextmanager
def open_journal(folder: Path, destination: Destination) -> Iterator[Journal]:
    """Open a destination's journal, alone: a second run at the same time is refused.

    Args:
        folder: of the journals; made if missing.
        destination: whose it is.

    Raises:
        InputError: another run sends there, or the file is not this destination's journal.
        OutputError: it cannot be written.
    """
    from filelock import FileLock, Timeout

    path = journal_path(folder, destination)
    with _naming(path):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise InputError(
                f"{path}: another send to {destination.address} is running; wait for its end"
            ) from error
    journal = Journal(path, destination.address)
    try:
        journal.read()
        journal.open()
        yield journal
    finally:
        journal.close()
        lock.release()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or os.strerror(error.errno or 0)
        raise OutputError(
            f"cannot write {path}: {why}; make room, or name another folder with --journal"
        ) from error
