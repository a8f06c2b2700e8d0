"""A DICOM archive in this process, by pynetdicom, that fails as archives do."""

from __future__ import annotations

import ssl
import threading
from socketserver import TCPServer
from typing import Any

from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless
from pynetdicom import AE, evt
from pynetdicom.transport import ThreadedAssociationServer
from result_objects import CLASSES

__all__ = ["Archive"]


class Archive:
    """Stores what comes by C-STORE, in memory.

    Attributes:
        received: (SOP Instance UID, transfer syntax) in the order of coming.
        stored: bytes of the data set, by SOP Instance UID.
        script: of the next objects: a status to answer, or "abort", or "abort after storing".
        associations: how many were accepted.
    """

    def __init__(
        self,
        *,
        syntaxes: tuple[UID, ...] = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless),
        kinds: tuple[str, ...] = tuple(CLASSES),
        tls: ssl.SSLContext | None = None,
        require_calling: tuple[str, ...] = (),
    ) -> None:
        self.received: list[tuple[str, str]] = []
        self.stored: dict[str, bytes] = {}
        self.script: list[int | str] = []
        self.associations = 0
        self.calling: list[str] = []
        entity = AE("ARCHIVE")
        entity.require_called_aet = True
        entity.require_calling_aet = list(require_calling)
        for kind in kinds:
            entity.add_supported_context(CLASSES[kind], list(syntaxes))
        handlers: list[Any] = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_ACCEPTED, self._accepted),
        ]
        server = entity.make_server(
            ("127.0.0.1", 0),
            evt_handlers=handlers,
            ssl_context=tls,
            server_class=ThreadedAssociationServer,
        )
        assert isinstance(server, ThreadedAssociationServer)
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """What `--to` names it."""
        return f"ARCHIVE@127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        TCPServer.shutdown(self._server)  # its own one knows only servers that an AE has started
        self._server.server_close()
        self._thread.join()

    def _accepted(self, event: evt.Event) -> None:
        self.associations += 1
        self.calling.append(event.assoc.requestor.ae_title)

    def _store(self, event: evt.Event) -> int:
        step = self.script.pop(0) if self.script else 0
        uid = str(event.request.AffectedSOPInstanceUID)
        self.received.append((uid, str(event.context.transfer_syntax)))
        if step == "abort":
            event.assoc.abort()
            return 0
        if step == "abort after storing" or isinstance(step, int):
            if step in (0, 0xB000, "abort after storing"):
                self.stored[uid] = event.request.DataSet.getvalue()
            if isinstance(step, str):
                event.assoc.abort()
                return 0
            return step
        raise ValueError(step)
