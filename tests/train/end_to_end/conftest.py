"""Whole trainings, small enough for a test: synthetic images, random weights, tiny networks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from detect.data.phantom import write_phantoms

REPOSITORY = Path(__file__).resolve().parents[3]
RECIPE: dict[str, Any] = {
    "epochs": 2,
    "batch": 4,
    "fracture_repeat": 1,
    "validate_every": 1,
    "precision": "fp32",
    "model": {"image_size": 96},
    "augment": {"view_size": 64},
    "optimiser": {"learning_rate": 0.01, "warmup_epochs": 0},
    "verdict": {"frozen_epochs": 1, "frozen_learning_rate": 0.01},
}

# Raises at every attempt to look up a name or to connect, and notes it, should it be swallowed.
# Notes at the end how many threads PyTorch has.
_WATCH = """
import atexit, os, sys
def _refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open(os.environ["NETWORK_ATTEMPTS"], "a") as file:
            print(event, arguments, file=file)
        raise OSError(f"no network in tests: {event}")
sys.addaudithook(_refuse)
def _note():
    if "torch" in sys.modules:
        with open(os.environ["THREADS"], "w") as file:
            print(sys.modules["torch"].get_num_threads(), file=file)
atexit.register(_note)
"""


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder that a command line is run in, with a home folder and a network that are watched."""

    folder: Path
    omp_num_threads: str = "1"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def network_attempts(self) -> Path:
        return self.folder / "network.txt"

    @property
    def threads(self) -> Path:
        return self.folder / "site" / "threads.txt"  # beside the watcher, which writes it

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start `python cli.py ARGUMENTS` here."""
        inherited = {k: os.environ[k] for k in ("PATH", "LD_LIBRARY_PATH") if k in os.environ}
        return subprocess.Popen(
            [sys.executable, str(REPOSITORY / "cli.py"), *map(str, arguments)],
            cwd=self.folder,
            env=inherited
            | {
                "HOME": str(self.home),
                "NETWORK_ATTEMPTS": str(self.network_attempts),
                "OMP_NUM_THREADS": self.omp_num_threads,
                "THREADS": str(self.threads),
                "PYTHONPATH": str(self.folder / "site"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `python cli.py ARGUMENTS` here to its end."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=570)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def train(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Train, and fail the test with what was said unless all went well."""
        done = self.run("train", "--workers", "1", *arguments, **options)
        assert done.returncode == 0, done.stderr
        return done


NewWorkplace = Callable[[Path], Workplace]
WriteRecipe = Callable[..., Path]


@pytest.fixture(scope="session")
def new_workplace() -> NewWorkplace:
    """Lay out a workplace in a folder."""

    def make(folder: Path) -> Workplace:
        (folder / "home").mkdir(parents=True)
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text(_WATCH, encoding="utf-8")
        return Workplace(folder)

    return make


@pytest.fixture
def workplace(tmp_path: Path, new_workplace: NewWorkplace) -> Workplace:
    """A workplace of the test's own."""
    return new_workplace(tmp_path / "work")


@pytest.fixture(scope="session")
def write_recipe() -> WriteRecipe:
    """Write a configuration: `write_recipe(path, **entries_other_than_RECIPE's)`."""

    def write(path: Path, **changes: Any) -> Path:
        path.write_text(yaml.safe_dump(RECIPE | changes), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of 24 synthetic radiographs with boxes, in three splits."""
    return write_phantoms(tmp_path_factory.mktemp("data"), 24, size=(160, 128)).parent


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write an untrained ultralytics checkpoint: `random_weights("yolo26n")`."""
    folder = tmp_path_factory.mktemp("weights")

    def write(name: str) -> Path:
        import torch
        from ultralytics.nn.tasks import DetectionModel

        path = folder / f"{name}.pt"
        if not path.exists():
            torch.manual_seed(0)
            network = DetectionModel(f"{name}.yaml", verbose=False).half()
            torch.save(
                {"model": network, "ema": None, "epoch": -1, "train_args": {"task": "detect"}}, path
            )
        return path

    return write


@dataclass(frozen=True, slots=True)
class Finished:
    """A training that went through all its stages; copy it before changing anything."""

    workplace: Workplace
    arguments: tuple[str | Path, ...]
    done: subprocess.CompletedProcess[str]

    @property
    def bundle(self) -> Path:
        return self.workplace.folder / "weights" / "tiny"

    @property
    def run(self) -> Path:
        return self.workplace.folder / "runs" / "tiny"

    def copy(self, folder: Path) -> Finished:
        """Copy run and bundle into a workplace of their own."""
        shutil.copytree(self.workplace.folder, folder)
        return Finished(Workplace(folder), self.arguments, self.done)


@pytest.fixture(scope="session")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
    new_workplace: NewWorkplace,
    write_recipe: WriteRecipe,
    phantoms: Path,
    random_weights: Callable[[str], Path],
) -> Finished:
    """One training from start to end by the command line, shared by the tests that look at it."""
    workplace = new_workplace(tmp_path_factory.mktemp("finished") / "work")
    arguments: tuple[str | Path, ...] = (
        "--data",
        phantoms,
        "--config",
        write_recipe(tmp_path_factory.mktemp("recipe") / "tiny.yaml"),
        "--init",
        random_weights("yolo26n"),
        "--out",
        "weights/tiny",
    )
    return Finished(workplace, arguments, workplace.train(*arguments))
