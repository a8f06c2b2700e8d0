"""Why a connection did not come about: what may pass is told from what has to be mended."""

from __future__ import annotations

import socket
import ssl

from detect.errors import SendError
from detect.send.failures import PassingError

__all__ = ["connection_fault"]


def connection_fault(address: str, error: OSError) -> SendError | PassingError:
    """Return what an error of a connection means for sending.

    Args:
        address: of `Destination`.
        error: of `socket` or `ssl`, raised before anything was sent.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return SendError(
            f"{address}: its certificate is not trusted ({error.verify_message}); "
            "name its authority with --ca-file"
        )
    if isinstance(error, ssl.SSLError):
        return SendError(
            f"{address}: does not agree on TLS ({error.reason or 'cut off'}); check the port, and "
            "whether it wants --client-cert"
        )
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return PassingError(f"{address}: names cannot be looked up now", "unreachable")
        return SendError(f"{address}: no such host; check its name")
    why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or "cut off"
    return PassingError(f"{address}: cannot be reached ({why})", "unreachable")
