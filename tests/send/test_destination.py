"""Addresses of `--to`, and secrets of the environment."""

from __future__ import annotations

import pytest

from detect.errors import InputError
from detect.send.destination import Destination, parse_aet, parse_destination
from detect.send.settings import Credentials, SendSettings, credentials_from

GOOD = {
    "dicom://PACS@pacs.example:11112": (
        Destination(
            "dicom", "dicom://PACS@pacs.example:11112", "pacs.example", 11112, False, "PACS"
        )
    ),
    "dicom://My%20PACS@10.0.0.1": (
        Destination("dicom", "dicom://My PACS@10.0.0.1:104", "10.0.0.1", 104, False, "My PACS")
    ),
    "dicom+tls://PACS@[2001:db8::1]/": (
        Destination(
            "dicom", "dicom+tls://PACS@[2001:db8::1]:2762", "2001:db8::1", 2762, True, "PACS"
        )
    ),
    "https://Pacs.example/dicom-web/studies/": Destination(
        "dicomweb",
        "https://pacs.example/dicom-web/studies",
        "pacs.example",
        443,
        True,
        url="https://pacs.example/dicom-web",
    ),
    "http://127.0.0.1:8042/studies": Destination(
        "dicomweb",
        "http://127.0.0.1:8042/studies",
        "127.0.0.1",
        8042,
        False,
        url="http://127.0.0.1:8042",
    ),
    "FHIR+HTTPS://fhir.example:443/r4/": Destination(
        "fhir",
        "fhir+https://fhir.example/r4",
        "fhir.example",
        443,
        True,
        url="https://fhir.example/r4",
    ),
}


@pytest.mark.parametrize("given", GOOD)
def test_an_address_is_taken_apart(given: str) -> None:
    assert parse_destination(given) == GOOD[given]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "no way of sending"),
        ("pacs.example:104", "no way of sending"),
        ("ftp://pacs.example/studies", "no way of sending"),
        ("fhir+dicom://A@b", "no way of sending"),
        ("fhir://fhir.example", "no way of sending"),
        ("https://pacs.example/dicom-web", "ends in /studies; that of a FHIR server begins with"),
        ("https://pacs.example/studies/1.2.3", "ends in /studies"),
        ("https://geheim:geheim@pacs.example/studies", "FRACTURE_LOCATOR_TOKEN"),
        ("https://geheim@pacs.example/studies", "no name or password"),
        ("dicom://PACS:geheim@pacs.example", "no name or password"),
        ("https://pacs.example/studies?token=geheim", "what follows ? or #"),
        ("fhir+https://fhir.example/#geheim", "what follows ? or #"),
        ("https:///studies", "names no host"),
        ("https://pacs.example:99999/studies", "not an address"),
        ("https://[::1/studies", "not an address"),
        ("dicom://PACS@pacs.example:0", "no port that can be"),
        ("dicom://pacs.example:104", "an AE title has 1 to 16"),
        ("dicom://A-TITLE-THAT-IS-TOO-LONG@pacs.example", "an AE title has 1 to 16"),
        ("dicom://PACS@pacs.example/studies", "ends after its port"),
    ],
)
def test_another_is_refused_and_not_repeated(given: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_destination(given)
    assert words in str(refused.value)
    assert str(refused.value).startswith("--to: ")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("title", ["", "  ", "A" * 17, "A\\B", "Ä", "A\tB"])
def test_no_title(title: str) -> None:
    with pytest.raises(InputError, match="--calling-aet: an AE title"):
        parse_aet("--calling-aet", title)


def test_secrets_come_from_the_environment_and_are_not_shown() -> None:
    assert not credentials_from({})
    token = credentials_from({"FRACTURE_LOCATOR_TOKEN": "geheim\n"})
    assert token == Credentials(token="geheim")
    both = {"FRACTURE_LOCATOR_USER": "us", "FRACTURE_LOCATOR_PASSWORD": " geheim:"}
    assert credentials_from(both) == Credentials(user="us", password=" geheim:")
    for known in (token, credentials_from(both)):
        assert known
        assert "geheim" not in repr(known) + repr(SendSettings(credentials=known))


@pytest.mark.parametrize(
    ("token", "user", "password", "words"),
    [
        ("geheim", "us", "geheim", "not both"),
        ("gehe im", "", "", "FRACTURE_LOCATOR_TOKEN: holds characters"),
        ("geheim\r\nX: y", "", "", "FRACTURE_LOCATOR_TOKEN: holds characters"),
        ("", "us", "", "FRACTURE_LOCATOR_PASSWORD: not set"),
        ("", "", "geheim", "FRACTURE_LOCATOR_USER: not set"),
        ("", "u:s", "geheim", "a colon"),
        ("", "us", "geheim\n", "a character that no header has"),
    ],
)
def test_secrets_that_cannot_be_are_refused_and_not_repeated(
    token: str, user: str, password: str, words: str
) -> None:
    values = {"TOKEN": token, "USER": user, "PASSWORD": password}
    with pytest.raises(InputError) as refused:
        credentials_from({f"FRACTURE_LOCATOR_{name}": value for name, value in values.items()})
    assert words in str(refused.value)
    assert "geheim" not in str(refused.value)
