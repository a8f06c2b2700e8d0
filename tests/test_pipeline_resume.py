"""A run that goes on, one that must not, and how much of it is under way at once."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, XRayRadiofluoroscopicImageStorage

from detect import pipeline
from detect.errors import InputError, OutputError
from detect.pipeline import DetectRequest, Outcome, detect_folder

MakeBundle = Callable[..., Path]


def run(*paths: Path, out: Path, weights: str = "fracture-n", **options: Any) -> Outcome:
    return detect_folder(
        DetectRequest(tuple(str(path) for path in paths), out, str(weights), **options)
    )


def lines(out: Path) -> list[dict[str, Any]]:
    text = (out / "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def timeless(out: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines(out)]


@pytest.fixture
def copies(tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]) -> Path:
    """A folder of forty copies of one picture."""
    folder = tmp_path / "copies"
    folder.mkdir()
    Image.fromarray(phantom_pixels[0]).save(folder / "00.png")
    for number in range(1, 40):
        (folder / f"{number:02}.png").hardlink_to(folder / "00.png")
    return folder


def write_multi_frame(path: Path, frames: np.ndarray) -> None:
    """Write a fluoroscopy object: `frames` uint8, shape (frames, rows, columns)."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = XRayRadiofluoroscopicImageStorage
    dataset.SOPInstanceUID, dataset.StudyInstanceUID = "1.2.3", "1.2"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.Modality = "RF"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.PixelData = frames.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path, enforce_file_format=True)


