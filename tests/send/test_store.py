"""C-STORE to an archive in this process: negotiation, refusals, broken associations."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from archive import Archive
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)
from result_objects import PATIENT, uid_of, write_object, write_results

from detect.errors import InputError, SendError
from detect.send.patience import Patience
from detect.send.run import SendOutcome

StartArchive = Callable[..., Archive]
SendTo = Callable[..., SendOutcome]
# pynetdicom leaves a socket that never connected to the collector of garbage
unconnected = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
KINDS = ("dicom-sr", "dicom-sc", "dicom-gsps")
ONCE = Patience(attempts=1)


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect here what else would be in the way of a later test."""
    yield
    gc.collect()


def data_set(path: Path) -> bytes:
    """The file behind its header, whose length PS3.10 section 7.1 puts into its first element."""
    content = path.read_bytes()
    return content[128 + 4 + 12 + int.from_bytes(content[140:144], "little") :]


def events(outcome: SendOutcome) -> list[tuple[str, str]]:
    lines = outcome.journal.read_text(encoding="utf-8").splitlines()[1:]
    return [(line["event"], line["path"]) for line in map(json.loads, lines)]


def test_all_kinds_arrive_byte_by_byte_and_only_once(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive()
    outcome = send_to(f"dicom://{peer.address}", results)
    assert (outcome.sent, outcome.before, outcome.not_sent) == (6, 0, 0)
    for kind in KINDS:
        for number in range(2):
            file = results / kind / "hand ü" / f"{number:03}.png.dcm"
            assert peer.stored[uid_of(kind, number)] == data_set(file)
    assert {syntax for _, syntax in peer.received} == {ExplicitVRLittleEndian, RLELossless}
    assert set(peer.calling) == {"FRACTURELOCATOR"}
    again = send_to(f"dicom://{peer.address}", results)
    assert (again.sent, again.before, again.not_sent) == (0, 6, 0)
    assert len(peer.received) == 6
    changed = results / "dicom-sr" / "hand ü" / "000.png.dcm"
    write_object(changed, "dicom-sr", 0, ContentTime="120000")
    assert send_to(f"dicom://{peer.address}", results).sent == 1
    assert b"120000" in peer.stored[uid_of("dicom-sr", 0)]


def test_formats_are_chosen(archive: StartArchive, send_to: SendTo, results: Path) -> None:
    peer = archive()
    outcome = send_to(f"dicom://{peer.address}", results, "dicom-gsps", "dicom-sr")
    assert outcome.sent == 4
    assert {uid for uid, _ in peer.received} == {
        uid_of(kind, number) for kind in ("dicom-gsps", "dicom-sr") for number in range(2)
    }
    with pytest.raises(InputError, match="--format fhir-r4: not for this destination; choose from"):
        send_to(f"dicom://{peer.address}", results, "fhir-r4")


def test_another_destination_has_a_journal_of_its_own(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    first, second = archive(), archive()
    assert send_to(f"dicom://{first.address}", results).sent == 6
    assert send_to(f"dicom://{second.address}", results).sent == 6
    assert len(list((results / "sent").glob("*.jsonl"))) == 2


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_peer_without_rle_gets_the_same_pixels_uncompressed(
    archive: StartArchive, send_to: SendTo, results: Path, syntax: str
) -> None:
    peer = archive(syntaxes=(syntax,))
    outcome = send_to(f"dicom://{peer.address}", results)
    assert (outcome.sent, outcome.not_sent) == (6, 0)
    assert {each for _, each in peer.received} == {syntax}
    picture = dcmread(results / "dicom-sc" / "hand ü" / "001.png.dcm")
    assert picture.pixel_array.tobytes() in peer.stored[uid_of("dicom-sc", 1)]
    told = outcome.journal.read_text(encoding="utf-8")
    assert told.count("sent in place of RLE Lossless: uncompressed") == 2


def test_a_class_that_the_peer_does_not_store_stops_no_other(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive(kinds=("dicom-sc",))
    outcome = send_to(f"dicom://{peer.address}", results)
    assert (outcome.sent, outcome.not_sent) == (2, 4)
    assert outcome.told[0].name == "dicom-sr/hand ü/000.png.dcm"
    assert all("does not store its SOP class" in each.reason for each in outcome.told)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0x0122, "does not store its SOP class (status 0x0122)"),
        (0x0124, "does not allow it (status 0x0124)"),
        (0xA901, "does not fit its SOP class (status 0xA901)"),
        (0xC123, "cannot understand it (status 0xC123)"),
        (0x0213, "does not accept it (status 0x0213)"),
    ],
)
def test_a_refused_object_is_told_and_the_others_go_on(
    archive: StartArchive, send_to: SendTo, results: Path, status: int, words: str
) -> None:
    peer = archive()
    peer.script = [status]
    outcome = send_to(f"dicom://{peer.address}", results, "dicom-sr")
    assert (outcome.sent, outcome.not_sent) == (1, 1)
    assert words in outcome.told[0].reason
    assert [event for event, _ in events(outcome)] == ["sending", "refused", "sending", "sent"]
    assert send_to(f"dicom://{peer.address}", results, "dicom-sr").sent == 1


