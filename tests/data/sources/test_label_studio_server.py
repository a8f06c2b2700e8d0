"""Boxes drawn in the real Label Studio come back to within a pixel, through each of its exports."""

from __future__ import annotations

import io
import json
import math
import subprocess
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_studio_server import Json, Server, python_of_label_studio, running

from detect.data.load import load_dataset
from detect.data.sample import Dataset
from detect.data.sources.options import ImportOptions

pytestmark = pytest.mark.slow

Picture = Callable[..., Path]
Corners = tuple[str, float, float, float, float]

CONFIG = """
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image" canRotate="true">
    <Label value="fracture"/><Label value="metal"/>
  </RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="fracture"/></PolygonLabels>
</View>"""
MORE = """
<View>
  <Image name="xray" value="$xray"/>
  <BrushLabels name="brush" toName="xray"><Label value="fracture"/></BrushLabels>
  <EllipseLabels name="ellipse" toName="xray"><Label value="metal"/></EllipseLabels>
  <Choices name="verdict" toName="xray">
    <Choice value="Fractured"/><Choice value="Normal"/>
  </Choices>
  <Choices name="view" toName="xray"><Choice value="lateral"/><Choice value="frontal"/></Choices>
</View>"""
SIZES = {"a.png": (400, 300), "b c ü.png": (301, 517), "hand (1).jpg": (1024, 1023)}
TURNED = "phone.jpg"  # 320 × 200 as stored, 200 × 320 as shown
ROTATED = "rotated.png"
ALONE = "skipped.png"


def upload(server: Server, project: int, image: Path) -> int:
    """Import one image as a task and return its number."""
    server.import_file(project, image, "image/png")
    listed = server.get(f"/api/tasks?project={project}&page_size=100")["tasks"]
    return int(max(task["id"] for task in listed))


def export(server: Server, project: int, form: str, folder: Path) -> Path:
    """Save an export, unpacked, and return its folder."""
    path = f"/api/projects/{project}/export?exportType={form}&download_all_tasks=true"
    content = server.call(path)
    folder.mkdir()
    if zipfile.is_zipfile(io.BytesIO(content)):
        zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    else:
        (folder / "project-1-at-2024-05-01-10-00-0a1b2c3d.json").write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def python() -> Path:
    return python_of_label_studio()


