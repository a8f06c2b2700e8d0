"""Sending results, from a folder to a peer: skip what is acknowledged, send the rest, note both."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from detect.errors import InputError, SendError
from detect.extras import need_extra
from detect.progress import Progress
from detect.send.destination import Destination
from detect.send.failures import NotFitError, PassingError, RefusedError
from detect.send.journal import JOURNALS_NAME, Event, Journal, open_journal, read_journal
from detect.send.objects import (
    FileToSend,
    Identity,
    choose_formats,
    files_to_send,
    identify,
    results_folder,
)
from detect.send.patience import PATIENCE, Patience
from detect.send.settings import SendSettings

__all__ = ["Listed", "NotSent", "SendOutcome", "SendRequest", "list_results", "send_results"]

LOGGER = logging.getLogger(__name__)

_MOST_IN_A_ROW = 3  # objects without an answer, before the others are spared the wait
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What to send, and where."""

    results: Path
    destination: Destination
    formats: tuple[str, ...] = ()  # empty: all that the destination takes; of FHIR, fhir-r4
    settings: SendSettings = field(default_factory=SendSettings)
    journals: Path | None = None  # folder of the journals; None: `sent` in the results
    patience: Patience = PATIENCE
    show_progress: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """One object that the peer does not have, as far as is known."""

    name: str  # relative to the results
    reason: str


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What has become of the objects."""

    sent: int  # acknowledged in this run
    before: int  # acknowledged in an earlier run
    not_sent: int
    told: tuple[NotSent, ...]  # the first of those not sent; the journal has all
    journal: Path


@dataclass(frozen=True, slots=True)
class Listed:
    """One object as `--dry-run` shows it."""

    name: str
    identity: Identity | None  # None: not fit to be sent
    state: str  # new, sent before, unsure, or why it is not fit


class Sender(Protocol):
    """One protocol; see the classes for what is raised."""

    def send(self, file: FileToSend) -> str:
        """Send an object; return how it was acknowledged."""


def list_results(request: SendRequest) -> Iterator[Listed]:
    """Yield what `send_results` would find, without a connection and without a trace.

    Raises:
        InputError: there is nothing to send, or the journal is not one.
    """
    folder, formats = _found(request)
    journal = read_journal(request.journals or folder / JOURNALS_NAME, request.destination)
    for file in files_to_send(folder, formats):
        try:
            identity = identify(file)
        except NotFitError as error:
            yield Listed(file.name, None, str(error))
            continue
        if journal.is_sent(identity):
            state = "sent before"
        else:
            state = "unsure" if journal.is_unsure(identity) else "new"
        yield Listed(file.name, identity, state)


def send_results(request: SendRequest) -> SendOutcome:
    """Send what the peer has not acknowledged yet; each object on its own.

    Raises:
        InputError: there is nothing to send, or an option is at fault, or another run is at it.
        SendError: the peer takes nothing; of a run that had sent something, it is the outcome's
            reason instead.
        OutputError: the journal cannot be written.
    """
    folder, formats = _found(request)
    total = sum(1 for _ in files_to_send(folder, formats))
    journals = request.journals or folder / JOURNALS_NAME
    with (
        open_journal(journals, request.destination) as journal,
        _open(request) as sender,
        Progress("send", total, bar=request.show_progress, unit="object") as progress,
    ):
        run = _Run(request, journal, sender)
        for file in files_to_send(folder, formats):
            run.take(file)
            progress.advance()
        return run.outcome()


class _Run:
    """Counts, and knows when to give up."""

    def __init__(self, request: SendRequest, journal: Journal, sender: Sender) -> None:
        self._request, self._journal, self._sender = request, journal, sender
        self._sent = self._before = self._not_sent = self._in_a_row = 0
        self._told: list[NotSent] = []
        self._fatal: SendError | None = None
        self._has_answered = False

    def take(self, file: FileToSend) -> None:
        """Send one object, or note why not."""
        if self._fatal is not None:
            if self._has_answered:  # else the run ends with the error, and has no outcome
                self._miss("not_sent", file, None, f"not tried: {self._fatal}")
            return
        try:
            identity = identify(file)
        except NotFitError as error:
            self._miss("refused", file, None, str(error))
            return
        if self._journal.is_sent(identity):
            self._before += 1
            return
        # a FHIR server is told to put the new one in its place; an archive need not
        if file.format.startswith("dicom") and self._journal.is_changed(identity):
            LOGGER.warning(
                "%s: another content of the same UID was sent before; the peer may keep that",
                file.name,
            )
        self._attempt(file, identity)

    def outcome(self) -> SendOutcome:
        """Return the counts; or raise what kept everything from being sent."""
        if self._fatal is not None and not self._has_answered:
            raise self._fatal
        counts = (self._sent, self._before, self._not_sent)
        return SendOutcome(*counts, tuple(self._told), self._journal.path)

    def _attempt(self, file: FileToSend, identity: Identity) -> None:
        lost = self._journal.is_unsure(identity)  # an earlier run left it so

        def once() -> str:
            nonlocal lost
            try:
                return self._sender.send(file)
            except PassingError as error:
                lost = lost or error.state == "unsure"
                raise

        self._journal.write("sending", file, identity)
        try:
            note = self._request.patience.keep_trying(once)
        except (NotFitError, RefusedError) as error:
            self._has_answered = True
            self._in_a_row = 0
            self._miss("refused", file, identity, str(error))
        except SendError as error:
            self._miss("unsure" if lost else "not_sent", file, identity, str(error))
            self._fatal = error
        except PassingError as error:
            self._miss("unsure" if lost else "not_sent", file, identity, str(error))
            self._in_a_row += 1
            self._has_answered |= error.state != "unreachable"
            if error.state == "unreachable" or self._in_a_row == _MOST_IN_A_ROW:
                self._fatal = SendError(f"{error}; run the same command later to go on")
        else:
            self._has_answered = True
            self._in_a_row = 0
            self._sent += 1
            self._journal.write("sent", file, identity, note)
            LOGGER.debug("%s: sent%s", file.name, f" ({note})" * bool(note))

    def _miss(self, event: Event, file: FileToSend, identity: Identity | None, why: str) -> None:
        self._journal.write(event, file, identity, why)
        self._not_sent += 1
        if len(self._told) < _MOST_TOLD:
            self._told.append(NotSent(file.name, why))


def _found(request: SendRequest) -> tuple[Path, tuple[str, ...]]:
    folder = results_folder(request.results)
    formats = choose_formats(request.destination, request.formats)
    if next(files_to_send(folder, formats), None) is None:
        names = " ".join(f"--format {name}" for name in formats[:1])
        raise InputError(
            f"{folder}: nothing to send in {', '.join(f'{name}/' for name in formats)}; write it "
            f"with: python cli.py report {folder} {names} --out {folder}"
        )
    return folder, formats


def _open(request: SendRequest) -> AbstractContextManager[Sender]:
    """Return the sender of a protocol; only its packages are loaded."""
    destination, settings = request.destination, request.settings
    if destination.protocol == "dicom":
        need_extra("send", "pynetdicom")
        from detect.send.dicom import StoreSender

        return StoreSender(destination, settings)
    if destination.protocol == "dicomweb":
        need_extra("send", "dicomweb_client", "requests")
        from detect.send.dicomweb import StowSender

        return StowSender(destination, settings)
    need_extra("send", "requests")
    from detect.send.fhir import FhirSender

    return FhirSender(destination, settings)