@pytest.mark.parametrize("status", [0xB000, 0x0111])
def test_a_warning_and_a_duplicate_count_as_sent(
    archive: StartArchive, send_to: SendTo, results: Path, status: int
) -> None:
    peer = archive()
    peer.script = [status]
    outcome = send_to(f"dicom://{peer.address}", results, "dicom-sr")
    assert (outcome.sent, outcome.not_sent) == (2, 0)
    note = {0xB000: "with warning 0xB000", 0x0111: "already there"}[status]
    assert note in outcome.journal.read_text(encoding="utf-8")


def test_a_full_peer_is_tried_again(
    archive: StartArchive, send_to: SendTo, results: Path, caplog: pytest.LogCaptureFixture
) -> None:
    peer = archive()
    peer.script = [0xA700, 0xA700]
    with caplog.at_level(logging.WARNING, "detect"):
        assert send_to(f"dicom://{peer.address}", results, "dicom-sr").sent == 2
    assert len(peer.received) == 4
    assert "cannot store now (status 0xA700); trying again in" in caplog.text


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
    assert events(outcome)[1] == ("unsure", "dicom-sr/hand ü/000.png.dcm")
    assert send_to(f"dicom://{peer.address}", results).sent == 1


def test_after_three_objects_without_an_answer_the_rest_is_not_tried(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive()
    peer.script = ["abort"] * 3
    outcome = send_to(f"dicom://{peer.address}", results, patience=ONCE)
    assert (outcome.sent, outcome.not_sent) == (0, 6)
    assert [event for event, _ in events(outcome)][-3:] == ["not_sent"] * 3
    assert outcome.told[-1].reason.startswith("not tried: dicom://ARCHIVE@127.0.0.1:")
    assert outcome.told[-1].reason.endswith("run the same command later to go on")
    assert send_to(f"dicom://{peer.address}", results).sent == 6


def test_damaged_files_are_told_and_nothing_of_them_goes_out(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    folder = results / "dicom-sr" / "hand ü"
    whole = (folder / "000.png.dcm").read_bytes()
    (folder / "cut.dcm").write_bytes(whole[:-3])
    (folder / "half.dcm").write_bytes(whole[:300])
    (folder / "text.dcm").write_text("no DICOM", encoding="utf-8")
    (folder / "empty.dcm").touch()
    write_object(folder / "nameless.dcm", "dicom-sr", 5, StudyInstanceUID="")
    peer = archive()
    outcome = send_to(f"dicom://{peer.address}", results, "dicom-sr")
    assert (outcome.sent, outcome.not_sent) == (2, 5)
    told = {each.name.rpartition("/")[2]: each.reason for each in outcome.told}
    assert told["cut.dcm"] == "ends too early; write it again"
    assert told["text.dcm"] == told["empty.dcm"] == "is not a DICOM file"
    assert "lacks one of the UIDs" in told["nameless.dcm"]
    assert set(told) == {"cut.dcm", "half.dcm", "text.dcm", "empty.dcm", "nameless.dcm"}
    assert len(peer.received) == 2


def test_titles_that_the_peer_does_not_know(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    peer = archive(require_calling=("TRUSTED",))
    with pytest.raises(SendError, match="does not know the calling AE title FRACTURELOCATOR"):
        send_to(f"dicom://{peer.address}", results)
    other = peer.address.replace("ARCHIVE", "NOBODY")
    with pytest.raises(SendError, match="is no NOBODY; correct the AE title in --to"):
        send_to(f"dicom://{other}", results, calling_aet="TRUSTED")
    assert send_to(f"dicom://{peer.address}", results, calling_aet="TRUSTED").sent == 6
    assert set(peer.calling) == {"TRUSTED"}


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
    assert [event for event, _ in events(outcome)] == ["sending", "unsure"]


def test_a_lossless_jpeg_2000_colour_picture_keeps_its_colours(
    archive: StartArchive, send_to: SendTo, results: Path
) -> None:
    path = results / "dicom-sc" / "hand ü" / "000.png.dcm"
    picture = dcmread(path)
    pixels = picture.pixel_array
    picture.decompress(generate_instance_uid=False)
    picture.PhotometricInterpretation = "YBR_RCT"  # PS3.5 section 8.2.4
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "JPEG2000", no_jp2=True, irreversible=False, mct=1)
    picture.PixelData = encapsulate([encoded.getvalue()])
    picture["PixelData"].is_undefined_length = True
    picture.file_meta.TransferSyntaxUID = JPEG2000Lossless
    picture.save_as(path, enforce_file_format=True)
    peer = archive()
    assert send_to(f"dicom://{peer.address}", results, "dicom-sc").not_sent == 0
    assert pixels.tobytes() in peer.stored[uid_of("dicom-sc", 0)]
    assert b"RGB " in peer.stored[uid_of("dicom-sc", 0)]


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


def test_nothing_of_a_patient_is_told(
    archive: StartArchive,
    send_to: SendTo,
    results: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    peer = archive()
    peer.script = [0xA700, 0xC000, "abort", 0xB000]
    with caplog.at_level(logging.DEBUG):
        outcome = send_to(f"dicom://{peer.address}", results)
    told = caplog.text + "".join(capfd.readouterr()) + outcome.journal.read_text(encoding="utf-8")
    for name in PATIENT.split("^"):
        assert name not in told
    assert "GEHEIM" not in told
