"""STOW-RS: objects to a PACS over HTTP (DICOM PS3.18 section 10.5)."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from typing import Any

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset

from detect.closing import Closing
from detect.send.destination import Destination
from detect.send.dicom_file import DicomHeader, read_header, read_uncompressed, read_whole
from detect.send.failures import PassingError, RefusedError
from detect.send.http import open_session, refuse_status, response_of, speaking
from detect.send.objects import FileToSend
from detect.send.settings import SendSettings

__all__ = ["StowSender"]

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, SyntaxError)
_SYNTAX_REFUSED, _DUPLICATE = 0xC122, 0x0111  # PS3.18 table I.2-2, PS3.7 annex C
_REASONS = {
    0x0110: "the server failed while it stored it",
    0x0122: "the server does not store its SOP class",
    0x0124: "the server does not allow it",
}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server said of one object."""

    reason: int | None  # why it is not stored; 0: it is stored; None: it does not say
    refusal: requests.Response | None  # where the status is not one of success

    @property
    def wants_other_syntax(self) -> bool:
        status = None if self.refusal is None else self.refusal.status_code
        return status == 415 or self.reason == _SYNTAX_REFUSED

    @property
    def may_be_there(self) -> bool:
        """Whether a look at the server may tell more."""
        if self.refusal is None:
            return self.reason in (None, _DUPLICATE)
        return self.refusal.status_code == 409


class StowSender(Closing):
    """Sends objects one by one over one connection; a context manager.

    Raises:
        InputError: a certificate cannot be used, or a secret would go out in clear.
    """

    def __init__(self, destination: Destination, settings: SendSettings) -> None:
        for name in ("dicomweb_client", "urllib3"):  # they repeat ours, or quote addresses
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._address = destination.address
        self._session = open_session(destination, settings)
        self._session.headers["Accept"] = "application/dicom+json"
        self._last: requests.Response | None = None
        self._session.hooks["response"].append(self._remember)
        self._client = DICOMwebClient(
            destination.url,
            session=self._session,
            timeout=(settings.connect_timeout, settings.timeout),
            chunk_size=sys.maxsize,  # a length in the header, which more servers take than chunks
        )
        self._client.set_http_retry_params(retry=False)  # `Patience` tries again

    def send(self, file: FileToSend) -> str:
        """Send an object; return how the server acknowledged it, or nothing where it just did.

        Raises:
            NotFitError: the file cannot be sent.
            RefusedError: the server does not take it.
            PassingError: it may work the next time.
            SendError: the server takes nothing.
        """
        header = read_header(file.path)
        dataset = read_whole(file.path)
        note = ""
        answer = self._store(dataset, header)
        if answer.wants_other_syntax and header.syntax.is_compressed:
            note = f"sent in place of {header.syntax.name}: uncompressed"
            answer = self._store(read_uncompressed(file.path), header)
        if answer.reason == 0:
            return note
        if answer.may_be_there and self._is_there(header):
            return "already there"
        if answer.reason is None:
            if answer.refusal is not None:
                refuse_status(self._address, answer.refusal)
            raise RefusedError("the server does not say that it has stored it; is --to right?")
        if answer.reason & 0xFF00 == 0xA700:
            message = f"{self._address}: cannot store now (reason 0x{answer.reason:04X})"
            raise PassingError(message, "busy")
        told = _REASONS.get(answer.reason, "the server refuses it")
        raise RefusedError(f"{told} (reason 0x{answer.reason:04X})")

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _store(self, dataset: Dataset, header: DicomHeader) -> _Answer:
        with speaking(self._address):
            try:
                said = self._client.store_instances([dataset])
            except requests.HTTPError as error:
                response = response_of(error)
                return _Answer(_reason(_module(response), header.uid), response)
            except requests.RequestException:
                raise
            except _UNREADABLE:
                said = Dataset()  # success, in words that are no DICOM
        reason = _reason(said, header.uid)
        if reason is None and self._last is not None:
            # dicomweb-client leaves JSON unread whose type has a parameter, such as a charset
            reason = _reason(_module(self._last), header.uid)
        return _Answer(reason, None)

    def _remember(self, response: requests.Response, **_: Any) -> None:
        self._last = response

    def _is_there(self, header: DicomHeader) -> bool:
        """Whether the server has an object of these UIDs: by DICOM's rules, this very one."""
        with speaking(self._address):
            try:
                found = self._client.search_for_instances(
                    header.study, header.series, search_filters={"SOPInstanceUID": header.uid}
                )
            except requests.HTTPError as error:
                if response_of(error).status_code >= 500:
                    refuse_status(self._address, response_of(error))
                return False
            except requests.RequestException:
                raise
            except _UNREADABLE:
                return False  # no DICOMweb server says so
        return any(_uid_of(each) == header.uid for each in found)


def _uid_of(found: dict[str, Any]) -> str | None:
    values = found.get("00080018", {}).get("Value", [])
    return values[0] if values else None


def _module(response: requests.Response) -> Dataset:
    """Return the Store Instances Response Module (PS3.18 section I.2); empty if there is none."""
    try:
        return Dataset.from_json(json.loads(response.content))
    except _UNREADABLE:
        return Dataset()


def _reason(answer: Dataset, uid: str) -> int | None:
    for failed in answer.get("FailedSOPSequence", []):
        if failed.get("ReferencedSOPInstanceUID", uid) == uid:
            return int(failed.get("FailureReason", 0x0110))
    for stored in answer.get("ReferencedSOPSequence", []):
        if stored.get("ReferencedSOPInstanceUID") == uid:
            return 0
    return None
