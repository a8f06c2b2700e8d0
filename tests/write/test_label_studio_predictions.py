"""The real Label Studio takes our tasks, shows the boxes, and gives them back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
from annotation_samples import readings_of, shown_of, write_images
from label_studio_server import Json, Server, python_of_label_studio, running

from detect.data.load import load_dataset
from detect.data.sample import Sample
from detect.data.sources.options import ImportOptions
from detect.record import Reading
from detect.write.context import WriteContext
from detect.write.formats import write_formats

pytestmark = pytest.mark.slow

Contexts = Callable[..., WriteContext]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Label Studio serves files from: that of the results."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    python = python_of_label_studio()
    serving = {"LOCAL_FILES_SERVING_ENABLED": "true", "LOCAL_FILES_DOCUMENT_ROOT": str(root)}
    with running(python, tmp_path_factory.mktemp("label-studio"), serving) as server:
        yield server


def new_project(server: Server, folder: Path) -> int:
    """Do what the documentation says: interface, local storage, import."""
    config = (folder / "labeling_config.xml").read_text(encoding="utf-8")
    project = server.post("/api/projects/", {"title": "to correct", "label_config": config})["id"]
    storage = {"project": project, "path": str(folder), "title": "images", "use_blob_urls": True}
    server.post("/api/storages/localfiles", storage)
    server.import_file(project, folder / "tasks.json", "application/json")
    return int(project)


def as_read(server: Server, project: int) -> dict[tuple[str, int | None], Json]:
    """Return the tasks with their predictions, by path and frame of what was read."""
    listed = server.get(f"/api/tasks?project={project}&page_size=100&fields=all")["tasks"]
    return {(t["data"]["source"], t["data"].get("frame")): t for t in listed}


def corners(sample: Sample) -> list[tuple[str, float, float, float, float]]:
    return sorted((b.label, *astuple(b.box)) for b in sample.boxes or ())


def test_predictions_come_in_and_go_back_to_training(
    server: Server, root: Path, tmp_path: Path, context: Contexts
) -> None:
    write_images(tmp_path / "images")
    records = readings_of(tmp_path / "images")
    readings = {(r.source.path, r.source.frame): r for r in records if isinstance(r, Reading)}
    write_formats(records, context(root, tmp_path / "images"), ["label-studio"])
    project = new_project(server, root / "label-studio")

    tasks = as_read(server, project)
    assert tasks.keys() == readings.keys()
    images = root / "label-studio" / "images"
    pictures = [path for path in images.rglob("*") if path.is_file()]
    served = [server.call(task["data"]["image"]) for task in tasks.values()]
    assert sorted(served) == sorted(path.read_bytes() for path in pictures)
    for key, task in tasks.items():
        (prediction,) = server.get(f"/api/predictions?task={task['id']}")
        assert prediction["model_version"] == "bundle 1.0.0"
        assert prediction["score"] == pytest.approx(readings[key].verdict.probability)
        shown = [e for e in prediction["result"] if e["type"] == "rectanglelabels"]
        assert len(shown) == len(shown_of(readings[key]))

    # all accepted, but for one whose box is moved by a reader, as the page sends it
    chosen = tasks["turned.jpg", None]
    (prediction,) = server.get(f"/api/predictions?task={chosen['id']}")
    result = [e for e in prediction["result"] if e["type"] == "choices"]
    moved = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    result[0]["value"] = {"choices": ["fractured"]}
    result.append(
        result[0]
        | {
            "id": "drawn",
            "type": "rectanglelabels",
            "from_name": "boxes",
            "value": moved | {"rectanglelabels": ["fracture"]},
        }
    )
    path = f"/api/dm/actions?id=predictions_to_annotations&project={project}"
    everything = {"all": False, "included": [t["id"] for t in tasks.values() if t != chosen]}
    server.post(path, {"selectedItems": everything, "project": str(project)})
    answer = {"result": result, "parent_prediction": prediction["id"]}
    server.post(f"/api/tasks/{chosen['id']}/annotations/", answer)

    export = tmp_path / "export.json"
    export.write_bytes(server.call(f"/api/projects/{project}/export?exportType=JSON"))
    notes = [
        entry["meta"]["text"][0]
        for task in json.loads(export.read_bytes())
        for entry in task["annotations"][0]["result"]
        if "meta" in entry
    ]
    assert "suspicious" in notes
    dataset = load_dataset(export, form="label_studio", options=ImportOptions(images=images))
    assert len(dataset.samples) == len(readings)
    frames = {f"{p}.frame{f}.png" if f else p: r for (p, f), r in readings.items()}
    for sample in dataset.samples:
        name = sample.image.relative_to(images).as_posix()
        reading = frames.get(name) or frames[name.removesuffix(".png")]
        if name == "turned.jpg":
            assert sample.fractured is True
            assert corners(sample) == [("fracture", 4.0, pytest.approx(12.2), 16.0, 36.6)]
            continue
        assert sample.fractured is (reading.verdict.label == "fractured")
        assert corners(sample) == [pytest.approx(box, abs=0.01) for box in shown_of(reading)]
