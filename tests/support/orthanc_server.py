"""Orthanc, a DICOM server of others, run on this machine by a test."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

__all__ = ["Orthanc"]

PROGRAM = "/usr/sbin/Orthanc"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
KNOWN_TITLES = ("FRACTURELOCATOR", "PYNETDICOM", "STORESCU", "FINDSCU")


class Orthanc:
    """A server with an empty storage of its own, on free ports, for clients of this machine.

    Its DICOM port takes the calling AE titles `KNOWN_TITLES` only, and the called title `aet`;
    its HTTP ports serve this machine only.

    Attributes:
        url: of its REST API, without a slash at its end.
        dicomweb: of DICOMweb, likewise: the base of QIDO-RS, WADO-RS, and of `/studies`.
        host, port, aet: of its DICOM service.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        if shutil.which(PROGRAM) is None or not PLUGIN.exists():
            raise RuntimeError("Orthanc is missing; run: apt-get install orthanc orthanc-dicomweb")
        folder.mkdir(parents=True, exist_ok=True)
        self.host, self.aet = "127.0.0.1", "ORTHANC"
        self.port, http_port = _free_ports(2)
        self.url = f"http://{self.host}:{http_port}"
        self.dicomweb = f"{self.url}/dicom-web"
        self._log = folder / "orthanc.log"
        self._configuration = folder / "orthanc.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._open = build_opener(ProxyHandler({})).open
        self._configuration.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(folder / "storage"),
                    "IndexDirectory": str(folder / "storage"),
                    "Plugins": [str(PLUGIN)],
                    "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full"},
                    "HttpPort": http_port,
                    "RemoteAccessAllowed": False,
                    "AuthenticationEnabled": False,
                    "DicomPort": self.port,
                    "DicomAet": self.aet,
                    "DicomCheckCalledAet": True,
                    "DicomCheckModalityHost": True,
                    "DicomAlwaysAllowEcho": False,
                    "DicomAlwaysAllowStore": False,
                    "DicomModalities": {t: [t, self.host, 104] for t in KNOWN_TITLES},
                    **settings,
                }
            ),
            encoding="utf-8",
        )

    def start(self) -> None:
        """Start it, on the same ports and storage each time, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, str(self._configuration)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("/system")
                return
            except OSError:
                told = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
                assert self._process.poll() is None, f"Orthanc has ended:\n{told}"
                assert time.monotonic() < deadline, f"Orthanc does not answer:\n{told}"
                time.sleep(0.05)

    def stop(self) -> None:
        """End it as an administrator would."""
        self._end("terminate")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end("kill")

    def get(self, path: str) -> Any:
        """Return what its REST API has under a path: parsed JSON."""
        return json.loads(self.read(path))

    def read(self, path: str) -> bytes:
        """Return the bytes that its REST API has under a path."""
        with self._open(self.url + path, timeout=30) as answer:
            return bytes(answer.read())

    def files(self) -> dict[str, bytes]:
        """Return all objects that it has, as files, by SOP Instance UID."""
        found = {}
        for instance in self.get("/instances"):
            uid = self.get(f"/instances/{instance}")["MainDicomTags"]["SOPInstanceUID"]
            assert uid not in found, f"{uid} is there twice"
            found[uid] = self.read(f"/instances/{instance}/file")
        return found

    def _end(self, how: str) -> None:
        if self._process is not None:
            getattr(self._process, how)()
            self._process.wait(timeout=60)
            self._process = None


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
