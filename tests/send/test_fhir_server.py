"""FHIR transactions to a server with TLS: failures, secrets, and nothing written double."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Call
from result_objects import bundle
from web_server import Web

from detect.errors import InputError, SendError
from detect.send.patience import Patience
from detect.send.run import SendOutcome
from detect.send.settings import Credentials

SendTo = Callable[..., SendOutcome]
Send = Callable[..., SendOutcome]
ONCE = Patience(attempts=1)
TOKEN = "kein.Geheimnis-bleibt~so/geheim+wie=="


@pytest.fixture
def send(secure_web: Web, send_to: SendTo, results: Path, ca_file: Path) -> Send:
    """Send the Bundles of `results` to the server."""

    def run(*formats: str, **options: Any) -> SendOutcome:
        to = f"fhir+{secure_web.url}/fhir"
        return send_to(to, results, *formats, **{"ca_file": ca_file, **options})

    return run


def posts(server: Web) -> list[bytes]:
    return [asked.body for asked in server.asked]


def test_bundles_arrive_as_they_are_and_once(secure_web: Web, send: Send, results: Path) -> None:
    assert (send().sent, send().before) == (2, 2)
    files = sorted((results / "fhir-r4").rglob("*.json"))
    assert posts(secure_web) == [file.read_bytes() for file in files]
    assert len(secure_web.resources) == 2
    form = "application/fhir+json; fhirVersion=4.0"
    assert {asked.headers["content-type"] for asked in secure_web.asked} == {form}
    assert {asked.headers["accept"] for asked in secure_web.asked} == {form}
    assert "authorization" not in secure_web.asked[0].headers


def test_a_bundle_that_was_written_anew_takes_the_place_of_the_old_one(
    secure_web: Web, send: Send, results: Path, caplog: pytest.LogCaptureFixture
) -> None:
    send()
    changed = bundle(0)
    changed["entry"][0]["resource"]["status"] = "final"
    path = results / "fhir-r4" / "hand ü" / "000.png.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    outcome = send()
    assert (outcome.sent, outcome.before) == (1, 1)
    assert caplog.text == ""
    assert len(secure_web.resources) == 2
    (url,) = (entry["request"]["url"] for entry in changed["entry"])
    assert secure_web.resources[url]["status"] == "final"


def test_release_5_is_sent_where_it_is_asked_for(secure_web: Web, send: Send) -> None:
    assert send("fhir-r5").sent == 2
    assert secure_web.asked[0].headers["content-type"].endswith("fhirVersion=5.0")
    with pytest.raises(InputError, match="speaks one release; choose fhir-r4 or fhir-r5"):
        send("fhir-r4", "fhir-r5")
    with pytest.raises(InputError, match="--format dicom-sr: not for this destination"):
        send("dicom-sr")


@pytest.mark.parametrize("step", [503, 429, 500, 409, "drop", "cut"])
def test_what_passes_is_tried_again_and_nothing_is_double(
    secure_web: Web, send: Send, step: int | str
) -> None:
    secure_web.script = [step, step]
    outcome = send()
    assert (outcome.sent, outcome.not_sent) == (2, 0)
    assert len(secure_web.asked) == 4
    assert sorted(secure_web.resources) == [
        f"Observation/00000000-0000-5000-8000-{number:012}" for number in range(2)
    ]


def test_a_server_that_says_when_to_come_back_is_heard(
    secure_web: Web, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    secure_web.script = [(503, {"Retry-After": "7"})]
    with caplog.at_level(logging.WARNING, "detect"):
        assert send(patience=Patience(attempts=2, pause=0.01, longest=0.3)).sent == 2
    assert "trying again in 0.3 s" in caplog.text  # of 7, but no longer than the longest


def test_an_answer_that_does_not_come_is_unsure_and_made_good_later(
    secure_web: Web, send: Send
) -> None:
    secure_web.script = ["stall"]
    outcome = send(timeout=0.3, patience=ONCE)
    assert (outcome.sent, outcome.not_sent) == (1, 1)
    assert "no answer in time" in outcome.told[0].reason
    assert '"unsure"' in outcome.journal.read_text(encoding="utf-8")
    secure_web.released.set()
    again = send()
    assert (again.sent, again.before) == (1, 1)
    assert len(secure_web.resources) == 2


def test_a_cut_connection_after_storing_writes_the_same_resource_again(
    secure_web: Web, send: Send
) -> None:
    secure_web.script = ["cut"]
    assert send(patience=ONCE).not_sent == 1
    assert send().sent == 1
    assert sorted(secure_web.writes.values()) == [1, 2]
    assert len(secure_web.resources) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not believe it (401); set FRACTURE_LOCATOR_TOKEN"),
        (403, "does not allow it (403)"),
        (404, "has no such service (404); check the path in --to"),
    ],
)
def test_what_is_wrong_for_all_is_told_once(
    secure_web: Web, send: Send, status: int, words: str
) -> None:
    secure_web.script = [status]
    with pytest.raises(SendError) as refused:
        send()
    assert words in str(refused.value)
    assert len(secure_web.asked) == 1
    assert send().sent == 2


def test_a_right_that_ends_in_the_middle_keeps_what_was_sent(secure_web: Web, send: Send) -> None:
    secure_web.script = [None, 401]
    outcome = send()
    assert (outcome.sent, outcome.not_sent) == (1, 1)
    assert "(401)" in outcome.told[0].reason


OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [
        {
            "severity": "error",
            "code": "value",
            "diagnostics": "Patient Sophie Geheim has no ward",
            "expression": ["Observation.status"],
        }
    ],
}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (413, "too large for the server (413)"),
        (415, "does not take this format (415)"),
        ((422, OUTCOME), "refuses it (status 422): value at Observation.status"),
        ("page", "does not answer as one of FHIR; is --to right?"),
        ("silent", "does not answer as one of FHIR; is --to right?"),
        (
            (200, {"resourceType": "Bundle", "type": "transaction-response", "entry": []}),
            "does not say that it has stored every entry",
        ),
    ],
)
def test_what_is_wrong_for_one_stops_no_other(
    secure_web: Web, send: Send, step: Any, words: str
) -> None:
    secure_web.script = [step]
    outcome = send()
    assert (outcome.sent, outcome.not_sent) == (1, 1)
    assert words in outcome.told[0].reason
    assert "Sophie" not in outcome.told[0].reason


def test_no_redirect_is_followed(secure_web: Web, send: Send) -> None:
    secure_web.script = [(302, {"Location": f"{secure_web.url}/login"})]
    with pytest.raises(SendError, match="is elsewhere"):
        send()
    assert len(secure_web.asked) == 1


def test_bundles_that_would_be_made_double_stay_here(
    secure_web: Web, send: Send, results: Path
) -> None:
    folder = results / "fhir-r4"
    plain = bundle(7)
    plain["entry"][0]["request"] = {"method": "POST", "url": "Observation"}
    (folder / "plain.json").write_text(json.dumps(plain), encoding="utf-8")
    safe = bundle(8)
    once = {"method": "POST", "url": "Observation", "ifNoneExist": "identifier=8"}
    safe["entry"][0]["request"] = once
    (folder / "safe.json").write_text(json.dumps(safe), encoding="utf-8")
    (folder / "kept.json").write_text(json.dumps({**bundle(9), "type": "collection"}))
    (folder / "text.json").write_text("{", encoding="utf-8")
    (folder / "list.json").write_text("[]", encoding="utf-8")
    outcome = send()
    assert (outcome.sent, outcome.not_sent) == (3, 4)
    told = {each.name: each.reason for each in outcome.told}
    assert "made double" in told["fhir-r4/plain.json"]
    assert "type transaction" in told["fhir-r4/kept.json"]
    assert "is not JSON" in told["fhir-r4/text.json"]
    assert "is not a FHIR Bundle" in told["fhir-r4/list.json"]
    assert len(secure_web.asked) == 3


def test_certificates_are_verified(secure_web: Web, send: Send) -> None:
    with pytest.raises(SendError, match=r"certificate is not trusted .*; name its authority with"):
        send(ca_file=None)
    assert secure_web.asked == []


def test_basic_authentication(secure_web: Web, send: Send) -> None:
    send(credentials=Credentials(user="rösler", password="pa:ss"))
    told = secure_web.asked[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(told) == "rösler:pa:ss".encode()


def test_the_token_is_in_the_header_and_nowhere_else(
    secure_web: Web,
    results: Path,
    ca_file: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("FRACTURE_LOCATOR_TOKEN", TOKEN + "\n")
    secure_web.script = [401]
    to = f"fhir+{secure_web.url}/fhir"
    with caplog.at_level(logging.DEBUG):
        refused = call("send", results, "--to", to, "--ca-file", ca_file, "--verbose")
        sent = call("send", results, "--to", to, "--ca-file", ca_file, "--verbose")
    assert (refused.code, sent.code) == (1, 0)
    assert {asked.headers["authorization"] for asked in secure_web.asked} == {f"Bearer {TOKEN}"}
    (journal,) = (results / "sent").glob("*.jsonl")
    told = refused.out + refused.err + sent.out + sent.err + caplog.text
    assert TOKEN not in told + journal.read_text(encoding="utf-8")
