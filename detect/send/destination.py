"""Where results go: the address of `--to`, taken apart and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from detect.errors import InputError

__all__ = ["Destination", "parse_aet", "parse_destination"]

Protocol = Literal["dicom", "dicomweb", "fhir"]

_FORMS = "dicom://AET@HOST:PORT, https://HOST/…/studies or fhir+https://HOST/…"
# IANA's service names dicom and dicom-tls (DICOM PS3.8 section 9.1.2, PS3.15 annex B)
_DICOM_PORTS = {"dicom": 104, "dicom+tls": 2762}
_HTTP_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._:%-]+")


@dataclass(frozen=True, slots=True)
class Destination:
    """A peer; holds no secret, so that it may be shown and logged."""

    protocol: Protocol
    address: str  # in one form, whatever was typed: the journal knows the peer by it
    host: str
    port: int
    tls: bool
    aet: str = ""  # title of the peer: dicom only
    url: str = ""  # base of the service, without a slash at its end: dicomweb and fhir

    @property
    def is_loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def parse_destination(given: str) -> Destination:
    """Return what `--to` names.

    `dicom://AET@HOST[:PORT]` (104), `dicom+tls://…` (2762), `https://…/studies` (DICOMweb),
    `fhir+https://…` (base of a FHIR server); `http` in the place of `https` is not encrypted.

    Raises:
        InputError: it is none of these. The text itself is not repeated, as it may hold a secret.
    """
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InputError(f"--to: not an address; give {_FORMS}") from error
    scheme = parts.scheme.lower()
    service, _, transport = scheme.rpartition("+")
    is_dicom = scheme in _DICOM_PORTS
    if not is_dicom and (transport not in _HTTP_PORTS or service not in ("", "fhir")):
        raise InputError(f"--to: no way of sending that is known; give {_FORMS}")
    if parts.password is not None or (parts.username is not None and not is_dicom):
        raise InputError(
            "--to: an address holds no name or password; take them out of it and set "
            "FRACTURE_LOCATOR_TOKEN, or FRACTURE_LOCATOR_USER and FRACTURE_LOCATOR_PASSWORD"
        )
    if parts.query or parts.fragment or "?" in given or "#" in given:
        raise InputError("--to: leave out what follows ? or # in the address")
    if not _HOST.fullmatch(host) or port == 0:
        raise InputError(f"--to: names no host, or no port that can be; give {_FORMS}")
    return _dicom(scheme, parts, host, port) if is_dicom else _http(scheme, parts, host, port)


def parse_aet(option: str, text: str) -> str:
    """Return an application entity title: 1 to 16 characters of DICOM's default repertoire.

    Raises:
        InputError: it is none (VR AE, DICOM PS3.5 section 6.2).
    """
    title = text.strip(" ")
    if not 1 <= len(title) <= 16 or not title.isascii() or not title.isprintable() or "\\" in title:
        raise InputError(f"{option}: an AE title has 1 to 16 ASCII characters and no backslash")
    return title


def _dicom(scheme: str, parts: SplitResult, host: str, port: int | None) -> Destination:
    if parts.path not in ("", "/"):
        raise InputError("--to: a DICOM address ends after its port; give dicom://AET@HOST:PORT")
    aet = parse_aet("--to", unquote(parts.username or ""))
    port = port or _DICOM_PORTS[scheme]
    address = f"{scheme}://{aet}@{_bracketed(host)}:{port}"
    return Destination("dicom", address, host, port, scheme == "dicom+tls", aet=aet)


def _http(scheme: str, parts: SplitResult, host: str, port: int | None) -> Destination:
    service, _, transport = scheme.rpartition("+")
    path = parts.path.rstrip("/")
    is_fhir = service == "fhir"
    if not is_fhir and not path.endswith("/studies"):
        raise InputError(
            "--to: a DICOMweb address ends in /studies; that of a FHIR server begins with fhir+"
        )
    default = _HTTP_PORTS[transport]
    place = _bracketed(host) + (f":{port}" if port not in (None, default) else "")
    base = f"{transport}://{place}{path if is_fhir else path.removesuffix('/studies')}"
    return Destination(
        "fhir" if is_fhir else "dicomweb",
        f"fhir+{base}" if is_fhir else f"{base}/studies",
        host,
        port or default,
        transport == "https",
        url=base,
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
