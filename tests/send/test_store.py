"""C-STORE to an archive in this process: what arrives, what is refused, and what is told."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
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
from result_objects import PATIENT, events_in, uid_of, write_object

from detect.errors import InputError, SendError
from detect.send.run import SendOutcome

StartArchive = Callable[..., Archive]
SendTo = Callable[..., SendOutcome]
KINDS = ("dicom-sr", "dicom-sc", "dicom-gsps")


def data_set(path: Path) -> bytes:
    """The file behind its header, whose length PS3.10 section 7.1 puts into its first element."""
    content = path.read_bytes()
    return content[128 + 4 + 12 + int.from_bytes(content[140:144], "little") :]


def test_all_kinds_arrive_byte_by_byte_and_only_once(
    archive: StartArchive, send_to: SendTo, results: Path, caplog: pytest.LogCaptureFixture
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
    assert "000.png.dcm: another content of the same UID was sent before" in caplog.text
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
    assert [event for event, _ in events_in(outcome.journal)] == [
        "sending",
        "refused",
        "sending",
        "sent",
    ]
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