@pytest.fixture(scope="module")
def server(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(python, tmp_path_factory.mktemp("label-studio")) as server:
        yield server


def region(kind: str, control: str, size: tuple[int, int], **value: Any) -> Json:
    width, height = size
    return {
        "id": uuid.uuid4().hex[:10],
        "type": kind,
        "from_name": control,
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": value,
    }


def rectangle(corners: Corners, size: tuple[int, int], rotation: float = 0) -> Json:
    label, x1, y1, x2, y2 = corners
    width, height = size
    percent = {
        "x": 100 * x1 / width,
        "y": 100 * y1 / height,
        "width": 100 * (x2 - x1) / width,
        "height": 100 * (y2 - y1) / height,
    }
    return region(
        "rectanglelabels", "label", size, **percent, rotation=rotation, rectanglelabels=[label]
    )


def boxes_of(dataset: Dataset) -> dict[str, list[Corners]]:
    """Return the boxes of each image that has some, by its name without what was put before."""
    return {
        sample.image.name.split("-", 1)[-1]: sorted(
            (entry.label, *astuple(entry.box)) for entry in sample.boxes
        )
        for sample in dataset.samples
        if sample.boxes
    }


def far_off(found: dict[str, list[Corners]], known: dict[str, list[Corners]]) -> float:
    """Return by how many pixels the worst edge is off; labels and numbers must be the same."""
    assert {n: [b[0] for b in boxes] for n, boxes in found.items()} == {
        n: [b[0] for b in boxes] for n, boxes in known.items()
    }
    pairs = ((f, k) for n in known for f, k in zip(found[n], known[n], strict=True))
    return max(abs(a - b) for f, k in pairs for a, b in zip(f[1:], k[1:], strict=True))


def test_boxes_come_back_through_every_export(
    server: Server, tmp_path: Path, picture: Picture
) -> None:
    pictures = tmp_path / "pictures"
    rng = np.random.default_rng(7)
    known: dict[str, list[Corners]] = {}
    outlines: list[Corners] = []
    project = server.post("/api/projects/", {"title": "boxes", "label_config": CONFIG})["id"]
    for name, (width, height) in {**SIZES, TURNED: (200, 320)}.items():
        if name == TURNED:
            picture(pictures / name, 320, 200, orientation=6)
        else:
            picture(pictures / name, width, height)
        known[name] = []
        for label in ("fracture", "metal", "fracture"):
            (x1, x2), (y1, y2) = (
                sorted(rng.uniform(0, side, 2)) for side in (width - 20, height - 20)
            )
            known[name].append((label, x1, y1, x2 + 20, y2 + 20))
        result = [rectangle(corners, (width, height)) for corners in known[name]]
        points = [[10.0, 20.0], [50.0, 10.0], [40.0, 60.0]]
        result.append(
            region(
                *("polygonlabels", "outline", (width, height)),
                points=points,
                polygonlabels=["fracture"],
            )
        )
        outlines.append(("fracture", 0.1 * width, 0.1 * height, 0.5 * width, 0.6 * height))
        known[name].append(outlines[-1])
        known[name].sort()
        task = upload(server, project, pictures / name)
        server.post(f"/api/tasks/{task}/annotations/", {"result": result})
    task = upload(server, project, picture(pictures / ALONE, 50, 40))
    server.post(f"/api/tasks/{task}/annotations/", {"result": [], "was_cancelled": True})
    options = ImportOptions(images=pictures)
    for form in ("JSON", "JSON_MIN", "COCO", "YOLO"):
        folder = export(server, project, form, tmp_path / form)
        assert far_off(boxes_of(load_dataset(folder, options=options)), known) < 0.01, form
    # its copies are named as it stores them, and it does not find those with an umlaut itself
    copies = {n.replace(" (1)", "_1"): boxes for n, boxes in known.items() if "ü" not in n}
    for form in ("COCO_WITH_IMAGES", "YOLO_WITH_IMAGES"):
        folder = export(server, project, form, tmp_path / form)
        assert far_off(boxes_of(load_dataset(folder)), copies) < 0.01, form
    # its PASCAL VOC has no outlines; position and size are cut to whole pixels, each for itself
    folder = export(server, project, "VOC", tmp_path / "VOC")
    upright = {n: [box for box in boxes if box not in outlines] for n, boxes in copies.items()}
    assert far_off(boxes_of(load_dataset(folder)), upright) < 2
    full = {s.image.name: s for s in load_dataset(tmp_path / "JSON", options=options).samples}
    assert (full[ALONE].fractured, full[ALONE].boxes) == (None, None)


def test_rotated_boxes_come_back(server: Server, tmp_path: Path, picture: Picture) -> None:
    size, angle = (600, 200), 25.0
    project = server.post("/api/projects/", {"title": "rotated", "label_config": CONFIG})["id"]
    task = upload(server, project, picture(tmp_path / "pictures" / ROTATED, *size))
    drawn = rectangle(("fracture", 300, 50, 420, 90), size, angle)
    server.post(f"/api/tasks/{task}/annotations/", {"result": [drawn]})
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    around = ("fracture", 300 - 40 * sin, 50.0, 300 + 120 * cos, 50 + 120 * sin + 40 * cos)
    options = ImportOptions(images=tmp_path / "pictures")
    # not COCO, which turns in percent, nor YOLO and VOC, which forget the angle
    for form in ("JSON", "JSON_MIN", "YOLO_OBB"):
        folder = export(server, project, form, tmp_path / form)
        found = boxes_of(load_dataset(folder, options=options))
        assert far_off(found, {ROTATED: [around]}) < 0.01, form


def test_paintings_ellipses_and_choices_come_back(
    server: Server, python: Path, tmp_path: Path, picture: Picture
) -> None:
    size = (230, 170)
    mask = "m = numpy.zeros((170, 230), numpy.uint8); m[20:51, 30:101] = 255; m[60, 7] = 255"
    code = f"import json, numpy; {mask}; print(json.dumps(mask2rle(m)))"
    code = f"from label_studio_sdk.converter.brush import mask2rle; {code}"
    run = subprocess.run([python, "-c", code], capture_output=True, check=True, text=True)
    painted = region(
        "brushlabels",
        *("brush", size),
        format="rle",
        rle=json.loads(run.stdout),
        brushlabels=["fracture"],
    )
    oval = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0}
    ellipse = region("ellipselabels", "ellipse", size, **oval, ellipselabels=["metal"])
    choices = [
        region("choices", control, size, choices=[value])
        for control, value in (("verdict", "Fractured"), ("view", "lateral"))
    ]
    project = server.post("/api/projects/", {"title": "painted", "label_config": MORE})["id"]
    task = upload(server, project, picture(tmp_path / "pictures/a.png", *size))
    result = [entry | {"to_name": "xray"} for entry in (painted, ellipse, *choices)]
    server.post(f"/api/tasks/{task}/annotations/", {"result": result})
    folder = export(server, project, "JSON", tmp_path / "JSON")
    dataset = load_dataset(folder, options=ImportOptions(images=tmp_path / "pictures"))
    known = {"a.png": [("fracture", 7.0, 20.0, 101.0, 61.0), ("metal", 92.0, 51.0, 138.0, 119.0)]}
    assert far_off(boxes_of(dataset), known) < 0.01
    (sample,) = dataset.samples
    assert (sample.fractured, sample.attributes) == (True, {"view": "lateral"})
