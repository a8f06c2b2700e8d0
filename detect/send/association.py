"""An association with a DICOM peer, and why there is none (DICOM PS3.8)."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable

from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from detect.errors import SendError
from detect.send.connection import connection_fault
from detect.send.destination import Destination
from detect.send.failures import PassingError
from detect.send.settings import SendSettings, tls_context

__all__ = ["Pair", "Peer"]

Pair = tuple[UID, UID]
"""SOP class and transfer syntax."""

_FAREWELL = 1.0  # seconds for the peer to hear that we go
_NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
_REJECTED: dict[
    tuple[int | None, int | None], str
] = {  # PS3.8 section 9.3.4: source and reason of a permanent rejection
    (1, 3): "does not know the calling AE title {calling}; have it entered there, or give another "
    "with --calling-aet",
    (1, 7): "is no {called}; correct the AE title in --to",
    (1, 2): "does not know the DICOM application context",
    (2, 2): "does not speak this version of the protocol",
}


class Peer:
    """Makes associations with one application entity.

    Raises:
        InputError: a certificate cannot be used.
    """

    def __init__(self, destination: Destination, settings: SendSettings) -> None:
        # its messages repeat ours, or quote what objects hold
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
        self._destination, self._settings = destination, settings
        self._tls = tls_context(settings) if destination.tls else None
        self._entity = AE(ae_title=settings.calling_aet)
        self._entity.connection_timeout = settings.connect_timeout
        self._entity.acse_timeout = settings.timeout
        self._entity.dimse_timeout = settings.timeout
        self._entity.network_timeout = None  # a pause between two objects is no fault
        self._latest: Association | None = None

    def associate(self, pairs: Iterable[Pair]) -> Association | None:
        """Return an association, or None where the peer takes none of the SOP classes.

        Args:
            pairs: what will be sent. The two uncompressed little endian syntaxes are proposed
                with each class, so that a peer can choose those.

        Raises:
            PassingError: it cannot be had now.
            SendError: it cannot be had.
        """
        here = self._destination
        try:
            association = self._entity.associate(
                here.host,
                here.port,
                contexts=_contexts(pairs),
                ae_title=here.aet,
                tls_args=None if self._tls is None else (self._tls, here.host),
                evt_handlers=[
                    (evt.EVT_REQUESTED, self._keep),
                    (evt.EVT_CONN_OPEN, self._limit),
                ],
            )
        except OSError as error:
            raise self._told(error) from error
        if association.is_established:
            return association
        answer = association.acceptor.primitive
        if association.is_rejected and answer is not None:
            raise self._rejection(answer.result, answer.result_source, answer.diagnostic)
        if answer is not None and answer.result == 0:
            return None
        self._look()
        raise PassingError(
            f"{here.address}: gives no DICOM answer; check the port, and whether it wants "
            "TLS (dicom+tls://)",
            "unreachable",
        )

    def cut(self) -> None:
        """End the latest association, in whatever state an interruption has left it.

        Its thread would else wait for the peer, and the process for its thread.
        """
        if self._latest is None or not self._latest.dul.is_alive():
            return
        self._latest.abort(block=False)
        self._latest.dul.join(_FAREWELL)
        self._latest.dul.kill_dul()
        if self._latest.dul.socket is not None:
            self._latest.dul.socket.close()

    def _keep(self, event: evt.Event) -> None:
        self._latest = event.assoc

    def _limit(self, event: evt.Event) -> None:
        """Keep a peer that takes no more data from stopping the run for ever."""
        connection = event.assoc.dul.socket
        if connection is not None and connection.socket is not None:
            connection.socket.settimeout(self._settings.timeout)
            # else the data set waits until the peer's system confirms the command before it
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _rejection(
        self, result: int | None, source: int | None, reason: int | None
    ) -> SendError | PassingError:
        address = self._destination.address
        if result == 2 or source == 3:
            return PassingError(f"{address}: is busy, and rejects associations", "busy")
        why = _REJECTED.get((source, reason), "rejects the association and gives no reason")
        told = why.format(calling=self._settings.calling_aet, called=self._destination.aet)
        return SendError(f"{address}: {told}")

    def _look(self) -> None:
        """Find out why no connection came about, which pynetdicom does not hand on."""
        here = (self._destination.host, self._destination.port)
        try:
            with socket.create_connection(here, self._settings.connect_timeout) as plain:
                if self._tls is not None:
                    with self._tls.wrap_socket(plain, server_hostname=here[0]):
                        pass
        except OSError as error:
            raise self._told(error) from error

    def _told(self, error: OSError) -> SendError | PassingError:
        return connection_fault(self._destination.address, error)


def _contexts(pairs: Iterable[Pair]) -> list[PresentationContext]:
    # a context each: of several syntaxes in one, a peer would name only the one it likes best
    wanted = {(sop_class, each): None for sop_class, syntax in pairs for each in (syntax, *_NATIVE)}
    return [build_context(*pair) for pair in wanted]
