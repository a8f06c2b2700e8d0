"""What objects take over from their source: sound, in any script, sloppy, or of another study."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from dicom_images import ROOT, errors_of, findings_at, reading_of, write_radiograph
from pydicom import Dataset, config, dcmread
from pydicom.uid import UID

from detect.errors import InputError, NotWrittenError
from detect.write.context import FormatOptions, WriteContext
from detect.write.dicom.common import complete, local_time
from detect.write.dicom.source import DicomSource, DicomSources
from detect.write.formats import write_formats

Contexts = Callable[..., WriteContext]
Report = Callable[..., Dataset]
CREATED = "2026-03-14T09:26:53+00:00"  # of the fixture `context`

needs_dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="needs dicom3tools: apt install dicom3tools"
)

# PS3.5 annexes H (Japanese) and the like; bytes by hand, not by pydicom
JAPANESE = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
NAMES = {
    "japanese": (["", "ISO 2022 IR 87"], JAPANESE, "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "cyrillic": ("ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
    "greek": ("ISO_IR 126", "Διονυσιος".encode("iso8859_7"), "Διονυσιος"),
    "utf-8": ("ISO_IR 192", "王^小东".encode(), "王^小东"),
    "gb18030": ("GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
    "misspelt": ("ISO-IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
    "python's": ("utf-8", "Müller".encode(), "Müller"),
    "unknown": ("KLINGON", "Müller".encode(), "Müller"),
    "not what it says": ("ISO_IR 192", "Müller".encode("latin-1"), "Müller"),
    "unstated UTF-8": (None, "Müller^Jürgen".encode(), "Müller^Jürgen"),
    "unstated Latin-1": (None, "Müller^Jürgen".encode("latin-1"), "Müller^Jürgen"),
    "unstated ASCII": (None, b"Miller^J", "Miller^J"),
}


@pytest.fixture
def report(tmp_path: Path, context: Contexts) -> Report:
    """Return what writes the report of an image, and parses it."""

    def one(path: Path, frame: int | None = None) -> Dataset:
        reading = reading_of(path, findings_at((1, 1, 9, 9)), frame=frame)
        missed = write_formats([reading], context(tmp_path / "out", path.parent), ["dicom-sr"])
        assert missed == ()
        (written,) = (tmp_path / "out").rglob("*.dcm")
        return dcmread(written)

    return one


@pytest.fixture
def source_of(context: Contexts, tmp_path: Path) -> Callable[[Path], DicomSource]:
    """Return what finds the source of an image without findings."""
    return lambda path: DicomSources(context(tmp_path, path.parent)).of(reading_of(path))


def put_name(path: Path, charset: Any, name: bytes) -> Path:
    """Write an image whose name is these bytes, whatever its character set says."""
    write_radiograph(path, SpecificCharacterSet=None, PatientName="N" * len(name))
    content = path.read_bytes()
    assert content.count(b"N" * len(name)) == 1
    path.write_bytes(content.replace(b"N" * len(name), name))
    if charset is not None:
        stated = charset if isinstance(charset, str) else "\\".join(charset)
        stated += " " * (len(stated) % 2)
        element = b"\x08\x00\x05\x00CS" + len(stated).to_bytes(2, "little") + stated.encode()
        content = path.read_bytes()
        start = content.index(b"\x08\x00\x16\x00UI")
        path.write_bytes(content[:start] + element + content[start:])
    return path


@needs_dciodvfy
@pytest.mark.parametrize("kind", NAMES)
def test_names_come_back_as_they_were(
    tmp_path: Path, report: Report, kind: str, recwarn: pytest.WarningsRecorder
) -> None:
    charset, name, text = NAMES[kind]
    name += b" " * (len(name) % 2)
    path = put_name(tmp_path / "in/a.dcm", charset, name)
    found = report(path)
    assert str(found.PatientName) == text
    (written,) = (tmp_path / "out").rglob("*.dcm")
    assert name in written.read_bytes()
    assert errors_of(written) == []
    if kind in ("japanese", "cyrillic", "greek", "utf-8", "gb18030"):
        stated = found.SpecificCharacterSet
        assert (stated if isinstance(stated, str) else list(stated)) == charset
    assert [w for w in recwarn if "pydicom" in w.filename] == []


def test_patient_and_study_are_copied_and_no_more(tmp_path: Path, report: Report) -> None:
    path = write_radiograph(
        tmp_path / "a.dcm",
        PatientAddress="Secret street",
        PatientComments="Secret comment",
        OtherPatientNames="Secret^Alias",
        InstitutionName="Secret hospital",
        OperatorsName="Secret^Operator",
        StudyDescription="Secret description",
        PatientAge="056Y",
        DeviceSerialNumber="Secret device",
    )
    image, made = dcmread(path), report(path)
    for keyword in (
        *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID"),
        *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
    ):
        assert made[keyword].value == image[keyword].value, keyword
    assert "Secret" not in str(made)
    assert "PatientAge" not in made


def test_of_an_animal_what_is_required_is_copied_too(tmp_path: Path, report: Report) -> None:
    path = write_radiograph(
        tmp_path / "a.dcm", PatientSpeciesDescription="Canis lupus", ResponsiblePerson="Herr^Hund"
    )
    made = report(path)
    assert (made.PatientSpeciesDescription, str(made.ResponsiblePerson)) == (
        "Canis lupus",
        "Herr^Hund",
    )
    assert made.PatientBreedDescription == ""


SLOPPY: dict[str, dict[str, Any]] = {
    "nothing about patient and study": dict.fromkeys(
        [
            *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate"),
            *("StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
            *("SpecificCharacterSet", "SeriesNumber", "InstanceNumber", "BodyPartExamined"),
            "Laterality",
        ]
    ),
    "no UIDs": {"StudyInstanceUID": None, "SeriesInstanceUID": None, "SOPInstanceUID": None},
    "no UID is one": {"StudyInstanceUID": "study", "SeriesInstanceUID": "", "SOPInstanceUID": "?"},
    "dates of old": {
        "StudyDate": "2026.01.02",
        "StudyTime": "10:11:12",
        "PatientBirthDate": "1970",
    },
    "no dates": {"StudyDate": "yesterday", "StudyTime": "25", "PatientBirthDate": "20250229"},
    "odd sex": {"PatientSex": "m"},
    "odder sex": {"PatientSex": "UNKNOWN"},
    "numbers that are none": {"SeriesNumber": "", "BodyPartExamined": "Hand, links (2 Ebenen)"},
    "several where there is one": {"StudyID": ["S-1", "S-2"], "PatientID": ["P-1", "P-2"]},
    "odd anatomy": {"BodyPartExamined": "?", "Laterality": "LEFT"},
}


@needs_dciodvfy
@pytest.mark.parametrize("kind", SLOPPY)
def test_sloppy_sources_get_sound_objects(tmp_path: Path, report: Report, kind: str) -> None:
    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        path = write_radiograph(tmp_path / "in/a.dcm", **SLOPPY[kind])
    made = report(path)
    (written,) = (tmp_path / "out").rglob("*.dcm")
    assert errors_of(written) == []
    assert UID(made.StudyInstanceUID).is_valid
    assert UID(made.CurrentRequestedProcedureEvidenceSequence[0].StudyInstanceUID).is_valid


def test_values_are_put_right_by_rule(tmp_path: Path, report: Report) -> None:
    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        path = write_radiograph(
            tmp_path / "a.dcm",
            StudyDate="2026.01.02",
            StudyTime="10:11:12",
            PatientBirthDate="1970",
            PatientSex="f",
            PatientID="P" * 70,
        )
        made = report(path)
    assert (made.StudyDate, made.StudyTime, made.PatientBirthDate) == ("20260102", "101112", "")
    assert (made.PatientSex, made.get_item("PatientID").value) == ("F", b"P" * 70)


def test_a_wrong_vr_changes_nothing(tmp_path: Path, report: Report) -> None:
    path = write_radiograph(tmp_path / "in/a.dcm", AccessionNumber="A-1234567890")
    content = path.read_bytes()
    for element, right, wrong in (
        (b"\x10\x00\x20\x00", b"LO", b"US"),
        (b"\x10\x00\x10\x00", b"PN", b"LO"),
        (b"\x08\x00\x50\x00", b"SH", b"FD"),
    ):
        assert content.count(element + right) == 1
        content = content.replace(element + right, element + wrong)
    path.write_bytes(content)
    made = report(path)
    named = (str(made.PatientName), made.PatientID, made.AccessionNumber)
    assert named == ("Müller^Jürgen", "P-1", "A-1234567890")


def test_what_has_no_uid_gets_one_by_its_file(
    tmp_path: Path, source_of: Callable[[Path], DicomSource]
) -> None:
    bare = {"StudyInstanceUID": None, "SeriesInstanceUID": None, "SOPInstanceUID": None}
    first = source_of(write_radiograph(tmp_path / "a.dcm", **bare))
    again = source_of(write_radiograph(tmp_path / "b.dcm", **bare))
    other = source_of(write_radiograph(tmp_path / "c.dcm", **bare, PatientID="P-2"))
    assert first.study_instance_uid == again.study_instance_uid != other.study_instance_uid
    # the file meta information still names the instance
    assert first.image.sop_instance_uid == f"{ROOT}.3"
    uids = {first.study_instance_uid, first.image.series_instance_uid, first.image.sop_instance_uid}
    assert len(uids) == 3


def test_a_study_that_is_made_up_is_told(
    tmp_path: Path,
    source_of: Callable[[Path], DicomSource],
    caplog: pytest.LogCaptureFixture,
) -> None:
    source_of(write_radiograph(tmp_path / "whole.dcm"))
    assert caplog.messages == []
    source_of(write_radiograph(tmp_path / "a.dcm", StudyInstanceUID=None))
    (told,) = caplog.messages
    assert told.startswith("a.dcm: lacks StudyInstanceUID; its objects get a UID made of the file")


def test_without_preamble_and_meta_information(
    tmp_path: Path, source_of: Callable[[Path], DicomSource]
) -> None:
    path = write_radiograph(tmp_path / "a.dcm", SOPClassUID=None, SOPInstanceUID=None)
    dataset = dcmread(path)
    del dataset.file_meta
    with path.open("wb") as file:
        dataset.save_as(file, implicit_vr=True, little_endian=True)
    source = source_of(path)
    assert UID(source.image.sop_class_uid).name == "Computed Radiography Image Storage"
    assert source.image.sop_instance_uid.startswith("2.25.")


def test_a_zone_is_kept_and_never_made_up(
    tmp_path: Path, report: Report, source_of: Callable[[Path], DicomSource]
) -> None:
    stated = report(write_radiograph(tmp_path / "in/a.dcm", TimezoneOffsetFromUTC="+0530"))
    assert (stated.TimezoneOffsetFromUTC, stated.ContentTime) == ("+0530", "145653")
    contribution = stated.ContributingEquipmentSequence[0].ContributionDateTime
    assert contribution == "20260314145653+0530"

    source = source_of(write_radiograph(tmp_path / "b.dcm"))
    moment = datetime.fromisoformat("2026-03-14T23:30:00-03:00")
    made = Dataset()
    made.SOPClassUID, made.ContentDate = source.image.sop_class_uid, ""
    complete(made, source, "dicom-sr", moment)
    assert "TimezoneOffsetFromUTC" not in made  # nobody knows the zone of StudyTime
    assert (made.ContentDate, made.ContentTime) == ("20260315", "023000")
    timeless = source_of(write_radiograph(tmp_path / "c.dcm", StudyDate="", StudyTime=""))
    complete(made, timeless, "dicom-sr", moment)
    assert made.TimezoneOffsetFromUTC == "+0000"
    west = source_of(write_radiograph(tmp_path / "d.dcm", TimezoneOffsetFromUTC="-0330"))
    assert local_time(west, moment).tzinfo == timezone(-timedelta(hours=3, minutes=30))


def test_nothing_of_the_patient_is_logged(
    tmp_path: Path, report: Report, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        path = write_radiograph(
            tmp_path / "a.dcm", PatientName="Secret^Sophie" * 9, PatientID="Secret" * 20
        )
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report(path)
    assert "Secret" not in caplog.text
    assert not [w for w in caught if "Secret" in str(w.message)]


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"no DICOM", "is no DICOM file"), (b"", "is no DICOM file")],
)
def test_a_study_to_join_must_be_one(
    tmp_path: Path, context: Contexts, content: bytes | None, why: str
) -> None:
    path = tmp_path / "study.dcm"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"--as-secondary-capture-of .*{why}"):
        DicomSources(context(tmp_path, options=FormatOptions(secondary_capture_of=path)))


def test_a_study_to_join_needs_its_uid(tmp_path: Path, context: Contexts) -> None:
    path = write_radiograph(tmp_path / "a.dcm", StudyInstanceUID=None)
    with pytest.raises(InputError, match="has no StudyInstanceUID"):
        DicomSources(context(tmp_path, options=FormatOptions(secondary_capture_of=path)))


def test_an_image_that_has_changed_is_refused(tmp_path: Path, context: Contexts) -> None:
    reading = reading_of(write_radiograph(tmp_path / "a.dcm"))
    write_radiograph(tmp_path / "a.dcm", PatientID="P-2")
    with pytest.raises(NotWrittenError, match="its hash differs"):
        DicomSources(context(tmp_path, tmp_path)).of(reading)
