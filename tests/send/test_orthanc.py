"""Orthanc takes what is sent, gives it back unchanged, and has it once after it went down."""

from __future__ import annotations

import gc
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import Call
from dicomweb_client.api import DICOMwebClient
from orthanc_server import Orthanc
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind
from result_objects import STUDY, write_results

from detect.data.phantom.writer import write_phantoms
from detect.errors import SendError
from detect.send.patience import Patience
from detect.send.run import SendOutcome

SendTo = Callable[..., SendOutcome]
KINDS = ("dicom-sr", "dicom-sc", "dicom-gsps")
HASTY = Patience(attempts=2, pause=0.05, longest=0.1)
MANY = 60

pytestmark = [
    pytest.mark.slow,
    # pynetdicom leaves a socket that never connected to the collector of garbage
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect here what else would be in the way of a later test."""
    yield
    gc.collect()


def address(orthanc: Orthanc, protocol: str) -> str:
    if protocol == "dicom":
        return f"dicom://{orthanc.aet}@{orthanc.host}:{orthanc.port}"
    return f"{orthanc.dicomweb}/studies"


def sent_files(folder: Path) -> dict[str, Path]:
    return {str(dcmread(path).SOPInstanceUID): path for path in folder.rglob("*.dcm")}


def sent_uids(outcome: SendOutcome) -> set[str]:
    lines = map(json.loads, outcome.journal.read_text(encoding="utf-8").splitlines()[1:])
    return {line["uid"] for line in lines if line["event"] == "sent"}


@pytest.mark.parametrize("protocol", ["dicom", "dicomweb"])
def test_orthanc_gives_back_what_was_sent(
    orthanc: Orthanc, send_to: SendTo, tmp_path: Path, protocol: str
) -> None:
    folder = write_results(tmp_path / "results", 3, *KINDS)
    outcome = send_to(address(orthanc, protocol), folder)
    assert (outcome.sent, outcome.not_sent) == (9, 0)
    files, stored = sent_files(folder), orthanc.files()
    assert set(stored) == set(files)
    client = DICOMwebClient(orthanc.dicomweb)
    for uid, path in files.items():
        ours = dcmread(path)
        got = client.retrieve_instance(
            STUDY, ours.SeriesInstanceUID, uid, media_types=(("application/dicom", "*"),)
        )
        assert got == ours
        assert got.file_meta.TransferSyntaxUID == ours.file_meta.TransferSyntaxUID
        if protocol == "dicomweb":
            assert stored[uid] == path.read_bytes()
    found = client.search_for_instances(STUDY)
    assert sorted(each["00080018"]["Value"][0] for each in found) == sorted(files)


def test_orthanc_finds_what_was_sent(orthanc: Orthanc, send_to: SendTo, tmp_path: Path) -> None:
    folder = write_results(tmp_path / "results", 2, *KINDS)
    send_to(address(orthanc, "dicom"), folder)
    entity = AE("FINDSCU")
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    association = entity.associate(orthanc.host, orthanc.port, ae_title=orthanc.aet)
    found = set()
    for series in {dcmread(path).SeriesInstanceUID for path in folder.rglob("*.dcm")}:
        query = Dataset()
        query.QueryRetrieveLevel = "IMAGE"
        query.StudyInstanceUID, query.SeriesInstanceUID = STUDY, series
        query.SOPInstanceUID = ""
        model = StudyRootQueryRetrieveInformationModelFind
        for status, answer in association.send_c_find(query, model):
            assert status.Status in (0x0000, 0xFF00)
            if answer is not None:
                found.add(str(answer.SOPInstanceUID))
    association.release()
    assert found == set(sent_files(folder))


def kill_at(orthanc: Orthanc, number: int) -> threading.Thread:
    """Kill it as soon as it has so many objects."""

    def watch() -> None:
        deadline = time.monotonic() + 120
        while orthanc.get("/statistics")["CountInstances"] < number:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        orthanc.kill()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.parametrize("protocol", ["dicom", "dicomweb"])
def test_orthanc_killed_in_the_middle_has_all_objects_once_in_the_end(
    orthanc: Orthanc, send_to: SendTo, tmp_path: Path, protocol: str
) -> None:
    folder = write_results(tmp_path / "results", MANY, *KINDS, side=128)
    to, files = address(orthanc, protocol), sent_files(folder)
    killer = kill_at(orthanc, MANY)
    broken = send_to(to, folder, patience=HASTY)
    killer.join()
    assert MANY - 1 <= broken.sent < 3 * MANY
    assert broken.sent + broken.not_sent == 3 * MANY
    with pytest.raises(SendError, match="cannot be reached"):
        send_to(to, folder, patience=HASTY)
    orthanc.start()
    assert sent_uids(broken) <= set(orthanc.files())  # nothing acknowledged is lost
    whole = send_to(to, folder)
    assert (whole.sent, whole.before, whole.not_sent) == (broken.not_sent, broken.sent, 0)
    stored = orthanc.files()  # asserts that none is there twice
    assert set(stored) == set(files)
    for uid, path in files.items():
        (tmp_path / "stored.dcm").write_bytes(stored[uid])
        assert dcmread(tmp_path / "stored.dcm") == dcmread(path)
    assert send_to(to, folder).before == 3 * MANY
    assert orthanc.get("/statistics")["CountInstances"] == 3 * MANY


def test_a_second_sending_of_all_makes_nothing_double(
    orthanc: Orthanc, send_to: SendTo, tmp_path: Path
) -> None:
    folder = write_results(tmp_path / "results", 2, *KINDS)
    for protocol in ("dicom", "dicomweb"):  # two destinations, of which each knows nothing
        assert send_to(address(orthanc, protocol), folder).sent == 6
    assert orthanc.get("/statistics")["CountInstances"] == 6
    for journal in (folder / "sent").glob("*.jsonl"):
        journal.unlink()
    assert send_to(address(orthanc, "dicomweb"), folder).sent == 6
    assert orthanc.get("/statistics")["CountInstances"] == 6


def test_the_command_with_a_title_that_orthanc_does_not_know(
    orthanc: Orthanc, call: Call, tmp_path: Path
) -> None:
    folder = write_results(tmp_path / "results", 1, "dicom-sr")
    to = address(orthanc, "dicom")
    ended = call("send", folder, "--to", to, "--calling-aet", "STRANGER")
    assert ended.code == 1
    assert "does not know the calling AE title STRANGER" in ended.err
    assert call("send", folder, "--to", to.replace("ORTHANC", "OTHER")).code == 1
    ended = call("send", folder, "--to", to)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"1 sent to {to}, 0 sent before, 0 not sent. Journal: ")


def test_what_detect_writes_arrives_unchanged(orthanc: Orthanc, call: Call, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "set", 2, form="dicom", size=(320, 256))
    out = tmp_path / "out"
    formats = [word for kind in KINDS for word in ("--format", kind)]
    assert call("detect", tmp_path / "set" / "images", "--out", out, *formats).code == 0
    ended = call("send", out, "--to", address(orthanc, "dicomweb"))
    assert (ended.code, ended.err) == (0, "")
    files = sent_files(out)
    assert len(files) == 6
    assert orthanc.files() == {uid: path.read_bytes() for uid, path in files.items()}
    before = call("send", out, "--to", address(orthanc, "dicom")).out
    assert before.startswith(
        "6 sent to "
    )  # another destination; Orthanc has them once all the same
    assert orthanc.get("/statistics")["CountInstances"] == 6
