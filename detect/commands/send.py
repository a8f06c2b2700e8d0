"""`send`: results to a PACS or a FHIR server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from detect.commands.options import DONE, INTERRUPTED, SOME_FAILED, Quiet, Verbose
from detect.console import set_up_logging, shows_progress
from detect.extras import need_extra

__all__ = ["send"]


def send(
    results: Annotated[Path, typer.Argument(help="Folder that detect or report wrote.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="Address of the peer, in one of the forms above.",
        ),
    ],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="Send only this format; may be given again.",
            show_default="all DICOM formats, or fhir-r4",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be sent.")
    ] = False,
    calling_aet: Annotated[
        str, typer.Option("--calling-aet", help="Our AE title, as the PACS knows it.")
    ] = "FRACTURELOCATOR",
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", help="PEM file of the authority to trust, such as a hospital's."),
    ] = None,
    client_cert: Annotated[
        Path | None, typer.Option("--client-cert", help="PEM file of our certificate.")
    ] = None,
    client_key: Annotated[
        Path | None,
        typer.Option("--client-key", help="PEM file of its key, if that is apart."),
    ] = None,
    connect_timeout: Annotated[
        float, typer.Option("--connect-timeout", min=0.1, help="Seconds to reach the peer.")
    ] = 10.0,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds to wait for an answer.")
    ] = 60.0,
    attempts: Annotated[
        int, typer.Option("--attempts", min=1, help="Tries for one object, ever further apart.")
    ] = 5,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            help="Folder of the journals of what was sent.",
            show_default="RESULTS/sent",
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Send DICOM objects to a PACS, or FHIR Bundles to a server; again, it goes on.

    Addresses: dicom://AET@HOST:PORT, dicom+tls://AET@HOST:PORT, https://HOST/…/studies (DICOMweb),
    fhir+https://HOST/…

    A token or password comes from the environment: FRACTURE_LOCATOR_TOKEN, or
    FRACTURE_LOCATOR_USER and FRACTURE_LOCATOR_PASSWORD.
    """
    set_up_logging(quiet, verbose)
    need_extra("send", "pynetdicom", "dicomweb_client", "requests", "tenacity", "filelock")
    from detect.send.destination import parse_aet, parse_destination
    from detect.send.patience import Patience
    from detect.send.run import SendRequest, list_results, send_results
    from detect.send.settings import SendSettings, credentials_from

    destination = parse_destination(to)
    request = SendRequest(
        results=results,
        destination=destination,
        formats=tuple(formats or ()),
        settings=SendSettings(
            connect_timeout=connect_timeout,
            timeout=timeout,
            ca_file=ca_file,
            client_cert=client_cert,
            client_key=client_key,
            calling_aet=parse_aet("--calling-aet", calling_aet),
            credentials=credentials_from(os.environ),
        ),
        journals=journal,
        patience=Patience(attempts=attempts),
        show_progress=shows_progress(quiet),
    )
    if dry_run:
        for listed in list_results(request):
            identity = listed.identity
            about = f", {identity.about}, {identity.size:,} bytes" if identity else ""
            if not quiet:
                print(f"{listed.name}: {listed.state}{about}")
        raise typer.Exit(DONE)
    try:
        outcome = send_results(request)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    for missed in outcome.told:
        print(f"{missed.name}: {missed.reason}", file=sys.stderr)
    if outcome.not_sent > len(outcome.told):
        rest = outcome.not_sent - len(outcome.told)
        print(f"… and {rest} more in {outcome.journal}", file=sys.stderr)
    if not quiet:
        print(
            f"{outcome.sent} sent to {destination.address}, {outcome.before} sent before, "
            f"{outcome.not_sent} not sent. Journal: {outcome.journal}"
        )
    raise typer.Exit(SOME_FAILED if outcome.not_sent else DONE)