def test_each_frame_of_an_object_is_read(
    tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]
) -> None:
    frames = np.stack([pixels // 257 for pixels in phantom_pixels[:3]]).astype(np.uint8)
    write_multi_frame(tmp_path / "run.dcm", frames)
    outcome = run(tmp_path / "run.dcm", out=tmp_path / "out")
    assert outcome.read == 3
    sources = [line["source"] for line in lines(tmp_path / "out")]
    assert [(source["path"], source["frame"]) for source in sources] == [
        ("run.dcm", 1),
        ("run.dcm", 2),
        ("run.dcm", 3),
    ]
    assert {source["sop_instance_uid"] for source in sources} == {"1.2.3"}
    images = tmp_path / "out" / "images"
    expected = [f"run.dcm.frame{n}.jpg" for n in (1, 2, 3)]
    assert sorted(path.name for path in images.iterdir()) == expected
    with Image.open(images / expected[0]) as one, Image.open(images / expected[1]) as two:
        assert one.tobytes() != two.tobytes()

    cut = (tmp_path / "out" / "results.jsonl").read_bytes().splitlines(keepends=True)
    before = timeless(tmp_path / "out")
    (tmp_path / "out" / "results.jsonl").write_bytes(cut[0])  # killed between two frames
    run(tmp_path / "run.dcm", out=tmp_path / "out", resume=True)
    assert timeless(tmp_path / "out") == before


def test_a_format_that_did_not_go_on_with_the_run_is_told(
    radiographs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out, options = tmp_path / "out", {"images": False}
    run(radiographs, out=out, formats=("coco",), **options)
    cut = (out / "results.jsonl").read_bytes().splitlines(keepends=True)
    (out / "results.jsonl").write_bytes(b"".join(cut[:2]))
    run(radiographs, out=out, resume=True, **options)
    assert caplog.messages == [
        f"{out}: coco in it lacks what was read since; --resume --format coco writes it again"
    ]
    caplog.clear()
    run(radiographs, out=out, resume=True, formats=("coco",), **options)
    run(radiographs, out=out, resume=True, **options)
    assert caplog.messages == []


def test_a_folder_with_results_is_neither_mixed_nor_dropped(
    radiographs: Path, tmp_path: Path, make_bundle: MakeBundle
) -> None:
    out, weights = tmp_path / "out", str(make_bundle())
    options: dict[str, Any] = {"out": out, "images": False}
    run(radiographs, weights=weights, **options)
    before = timeless(out)
    with pytest.raises(InputError, match=r"holds results already; --resume .* --overwrite"):
        run(radiographs, weights=weights, **options)
    other = str(make_bundle("other", balanced=0.123))
    for change, named in (
        ({"operating_point": "screening"}, "operating_point"),
        ({"min_score": 0.5}, "min_score"),
        ({"weights": other}, "bundle"),
        ({"images": True}, "images"),
        ({"heatmap": True}, "heatmap"),
        ({"mirror": True}, "mirror"),
    ):
        with pytest.raises(InputError, match=f"--resume: {named} differ from the run in"):
            run(radiographs, resume=True, **({"weights": weights} | options | change))
    twin = tmp_path / "twin"  # the same names below it
    shutil.copytree(radiographs, twin)
    for paths in ((twin,), (radiographs, twin), (radiographs / "a.png",)):
        with pytest.raises(InputError, match="--resume: inputs differ from the run in"):
            run(*paths, resume=True, weights=weights, **options)
    assert timeless(out) == before
    run(radiographs / "a.png", weights=other, overwrite=True, **options)
    assert [line["source"]["path"] for line in lines(out)] == ["a.png"]


def test_arithmetics_are_not_mixed(
    radiographs: Path, tmp_path: Path, make_bundle: MakeBundle
) -> None:
    """Refused before the network is loaded, so no graph in 8 bits is needed."""
    out, file = tmp_path / "out", tmp_path / "out" / "run.yaml"
    options: dict[str, Any] = {"out": out, "images": False, "weights": str(make_bundle())}
    run(radiographs, runtime="openvino", **options)
    said = yaml.safe_load(file.read_bytes())
    assert (said["runtime"], said["precision"]) == ("openvino", "float32")

    def refused(runtime: str) -> None:
        before = [(out / name).read_bytes() for name in ("results.jsonl", "run.yaml")]
        with pytest.raises(InputError, match="--resume: precision differ from the run in") as line:
            run(radiographs, runtime=runtime, resume=True, **options)
        assert "\n" not in str(line.value)
        assert [(out / name).read_bytes() for name in ("results.jsonl", "run.yaml")] == before

    for runtime in ("openvino-int8", "openvino-bf16"):
        refused(runtime)
    cut = (out / "results.jsonl").read_bytes().splitlines(keepends=True)
    (out / "results.jsonl").write_bytes(cut[0])
    assert run(radiographs, runtime="onnxruntime", resume=True, **options).read == 4
    assert yaml.safe_load(file.read_bytes())["runtime"] == "onnxruntime"

    # one that was begun in 8 bits; then as written before run.yaml stated it
    said |= {"runtime": "openvino-int8", "precision": "int8"}
    for _ in range(2):
        file.write_text(yaml.safe_dump(said), encoding="utf-8")
        refused("openvino")
        refused("openvino-bf16")
        said.pop("precision", None)
    del said["runtime"]
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    refused("openvino-int8")
    assert run(radiographs, runtime="openvino", resume=True, **options).read == 4


def test_resume_reads_only_what_is_missing(
    radiographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    (radiographs / "a-text.jpg").write_text("no picture", encoding="utf-8")
    run(radiographs, out=out)
    before = timeless(out)
    tables = [(out / name).read_bytes() for name in ("results.csv", "findings.csv")]
    kept = (out / "results.jsonl").read_bytes().splitlines(keepends=True)[:2]
    # as a kill leaves it: a line cut off, no tables yet
    (out / "results.jsonl").write_bytes(b"".join(kept) + b'{"schema_version": "1.0", "ki')
    (out / "results.csv").unlink()
    opened: list[str] = []
    real = pipeline.read

    def read(path: Path, name: str) -> Any:
        opened.append(name)
        return real(path, name)

    monkeypatch.setattr(pipeline, "read", read)
    outcome = run(radiographs, out=out, resume=True)
    assert sorted(opened) == ["b.jpg", "hand/c.tif", "hand/left/d e ü.png"]
    assert (outcome.read, outcome.failures) == (4, 1)
    assert timeless(out) == before
    assert [(out / name).read_bytes() for name in ("results.csv", "findings.csv")] == tables
    settings = yaml.safe_load((out / "run.yaml").read_bytes())
    del settings["mirror"]  # as before one could ask for it
    (out / "run.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    run(radiographs, out=out, resume=True)
    assert len(opened) == 3


@pytest.mark.parametrize("how", ["changed", "gone", "mended"])
def test_resume_refuses_a_file_that_is_no_longer_the_one_recorded(
    radiographs: Path, tmp_path: Path, how: str
) -> None:
    out, file = tmp_path / "out", radiographs / "b.jpg"
    sound = file.read_bytes()
    if how == "mended":
        file.unlink()
        file.symlink_to("nowhere")
    run(radiographs, out=out, images=False)
    before = [(out / name).read_bytes() for name in ("results.jsonl", "run.yaml")]
    if how == "changed":
        shutil.copy(radiographs / "a.png", file)
    else:
        file.unlink()
        if how == "mended":
            file.write_bytes(sound)
        else:
            file.symlink_to("nowhere")
    with pytest.raises(InputError, match=r"--resume: .*b\.jpg has changed .*--overwrite") as caught:
        run(radiographs, out=out, images=False, resume=True)
    assert "\n" not in str(caught.value)
    after = [(out / name).read_bytes() for name in ("results.jsonl", "run.yaml")]
    assert after == before


def test_resume_takes_new_files_and_folders_that_are_no_text(
    radiographs: Path, tmp_path: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff"))
    shutil.copytree(radiographs / "hand", odd)
    out = tmp_path / "out"
    run(odd, out=out, images=False)
    shutil.copy(radiographs / "a.png", odd / "a.png")
    assert run(odd, out=out, images=False, resume=True).read == 3
    names = [line["source"]["path"] for line in lines(out)]
    assert names == ["c.tif", "left/d e ü.png", "a.png"]


def test_overwrite_leaves_nothing_of_the_old_run_and_all_of_the_user(
    radiographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(radiographs, out=out)
    (out / "images" / "hand" / ".0123456789abcdef.part").write_bytes(b"left by a kill")
    mine = [out / "notes.txt", out / "images" / "hand" / "notes.txt", out / "results.xlsx"]
    for path in mine:
        path.write_text("mine", encoding="utf-8")
    run(radiographs / "a.png", out=out, overwrite=True)
    left = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert left == {
        *(path.relative_to(out).as_posix() for path in mine),
        *("images/a.png.jpg", "results.jsonl", "results.csv", "findings.csv", "run.yaml"),
    }
    assert not (out / "images" / "hand" / "left").exists()
    with (out / "results.csv").open(encoding="utf-8") as file:
        assert len(file.readlines()) == 2


def test_overwrite_clears_no_folder_that_holds_no_run(radiographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "images").mkdir(parents=True)
    (out / "images" / "holiday.jpg").write_bytes(b"a picture")
    (out / "results.jsonl").write_text("", encoding="utf-8")
    run(radiographs / "a.png", out=out, overwrite=True, images=False)
    assert (out / "images" / "holiday.jpg").read_bytes() == b"a picture"


def test_a_run_that_cannot_start_clears_nothing(radiographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(radiographs, out=out)
    before = sorted(path for path in out.rglob("*"))
    with pytest.raises(InputError):
        run(radiographs, out=out, overwrite=True, operating_point="guess")
    assert sorted(path for path in out.rglob("*")) == before


def test_resume_in_a_fresh_folder_is_a_run(radiographs: Path, tmp_path: Path) -> None:
    assert run(radiographs, out=tmp_path / "out", resume=True).read == 4


@pytest.mark.parametrize("text", [None, "", "- a list", "bundle: {", "\0"])
def test_resume_without_a_sound_run_file_names_the_way_out(
    radiographs: Path, tmp_path: Path, text: str | None
) -> None:
    out = tmp_path / "out"
    run(radiographs / "a.png", out=out, images=False)
    if text is None:
        (out / "run.yaml").unlink()
    else:
        (out / "run.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"run\.yaml: .*--overwrite") as caught:
        run(radiographs / "a.png", out=out, resume=True)
    assert "\n" not in str(caught.value)


def test_few_files_are_under_way_while_the_first_is_slow(
    copies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    enough, real = threading.Event(), pipeline.read

    def read(path: Path, name: str) -> Any:
        started.append(name)
        if name == "00.png":
            assert not enough.wait(1.5)  # time for all others, were they not held back
        if len(started) > 2 * 4:
            enough.set()
        return real(path, name)

    monkeypatch.setattr(pipeline, "read", read)
    outcome = run(copies, out=tmp_path / "out", workers=2, images=False)
    assert (outcome.read, outcome.failures) == (40, 0)
    names = [line["source"]["path"] for line in lines(tmp_path / "out")]
    assert names == sorted(names)


def test_interruption_leaves_sound_results(
    copies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    real = pipeline.JsonLinesWriter.write
    written = 0

    def write(self: Any, record: Any) -> None:
        nonlocal written
        written += 1
        if written == 5:
            raise KeyboardInterrupt  # as Ctrl-C raises it in the main thread
        real(self, record)

    monkeypatch.setattr(pipeline.JsonLinesWriter, "write", write)
    outcome = run(copies, out=out, images=False)
    assert outcome.interrupted
    assert (outcome.read, len(lines(out))) == (4, 4)
    assert (out / "results.csv").read_text(encoding="utf-8").count("\n") == 5
    about = yaml.safe_load((out / "run.yaml").read_text(encoding="utf-8"))
    assert (about["status"], about["counts"]["read"]) == ("interrupted", 4)
    monkeypatch.undo()
    assert run(copies, out=out, images=False, resume=True).read == 40


def test_results_so_far_survive_a_full_disk(
    copies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def encode_jpeg(_image: Any, path: Path) -> None:
        if path.name.startswith("07"):
            raise OutputError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr("detect.draw.jpeg.encode_jpeg", encode_jpeg)
    with pytest.raises(OutputError, match="No space left"):
        run(copies, out=out)
    assert [line["source"]["path"] for line in lines(out)] == [f"{n:02}.png" for n in range(7)]
    monkeypatch.undo()
    assert run(copies, out=out, resume=True).read == 40
