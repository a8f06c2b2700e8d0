"""HTTP as sending needs it: what was not sent, may have been, and was refused, told apart."""

from __future__ import annotations

import email.utils
import logging
import math
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from detect import __version__
from detect.errors import InputError, SendError
from detect.send.connection import connection_fault
from detect.send.destination import Destination
from detect.send.failures import PassingError, RefusedError
from detect.send.settings import Credentials, SendSettings, tls_context

__all__ = ["open_session", "refuse_status", "response_of", "speaking"]

LOGGER = logging.getLogger(__name__)

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_FOR_ALL = {
    401: "wants to know who is sending, or does not believe it (401); set FRACTURE_LOCATOR_TOKEN, "
    "or FRACTURE_LOCATOR_USER and FRACTURE_LOCATOR_PASSWORD",
    403: "does not allow it (403); ask its administrator for the right to write",
    404: "has no such service (404); check the path in --to",
    405: "takes nothing there (405); check the path in --to",
    407: "lies behind a proxy that wants a password (407); put it into HTTPS_PROXY",
    501: "has no such service (501); check the path in --to",
}
_FOR_ONE = {
    406: "the server does not speak this format (406)",
    409: "the server says that it conflicts with what it has (409)",
    412: "the server finds several that it could be (412)",
    413: "it is too large for the server (413); have its limit raised",
    415: "the server does not take this format (415)",
}


class _Signer(AuthBase):
    """Puts credentials into requests; without any, keeps those of a .netrc out."""

    def __init__(self, credentials: Credentials) -> None:
        self._token = credentials.token
        self._basic = HTTPBasicAuth(credentials.user.encode(), credentials.password.encode())
        self._named = bool(credentials.user)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # dicomweb-client sets the host without its port, which some proxies do not know
        request.headers.pop("Host", None)
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        elif self._named:
            self._basic(request)
        return request


def open_session(destination: Destination, settings: SendSettings) -> requests.Session:
    """Return a session that trusts, and shows, what the settings say, and follows no redirect.

    Proxies come from the environment (HTTPS_PROXY, NO_PROXY).

    Raises:
        InputError: a certificate cannot be used, or a secret would go over the network in clear.
    """
    if not destination.tls and not destination.is_loopback:
        if settings.credentials:
            raise InputError(
                f"--to {destination.address}: a token or password would be readable on the "
                "network; use https, or unset it"
            )
        LOGGER.warning("%s: not encrypted; everybody on the way can read it", destination.address)
    tls_context(settings)  # refuses files that requests would fail on in the middle
    session = requests.Session()
    session.trust_env = False  # its certificates would go before --ca-file, and .netrc be read
    session.proxies = dict(get_environ_proxies(destination.url, no_proxy=None))
    session.verify = str(settings.ca_file or os.environ.get("SSL_CERT_FILE") or "") or True
    if settings.client_cert is not None:
        key = settings.client_key
        session.cert = (str(settings.client_cert), str(key or settings.client_cert))
    session.auth = _Signer(settings.credentials)
    session.max_redirects = 0  # a POST would be turned into a GET of, say, a page to log in
    session.headers["User-Agent"] = f"fracture-locator/{__version__}"
    return session


@contextmanager
def speaking(address: str) -> Iterator[None]:
    """Turn what goes wrong with a connection into errors that quote nothing of the exchange.

    Raises:
        PassingError: it may work the next time.
        SendError: it will not.
    """
    try:
        yield
    except requests.HTTPError:
        raise  # an answer, which the caller understands
    except requests.TooManyRedirects as error:
        raise SendError(f"{address}: is elsewhere (it redirects); name its new address") from error
    except requests.exceptions.ProxyError as error:
        message = f"{address}: the proxy that the environment names cannot be reached"
        raise PassingError(message, "unreachable") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _fault(address, error) from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise PassingError(f"{address}: the answer broke off", "unsure") from error
    except requests.RequestException as error:
        kind = type(error).__name__
        raise SendError(f"{address}: cannot be spoken to ({kind}); check --to") from error


def response_of(error: requests.HTTPError) -> requests.Response:
    """Return the answer that an error is about, as `raise_for_status` leaves it there."""
    if error.response is None:
        raise TypeError("an HTTPError without its response")
    return error.response


def refuse_status(address: str, response: requests.Response, why: str = "") -> None:
    """Raise what a status means; one of success means nothing.

    Args:
        address: of `Destination`.
        response: of the server.
        why: what the server says besides, in codes.

    Raises:
        PassingError: the server asks to come back.
        RefusedError: it refuses this object.
        SendError: it refuses any.
    """
    status = response.status_code
    if 200 <= status < 300:
        return
    if status in _BUSY:
        after = _retry_after(response.headers.get("Retry-After", ""))
        raise PassingError(f"{address}: busy or failing (status {status})", "busy", after)
    if status in _FOR_ALL:
        raise SendError(f"{address}: {_FOR_ALL[status]}")
    told = _FOR_ONE.get(status, f"the server refuses it (status {status})")
    raise RefusedError(told + (f": {why}" if why else ""))


def _fault(address: str, error: Exception) -> PassingError | SendError:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                break
            return connection_fault(address, cause)
    if any(isinstance(cause, ConnectTimeoutError | NewConnectionError) for cause in causes):
        system = [cause for cause in causes if type(cause).__module__ in ("builtins", "socket")]
        for cause in system:
            if isinstance(cause, OSError):
                return connection_fault(address, cause)
        return connection_fault(address, TimeoutError())
    if isinstance(error, requests.Timeout):
        return PassingError(f"{address}: no answer in time", "unsure")
    return PassingError(f"{address}: the connection broke off", "unsure")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it, which urllib3 keeps in `reason`."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        each = pending.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [each.__cause__, each.__context__, getattr(each, "reason", None)]


def _retry_after(text: str) -> float:
    """Return seconds of the header (RFC 9110, section 10.2.3), which may be a date."""
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text)
        else:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
