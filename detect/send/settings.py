"""How to reach a peer: times, certificates, and secrets, which come from the environment only."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detect.errors import InputError

__all__ = ["Credentials", "SendSettings", "credentials_from", "tls_context"]

_TOKEN = "FRACTURE_LOCATOR_TOKEN"
_USER = "FRACTURE_LOCATOR_USER"
_PASSWORD = "FRACTURE_LOCATOR_PASSWORD"
_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a server is told of who is sending; never shown."""

    token: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.token or self.user)


@dataclass(frozen=True, slots=True)
class SendSettings:
    """Options of a connection; times in seconds."""

    connect_timeout: float = 10.0
    timeout: float = 60.0  # for an answer, and for a piece of data to be taken
    ca_file: Path | None = None  # PEM: trusted instead of the system's authorities
    client_cert: Path | None = None  # PEM: the certificate, with its key unless `client_key`
    client_key: Path | None = None
    calling_aet: str = "FRACTURELOCATOR"
    credentials: Credentials = field(default_factory=Credentials)


def credentials_from(environment: Mapping[str, str]) -> Credentials:
    """Return the token, or name and password, that the environment holds.

    Raises:
        InputError: both are set, one half is missing, or one cannot stand in a header. Values
            are not repeated.
    """
    token, user = environment.get(_TOKEN, "").strip(), environment.get(_USER, "")
    password = environment.get(_PASSWORD, "")
    if token and (user or password):
        raise InputError(f"{_TOKEN}: set it, or {_USER} and {_PASSWORD}, not both")
    if token and not _B64TOKEN.fullmatch(token):
        raise InputError(f"{_TOKEN}: holds characters that no bearer token has; set it anew")
    if bool(user) != bool(password):
        raise InputError(f"{_PASSWORD if user else _USER}: not set, although its other half is")
    if ":" in user or not (user + password).isprintable():
        raise InputError(f"{_USER}, {_PASSWORD}: hold a colon or a character that no header has")
    return Credentials(token, user, password)


def tls_context(settings: SendSettings) -> ssl.SSLContext:
    """Return a context that verifies the peer, and shows our certificate if there is one.

    Raises:
        InputError: a file is missing, or is no certificate or key.
    """
    ca_file = settings.ca_file or os.environ.get("SSL_CERT_FILE") or None
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        option = "--ca-file" if settings.ca_file else "SSL_CERT_FILE"
        raise InputError(f"{option} {ca_file}: {_why(error)}; name a PEM file") from error
    if settings.client_cert is None:
        if settings.client_key is not None:
            raise InputError("--client-key: needs --client-cert, too")
        return context
    try:
        # an empty password, as OpenSSL would ask for one on the terminal
        context.load_cert_chain(settings.client_cert, settings.client_key, password=lambda: "")
    except OSError as error:
        raise InputError(
            f"--client-cert {settings.client_cert}: {_why(error)}; name PEM files of a certificate "
            "and of its key, unencrypted (--client-key, where the key is apart)"
        ) from error
    return context


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "cannot be used"
    return error.strerror or "cannot be read"
