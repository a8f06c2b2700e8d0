"""The command `send`: what it prints, its exit codes, and mistakes told in one line."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from archive import Archive
from command_line import Call, Ended
from result_objects import uid_of

CLI = Path(__file__).resolve().parents[2] / "cli.py"
StartArchive = Callable[..., Archive]


def test_a_dry_run_lists_and_touches_nothing(
    call: Call, archive: StartArchive, results: Path
) -> None:
    peer = archive()
    to = f"dicom://{peer.address}"
    (results / "dicom-sr" / "text.dcm").write_text("no DICOM", encoding="utf-8")
    ended = call("send", results, "--to", to, "--format", "dicom-sr", "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    first, second, third = ended.out.splitlines()
    size = (results / "dicom-sr" / "hand ü" / "000.png.dcm").stat().st_size
    assert first == f"dicom-sr/hand ü/000.png.dcm: new, Comprehensive 3D SR Storage, {size} bytes"
    assert second.startswith("dicom-sr/hand ü/001.png.dcm: new, ")
    assert third == "dicom-sr/text.dcm: is not a DICOM file"
    assert peer.associations == 0
    assert not (results / "sent").exists()
    call("send", results, "--to", to, "--format", "dicom-sr")
    listed = call("send", results, "--to", to, "--dry-run").out
    assert listed.count(": sent before, ") == 2
    assert listed.count(": new, ") == 4


def test_what_is_not_sent_is_listed_and_ends_in_code_3(
    call: Call, archive: StartArchive, results: Path
) -> None:
    peer = archive()
    peer.script = [0xC000]
    to = f"dicom://{peer.address}"
    ended = call("send", results, "--to", to)
    (journal,) = (results / "sent").glob("*.jsonl")
    assert ended.code == 3
    assert ended.out == f"5 sent to {to}, 0 sent before, 1 not sent. Journal: {journal}\n"
    told = "dicom-sr/hand ü/000.png.dcm: the peer cannot understand it (status 0xC000)\n"
    assert ended.err == told
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"journal": "1.0", "destination": to}
    assert lines[2]["event"] == "refused"
    assert lines[2]["uid"] == uid_of("dicom-sr", 0)
    assert call("send", results, "--to", to, "--quiet") == Ended(0, "", "")
    assert call("send", results, "--to", to).out.startswith(f"0 sent to {to}, 6 sent before, ")


def test_of_many_only_the_first_are_listed(
    call: Call, archive: StartArchive, results: Path
) -> None:
    for number in range(30):
        (results / "dicom-sr" / f"{number}.dcm").write_text("no DICOM", encoding="utf-8")
    to = f"dicom://{archive().address}"
    ended = call("send", results, "--to", to, "--format", "dicom-sr")
    assert ended.code == 3
    assert ended.err.count("is not a DICOM file") == 20
    (journal,) = (results / "sent").glob("*.jsonl")
    assert f"… and 10 more in {journal}" in ended.err
    assert journal.read_text(encoding="utf-8").count("is not a DICOM file") == 30


def test_results_may_be_named_by_their_file_and_the_journal_elsewhere(
    call: Call, archive: StartArchive, results: Path, tmp_path: Path
) -> None:
    to = f"dicom://{archive().address}"
    ended = call("send", results / "results.jsonl", "--to", to, "--journal", tmp_path / "journals")
    assert ended.code == 0
    assert len(list((tmp_path / "journals").glob("*.jsonl"))) == 1
    assert not (results / "sent").exists()


HERE = "dicom://A@127.0.0.1:1"
REFUSED = {
    "no results": (["nowhere", "--to", HERE], "nowhere: no such folder"),
    "nothing there": (
        ["empty", "--to", HERE],
        "nothing to send in dicom-sr/, dicom-sc/, dicom-gsps/; write it with: python cli.py report "
        "empty --format dicom-sr --out empty",
    ),
    "no Bundles": (["empty", "--to", "fhir+https://fhir.example"], "in fhir-r4/; write it with"),
    "a password": (["results", "--to", "https://a:geheim@b/studies"], "holds no name or password"),
    "no DICOMweb": (["results", "--to", "https://b/fhir"], "ends in /studies"),
    "an odd format": (["results", "--to", HERE, "--format", "html"], "--format html: not for this"),
    "an odd title": (["results", "--to", HERE, "--calling-aet", "A" * 20], "--calling-aet: an AE"),
    "no CA file": (
        ["results", "--to", "https://b/studies", "--ca-file", "nowhere.pem"],
        "--ca-file nowhere.pem: No such file or directory",
    ),
    "no certificates in it": (
        ["results", "--to", "dicom+tls://A@b", "--ca-file", "text.pem"],
        "--ca-file text.pem: cannot be used",
    ),
    "a certificate without a key": (
        ["results", "--to", "https://b/studies", "--client-cert", "ca.pem"],
        "--client-cert ca.pem: cannot be used; name PEM files of a certificate and of its key",
    ),
    "a key without a certificate": (
        ["results", "--to", "fhir+https://b", "--client-key", "ca.pem"],
        "--client-key: needs --client-cert",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_of_the_user_is_one_line_and_code_1(
    call: Call,
    results: Path,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    monkeypatch.chdir(results.parent)
    Path("empty").mkdir()
    Path("text.pem").write_text("no certificate", encoding="utf-8")
    authority.cert_pem.write_to_path("ca.pem")
    arguments, words = REFUSED[case]
    ended = call("send", *arguments)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert words in ended.err
    assert "geheim" not in ended.err


def test_help_names_addresses_and_secrets_in_full(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    words = call("send", "--help").out.split()
    for secret in ("TOKEN,", "USER", "PASSWORD."):
        assert f"FRACTURE_LOCATOR_{secret}" in words
    for form in ("dicom://AET@HOST:PORT,", "dicom+tls://AET@HOST:PORT,", "https://HOST/…/studies"):
        assert form in words


@pytest.mark.parametrize("option", [["--timeout", "0"], ["--attempts", "0"], ["--port", "1"], []])
def test_wrong_usage_is_code_2(call: Call, results: Path, option: list[str]) -> None:
    to = [] if not option else ["--to", HERE]
    ended = call("send", results, *to, *option)
    assert (ended.code, ended.out) == (2, "")
    assert "Usage: " in ended.err


def test_without_the_extra_it_says_how_to_install_it(
    call: Call, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detect.extras.find_spec", lambda _: None)
    ended = call("send", results, "--to", HERE)
    assert ended.code == 1
    assert 'python -m pip install -e ".[send]" -c configs/constraints.txt' in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["dicom://A@", "http://"])
def test_an_interrupted_send_ends_at_once(results: Path, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        path = "" if "@" in scheme else "/studies"
        to = f"{scheme}127.0.0.1:{silent.getsockname()[1]}{path}"
        running = subprocess.Popen(
            [sys.executable, str(CLI), "send", str(results), "--to", to],
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = silent.accept()
        connection.recv(1)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=20)  # of the 60 seconds that it would wait
        connection.close()
    assert running.returncode == 130
    assert told == "interrupted; the same command goes on\n"
