"""The pages of the documentation: their commands are run as written, but for installing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest
from orthanc_server import Orthanc
from pydicom import dcmread
from web_server import Web

ROOT = Path(__file__).parents[1]
PAGES = ROOT / ".github" / "docs"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Follow = Callable[..., str]


@pytest.fixture
def follow(tmp_path: Path) -> Follow:
    """Run the blocks of a page in a folder that looks like a checkout; return what they print."""
    here = tmp_path / "checkout"
    (here / "datasets").mkdir(parents=True)
    for name in ("cli.py", "detect", "weights", "configs", "datasets/demo"):
        (here / name).symlink_to(ROOT / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(sys.executable)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(page: str, replaced: Mapping[str, str] | None = None) -> str:
        said = ""
        for kind, block in _BLOCK.findall((PAGES / page).read_text(encoding="utf-8")):
            text = re.sub(r"^python -m pip install.*\n", "", block, flags=re.MULTILINE)
            for old, new in (replaced or {}).items():
                text = text.replace(old, new)
            command = ["bash", "-euc", text] if kind == "sh" else [sys.executable, "-c", text]
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=here, env=os.environ | {"PATH": path}
            )
            assert done.returncode == 0, f"{page}\n{text}\n{done.stdout}\n{done.stderr}"
            said += done.stdout
        return said

    return run


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


def test_every_page_is_known_to_the_readme_and_its_commands_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = sorted(PAGES.glob("*.md"))
    assert len(pages) >= 4
    for page in pages:
        assert f".github/docs/{page.name}" in readme
        for command in re.findall(r"python cli\.py (data \w+|\w+)", page.read_text("utf-8")):
            done = subprocess.run(
                [sys.executable, "cli.py", *command.split(), "--help"],
                capture_output=True,
                cwd=ROOT,
            )
            assert done.returncode == 0, command


@pytest.mark.slow
def test_into_excel_and_pandas(follow: Follow) -> None:
    said = follow("into-excel-and-pandas.md")
    assert "fractured" in said
    assert "study_instance_uid" in said


@pytest.mark.slow
def test_into_a_pacs(follow: Follow, orthanc: Orthanc, tmp_path: Path) -> None:
    follow("into-a-pacs.md", {"localhost:4242": f"{orthanc.host}:{orthanc.port}"})
    written = {
        str(dcmread(path).SOPInstanceUID): path
        for kind in ("dicom-sr", "dicom-sc", "dicom-gsps")
        for path in (tmp_path / "checkout" / "results" / "study" / kind).rglob("*.dcm")
    }
    assert len(written) == 12  # of four images
    stored = orthanc.files()
    assert set(stored) == set(written)
    for uid, path in written.items():
        assert dcmread(BytesIO(stored[uid])) == dcmread(path)


@pytest.mark.slow
def test_into_a_fhir_server(follow: Follow, web: Web) -> None:
    follow("into-a-fhir-server.md", {"fhir+https://fhir.example.org": f"fhir+{web.url}"})
    kinds = {name.partition("/")[0] for name in web.resources}
    assert {"DiagnosticReport", "Observation", "Device", "Provenance"} <= kinds
    reports = [r for name, r in web.resources.items() if name.startswith("DiagnosticReport/")]
    assert len(reports) == 8  # one for each image of the demo
