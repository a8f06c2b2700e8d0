"""Peers on this machine that take objects, or fail as peers do; and results to send."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from archive import Archive
from result_objects import write_results
from web_server import Web

from detect.send.destination import parse_destination
from detect.send.patience import Patience
from detect.send.run import SendOutcome, SendRequest, send_results
from detect.send.settings import SendSettings

SWIFT = Patience(attempts=3, pause=0.01, longest=0.05)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep proxies, certificates and secrets of the environment out of the tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"FRACTURE_LOCATOR_{name}", raising=False)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two objects of each DICOM kind, and two Bundles of each release."""
    kinds = ("dicom-sr", "dicom-sc", "dicom-gsps", "fhir-r4", "fhir-r5")
    return write_results(tmp_path / "results", 2, *kinds)


@pytest.fixture
def archive() -> Iterator[Callable[..., Archive]]:
    """Return what starts an archive."""
    open_ones: list[Archive] = []

    def start(**options: Any) -> Archive:
        open_ones.append(Archive(**options))
        return open_ones[-1]

    yield start
    for each in open_ones:
        each.close()


@pytest.fixture
def authority() -> trustme.CA:
    """Who signs certificates for the tests."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """Its certificate, for `--ca-file`."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server of this machine shows, signed by the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server without TLS."""
    server = Web()
    yield server
    server.close()


@pytest.fixture
def secure_web(server_tls: ssl.SSLContext) -> Iterator[Web]:
    """A web server with TLS."""
    server = Web(server_tls)
    yield server
    server.close()


@pytest.fixture
def send_to() -> Callable[..., SendOutcome]:
    """Return what sends results with hardly a pause: `send_to(address, folder, "dicom-sr")`."""

    def send(to: str, folder: Path, *formats: str, **options: Any) -> SendOutcome:
        patience = options.pop("patience", SWIFT)
        settings = SendSettings(**{"connect_timeout": 5.0, "timeout": 5.0, **options})
        destination = parse_destination(to)
        return send_results(
            SendRequest(folder, destination, formats, settings=settings, patience=patience)
        )

    return send
