"""Bundles to a FHIR server: one transaction each (FHIR R4 and R5, section 3.1.0.11)."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import requests

from detect.closing import Closing
from detect.send.destination import Destination
from detect.send.failures import NotFitError, PassingError, RefusedError
from detect.send.http import open_session, refuse_status, speaking
from detect.send.objects import FileToSend
from detect.send.settings import SendSettings

__all__ = ["FhirSender"]

_VERSIONS = {"fhir-r4": "4.0", "fhir-r5": "5.0"}
_CODE = re.compile(r"[a-z][a-z-]{0,40}")
_PLACE = re.compile(r"[A-Za-z][A-Za-z0-9.\[\]]{0,80}")
_MOST_ISSUES = 3


class FhirSender(Closing):
    """Sends Bundles one by one over one connection; a context manager.

    Raises:
        InputError: a certificate cannot be used, or a secret would go out in clear.
    """

    def __init__(self, destination: Destination, settings: SendSettings) -> None:
        logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)  # it repeats ours
        self._address, self._url = destination.address, destination.url
        self._timeout = (settings.connect_timeout, settings.timeout)
        self._session = open_session(destination, settings)

    def send(self, file: FileToSend) -> str:
        """Send a Bundle; return nothing, as a server that took it says no more than that.

        Raises:
            NotFitError: the file cannot be read.
            RefusedError: the server does not take it.
            PassingError: it may work the next time.
            SendError: the server takes nothing.
        """
        try:
            content = file.path.read_bytes()
        except OSError as error:
            raise NotFitError(f"cannot be read ({error.strerror}); mend that") from error
        form = f"application/fhir+json; fhirVersion={_VERSIONS[file.format]}"
        with speaking(self._address):
            response = self._session.post(
                self._url,
                data=content,
                headers={"Content-Type": form, "Accept": form, "Prefer": "return=minimal"},
                timeout=self._timeout,
            )
        answer = _parsed(response)
        if response.status_code == 409:
            # two transactions at once, say one of ours that a cut connection left behind
            raise PassingError(f"{self._address}: has a conflict (status 409)", "busy")
        refuse_status(self._address, response, _issues(answer))
        self._check(answer, len(json.loads(content)["entry"]))
        return ""

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _check(self, answer: dict[str, Any], entries: int) -> None:
        """Take nothing for stored that a server of FHIR does not say it has stored."""
        if answer.get("resourceType") != "Bundle" or answer.get("type") != "transaction-response":
            raise RefusedError("the server does not answer as one of FHIR; is --to right?")
        statuses = [_status(entry) for entry in answer.get("entry") or []]
        if len(statuses) != entries or not all(status.startswith("2") for status in statuses):
            raise RefusedError("the server does not say that it has stored every entry")


def _status(entry: Any) -> str:
    response = entry.get("response") if isinstance(entry, dict) else None
    return str(response.get("status", "")) if isinstance(response, dict) else ""


def _parsed(response: requests.Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}  # a page of a proxy, say: told by its status
    return answer if isinstance(answer, dict) else {}


def _issues(answer: dict[str, Any]) -> str:
    """Return the codes of an OperationOutcome; its free texts may quote a patient."""
    issues = answer.get("issue")
    if answer.get("resourceType") != "OperationOutcome" or not isinstance(issues, list):
        return ""
    told = []
    for issue in issues:
        code = issue.get("code") if isinstance(issue, dict) else None
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            continue
        places = issue.get("expression") or []
        place = places[0] if isinstance(places, list) and places else None
        known = isinstance(place, str) and _PLACE.fullmatch(place)
        told.append(f"{code} at {place}" if known else code)
    return ", ".join(told[:_MOST_ISSUES])
