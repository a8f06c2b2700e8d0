"""C-STORE: objects to a PACS over the DICOM protocol (PS3.4 annex B, PS3.7 section 9.1.1)."""

from __future__ import annotations

import logging

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import _config
from pynetdicom.association import Association

from detect.closing import Closing
from detect.send.association import Pair, Peer
from detect.send.destination import Destination
from detect.send.dicom_file import DicomHeader, read_header, read_uncompressed, read_whole
from detect.send.failures import PassingError, RefusedError
from detect.send.objects import FileToSend
from detect.send.settings import SendSettings

__all__ = ["StoreSender"]

LOGGER = logging.getLogger(__name__)

# files go out as they are, byte by byte; without it pynetdicom would decode and encode them
_config.STORE_SEND_CHUNKED_DATASET = True

_MOST_PAIRS = 40  # three contexts each at most, of 128 (PS3.8 section 9.3.2.2: odd ids in a byte)
_DUPLICATE = 0x0111
_REASONS = {
    0x0117: "calls it an invalid SOP instance",
    0x0122: "does not store its SOP class",
    0x0124: "does not allow it",
}


class StoreSender(Closing):
    """Sends objects over one association, made anew where it is lost; a context manager.

    Raises:
        InputError: a certificate cannot be used.
    """

    def __init__(self, destination: Destination, settings: SendSettings) -> None:
        self._address = destination.address
        self._peer = Peer(destination, settings)
        self._association: Association | None = None
        self._proposed: dict[Pair, None] = {}

    def send(self, file: FileToSend) -> str:
        """Send an object; return how the peer acknowledged it, or nothing where it just did.

        Raises:
            NotFitError: the file cannot be sent.
            RefusedError: the peer does not take it.
            PassingError: it may work the next time.
            SendError: the peer takes nothing.
        """
        header = read_header(file.path)
        association = self._associated((header.sop_class, header.syntax))
        content, note = self._content(file, header, association)
        try:
            status = association.send_c_store(content)
        except RuntimeError:  # it broke off before anything was sent
            status = Dataset()
        if "Status" not in status:
            self._drop()
            raise PassingError(f"{self._address}: the association broke off", "unsure")
        return self._acknowledged(int(status.Status)) or note

    def close(self) -> None:
        """Release the association."""
        if self._association is not None and self._association.is_established:
            self._association.release()
        self._association = None

    def abandon(self) -> None:
        """Cut the connection, without waiting for the peer to agree."""
        self._association = None
        self._peer.cut()

    def _associated(self, pair: Pair) -> Association:
        if self._association is not None and not self._association.is_established:
            self._drop()
        if self._association is not None and pair not in self._proposed:
            self.close()
        if self._association is None:
            if len(self._proposed) >= _MOST_PAIRS:
                self._proposed.clear()
            self._proposed[pair] = None
            self._association = self._peer.associate(self._proposed)
        if self._association is None:
            raise RefusedError(f"the peer does not store its SOP class ({pair[0].name})")
        return self._association

    def _content(
        self, file: FileToSend, header: DicomHeader, association: Association
    ) -> tuple[str | Dataset, str]:
        """Return what goes out, in a syntax that the peer takes: the file, or a new coding."""
        taken = {
            context.transfer_syntax[0]
            for context in association.accepted_contexts
            if context.abstract_syntax == header.sop_class
        }
        if header.syntax in taken:
            read_whole(file.path)  # refuses a damaged one
            return str(file.path), ""
        if not taken & {ExplicitVRLittleEndian, ImplicitVRLittleEndian}:
            raise RefusedError(
                f"the peer does not store its SOP class ({header.sop_class.name}), "
                f"in {header.syntax.name} or uncompressed"
            )
        LOGGER.debug("%s: the peer does not take %s", file.name, header.syntax.name)
        return read_uncompressed(file.path), f"sent in place of {header.syntax.name}: uncompressed"

    def _acknowledged(self, status: int) -> str:
        if status == 0:
            return ""
        if status & 0xF000 == 0xB000 or status in (0x0001, 0x0107, 0x0116):
            return f"with warning 0x{status:04X}"  # stored, with some elements changed
        if status == _DUPLICATE:
            return "already there"
        if status & 0xFF00 == 0xA700 or status == 0x0110:
            raise PassingError(f"{self._address}: cannot store now (status 0x{status:04X})", "busy")
        kind = "does not accept it"
        if status & 0xFF00 == 0xA900:
            kind = "says that its content does not fit its SOP class"
        elif status & 0xF000 == 0xC000:
            kind = "cannot understand it"
        raise RefusedError(f"the peer {_REASONS.get(status, kind)} (status 0x{status:04X})")

    def _drop(self) -> None:
        if self._association is not None and self._association.is_established:
            self._association.abort()
        self._association = None
