"""STOW-RS to a DICOMweb server in this process: what counts as stored, and what does not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from result_objects import PATIENT, uid_of
from web_server import Web

from detect.errors import InputError, SendError
from detect.send.patience import Patience
from detect.send.run import SendOutcome
from detect.send.settings import Credentials

SendTo = Callable[..., SendOutcome]
Send = Callable[..., SendOutcome]


@pytest.fixture
def send(web: Web, send_to: SendTo, results: Path) -> Send:
    """Send the objects of `results` to the server."""

    def run(*formats: str, **options: Any) -> SendOutcome:
        return send_to(f"{web.url}/dicom/studies", results, *formats, **options)

    return run


def failed(reason: int, number: int = 0) -> dict[str, Any]:
    """A Store Instances Response Module that refuses an SR."""
    item = {
        "00081155": {"vr": "UI", "Value": [uid_of("dicom-sr", number)]},
        "00081197": {"vr": "US", "Value": [reason]},
    }
    return {"00081198": {"vr": "SQ", "Value": [item]}}


def test_files_arrive_byte_by_byte_and_only_once(web: Web, send: Send, results: Path) -> None:
    assert (send().sent, send().before) == (6, 6)
    files = list(results.rglob("*.dcm"))
    assert sorted(web.objects.values()) == sorted(file.read_bytes() for file in files)
    assert {asked.path for asked in web.asked if asked.method == "POST"} == {"/dicom/studies"}
    assert {asked.headers["host"] for asked in web.asked} == {web.url.removeprefix("http://")}


@pytest.mark.parametrize("step", [503, "drop", "cut", (202, failed(0xA700)), (409, failed(0xA700))])
def test_what_passes_is_tried_again(web: Web, send: Send, step: Any) -> None:
    web.script = [step, step]
    outcome = send("dicom-sr")
    assert (outcome.sent, outcome.not_sent) == (2, 0)
    assert len([asked for asked in web.asked if asked.method == "POST"]) == 4


@pytest.mark.parametrize("step", [409, (409, failed(0x0111)), (202, failed(0x0111)), "silent"])
def test_what_is_there_already_counts_after_a_look(web: Web, send: Send, step: Any) -> None:
    web.objects[uid_of("dicom-sr", 0)] = b""
    web.script = [step]
    outcome = send("dicom-sr")
    assert (outcome.sent, outcome.not_sent) == (2, 0)
    assert "already there" in outcome.journal.read_text(encoding="utf-8")
    (look,) = [asked.path for asked in web.asked if asked.method == "GET"]
    assert look.startswith("/dicom/studies/")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (409, "conflicts with what it has (409)"),
        (413, "too large for the server (413)"),
        (415, "does not take this format (415)"),
        (400, "the server refuses it (status 400)"),
        ((409, failed(0x0111)), "the server refuses it (reason 0x0111)"),
        ((409, failed(0x0122)), "does not store its SOP class (reason 0x0122)"),
        ((202, failed(0xC000)), "the server refuses it (reason 0xC000)"),
        ("page", "does not say that it has stored it; is --to right?"),
        ("silent", "does not say that it has stored it; is --to right?"),
    ],
)
def test_what_is_not_said_to_be_stored_is_not_sent(
    web: Web, send: Send, step: Any, words: str
) -> None:
    web.script = [step]
    outcome = send("dicom-sr")
    assert (outcome.sent, outcome.not_sent) == (1, 1)
    assert words in outcome.told[0].reason


def test_a_server_without_rle_gets_it_uncompressed(web: Web, send: Send, results: Path) -> None:
    web.script = [415]
    assert send("dicom-sc").sent == 2
    path = results / "received.dcm"
    path.write_bytes(web.objects[uid_of("dicom-sc", 0)])
    received = dcmread(path)
    assert received.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    sent = dcmread(results / "dicom-sc" / "hand ü" / "000.png.dcm")
    assert (received.pixel_array == sent.pixel_array).all()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_is_wrong_for_all_ends_the_run(web: Web, send: Send, status: int) -> None:
    web.script = [status]
    with pytest.raises(SendError, match=f"\\({status}\\)"):
        send()
    assert len(web.asked) == 1


def test_a_server_that_is_gone_is_given_up(send_to: SendTo, results: Path) -> None:
    server = Web()
    to = f"{server.url}/dicom/studies"
    server.close()
    with pytest.raises(SendError, match=r"cannot be reached \(Connection refused\)"):
        send_to(to, results, patience=Patience(attempts=1))
    with pytest.raises(SendError, match="no such host"):
        send_to("https://nowhere.invalid/studies", results)


def test_a_secret_never_goes_out_in_clear(send_to: SendTo, results: Path) -> None:
    with pytest.raises(InputError, match="readable on the network; use https") as refused:
        send_to("http://pacs.example/studies", results, credentials=Credentials(token="geheim"))
    assert "geheim" not in str(refused.value)


def test_a_netrc_is_not_read(
    web: Web, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    send("dicom-sr")
    assert all("authorization" not in asked.headers for asked in web.asked)


def test_nothing_of_a_patient_is_told(
    web: Web,
    send: Send,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    web.script = [503, (409, failed(0xC000)), "page"]
    with caplog.at_level(logging.DEBUG):
        outcome = send()
    told = caplog.text + "".join(capfd.readouterr()) + outcome.journal.read_text(encoding="utf-8")
    assert not any(name in told for name in (*PATIENT.split("^"), "GEHEIM"))
