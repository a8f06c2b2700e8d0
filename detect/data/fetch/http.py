"""HTTP(S) as downloads need it: what may be tried again is told from what may not.

The standard library does it, so that fetching needs no extra: it takes proxies and certificates
from the environment, and, unlike requests, sends nobody's `.netrc`. pooch and wget cannot resume;
pypdl resumes, but appends to a file that has changed on the server.
"""

from __future__ import annotations

import email.utils
import http.client
import math
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from typing import Any
from urllib import error, request
from urllib.parse import urlsplit

from detect import __version__
from detect.errors import FetchError

__all__ = ["PassingError", "RefusedError", "open_url", "reading"]

_AGENT = f"fracture-locator/{__version__}"
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class PassingError(Exception):
    """The network or the server failed; it may work the next time.

    Attributes:
        retry_after: seconds that the server asks to wait, or None.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(FetchError):
    """The server does not hand this out under this address.

    Attributes:
        status: of the answer.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def _opener() -> request.OpenerDirector:
    # `build_opener` would open file: and ftp: addresses as well, which a server may name
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", _AGENT)]
    return opener


@contextmanager
def open_url(url: str, headers: Mapping[str, str], timeout: float) -> Iterator[Any]:
    """Open an address; redirects are followed, with the same headers.

    Args:
        url: http or https.
        headers: beside the user agent.
        timeout: seconds to connect, and between two pieces of the answer.

    Yields:
        The answer: `http.client.HTTPResponse`, of any status from 200 to 299.

    Raises:
        PassingError: it may work the next time.
        RefusedError: the server answered otherwise.
        FetchError: the address is none, or the server's certificate is not trusted.
    """
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise FetchError(f"{url}: not an address of the web; it must begin with https://")
        answer = _opener().open(request.Request(url, headers=dict(headers)), timeout=timeout)
    except error.HTTPError as answered:
        with answered:
            reason = " ".join(str(answered.reason).split())  # of a redirect: several lines
            said = f"{url}: the server answered {answered.code} {reason}"
            if answered.code in _PASSING:
                raise PassingError(said, _retry_after(answered.headers)) from answered
            raise RefusedError(said, answered.code) from answered
    except error.URLError as failed:
        if isinstance(failed.reason, ssl.SSLCertVerificationError):
            message = f"{url}: the certificate is not trusted ({failed.reason.verify_message})"
            raise FetchError(f"{message}; set SSL_CERT_FILE to your proxy's") from failed
        raise PassingError(f"{url}: cannot be reached ({failed.reason})") from failed
    except (http.client.InvalidURL, ValueError) as failed:
        raise FetchError(f"{url}: not an address ({failed}); check it") from failed
    except (OSError, http.client.HTTPException) as failed:
        raise PassingError(f"{url}: cannot be reached ({_said(failed)})") from failed
    with answer:
        yield answer


@contextmanager
def reading(url: str) -> Iterator[None]:
    """Turn what goes wrong while an answer is read into `PassingError`."""
    try:
        yield
    except (OSError, http.client.HTTPException) as failed:
        raise PassingError(f"{url}: the connection broke off ({_said(failed)})") from failed


def _said(failed: BaseException) -> str:
    return str(failed) or type(failed).__name__


def _retry_after(headers: Message) -> float | None:
    """Return what RFC 9110, section 10.2.3 puts there: seconds, or a date."""
    text = headers.get("Retry-After", "").strip()
    try:
        if text.isascii() and text.isdigit():
            seconds = float(text)
        else:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
