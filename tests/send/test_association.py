"""Associations that break, stall, are not to be had, or run over TLS."""

from __future__ import annotations

import contextlib
import gc
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from archive import Archive
from result_objects import events_in, uid_of, write_results

from detect.errors import SendError
from detect.send.patience import Patience
from detect.send.run import SendOutcome

StartArchive = Callable[..., Archive]
SendTo = Callable[..., SendOutcome]
# pynetdicom leaves a socket that never connected to the collector of garbage
unconnected = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ONCE = Patience(attempts=1)


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect here what else would be in the way of a later test."""
    yield
    gc.collect()


@pytest.mark.parametrize("step", ["abort", "abort after storing"])
def test_a_broken_association_is_made_anew(
    archive: StartArchive, send_to: SendTo, results: Path, step: str
) -> None:
    peer = archive()
    peer.script = [0, step]
    outcome = send_to(f"dicom://{peer.address}", results, "dicom-sr")
    assert (outcome.sent, outcome.not_sent) == (2, 0)
    assert peer.associations == 2
    first, second = uid_of("dicom-sr", 0), uid_of("dicom-sr", 1)
    assert [uid for uid, _ in peer.received] == [first, second, second]


def test_an_object_that_breaks_each_association_stops_no_other(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive()
    peer.script = ["abort"]
    outcome = send_to(f"dicom://{peer.address}", results, patience=ONCE)
    assert (outcome.sent, outcome.not_sent) == (5, 1)
    assert events_in(outcome.journal)[1] == ("unsure", "dicom-sr/hand ü/000.png.dcm")
    assert send_to(f"dicom://{peer.address}", results).sent == 1


def test_after_three_objects_without_an_answer_the_rest_is_not_tried(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive()
    peer.script = ["abort"] * 3
    outcome = send_to(f"dicom://{peer.address}", results, patience=ONCE)
    assert (outcome.sent, outcome.not_sent) == (0, 6)
    assert [event for event, _ in events_in(outcome.journal)][-3:] == ["not_sent"] * 3
    assert outcome.told[-1].reason.startswith("not tried: dicom://ARCHIVE@127.0.0.1:")
    assert outcome.told[-1].reason.endswith("run the same command later to go on")
    assert send_to(f"dicom://{peer.address}", results).sent == 6


@unconnected
@pytest.mark.usefixtures("collected")
def test_a_host_that_refuses_and_one_that_is_not(send_to: SendTo, results: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        with pytest.raises(SendError, match=r"cannot be reached \(Connection refused\); run the"):
            send_to(f"dicom://A@127.0.0.1:{port}", results)
    (journal,) = (results / "sent").glob("*.jsonl")
    assert journal.read_text(encoding="utf-8").count("\n") == 3  # a peer that is away fills no disk
    with pytest.raises(SendError, match=r"dicom://A@nowhere\.invalid:104: no such host; check"):
        send_to("dicom://A@nowhere.invalid", results)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes a connection, and nothing of what is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connections: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connections.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in connections:
            each.close()


@unconnected
@pytest.mark.usefixtures("collected")
def test_a_peer_that_says_nothing_is_given_up(send_to: SendTo, results: Path, silent: int) -> None:
    with pytest.raises(SendError, match="gives no DICOM answer; check the port"):
        send_to(f"dicom://A@127.0.0.1:{silent}", results, timeout=0.3, patience=ONCE)


def pump(source: socket.socket, sink: socket.socket, most: int | None) -> None:
    """Hand on what comes, of one direction; after `most` bytes no more is taken, until the end."""
    passed = 0
    with contextlib.suppress(OSError):
        while most is None or passed < most:
            if not (piece := source.recv(1 << 16)):
                break
            passed += len(piece)
            sink.sendall(piece)
        else:
            return
    for each in (source, sink):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def test_a_peer_that_takes_no_more_of_an_object_is_given_up(
    archive: StartArchive, send_to: SendTo, tmp_path: Path
) -> None:
    # more than the buffers of both ends hold, so that the rest waits for the peer
    folder = write_results(tmp_path / "large", 1, "dicom-sc", side=2500)
    peer = archive()
    host, _, port = peer.address.partition("@")[2].partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        to = f"dicom://ARCHIVE@127.0.0.1:{listening.getsockname()[1]}"

        def serve() -> None:
            ours, _ = listening.accept()
            theirs = socket.create_connection((host, int(port)))
            back = threading.Thread(target=pump, args=(theirs, ours, None))
            back.start()
            pump(ours, theirs, 200_000)
            given_up.wait(30)
            for each in (ours, theirs):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            back.join()
            ours.close()
            theirs.close()

        given_up = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        outcome = send_to(to, folder, timeout=0.5, patience=ONCE)
        given_up.set()
        thread.join()
    assert (outcome.sent, outcome.not_sent) == (0, 1)
    assert "the association broke off" in outcome.told[0].reason
    assert [event for event, _ in events_in(outcome.journal)] == ["sending", "unsure"]


@unconnected
@pytest.mark.usefixtures("collected")
def test_tls_is_verified(
    archive: StartArchive,
    send_to: SendTo,
    results: Path,
    authority: trustme.CA,
    server_tls: ssl.SSLContext,
    ca_file: Path,
) -> None:
    authority.configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    ours = ca_file.with_name("ours.pem")
    authority.issue_cert("us.example").private_key_and_cert_chain_pem.write_to_path(ours)
    peer = archive(tls=server_tls)
    to = f"dicom+tls://{peer.address}"
    with pytest.raises(SendError, match=r"its certificate is not trusted .*--ca-file"):
        send_to(to, results)
    with pytest.raises(SendError, match=r"gives no DICOM answer|does not agree on TLS"):
        send_to(to, results, ca_file=ca_file, timeout=1.0, patience=ONCE)
    outcome = send_to(to, results, ca_file=ca_file, client_cert=ours)
    assert (outcome.sent, outcome.not_sent) == (6, 0)
