"""Reading back results.jsonl, a record at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from detect.errors import InputError
from detect.record import Failure, Reading, record_from_json

__all__ = ["count_results", "read_results"]


_READING_TYPES = TypeAdapter(Reading)
_FAILURE_TYPES = TypeAdapter(Failure)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _record(line: bytes) -> Reading | Failure:
    """Rebuild a record from a line; ValueError says in one line what is wrong."""
    if not line.endswith(b"\n"):
        raise ValueError("the line is unfinished; finish the run with --resume")
    # its errors, bad UTF-8 included, are ValueErrors
    plain = json.loads(line, parse_constant=_refuse)
    if not isinstance(plain, dict):
        raise ValueError("not a record")
    record = record_from_json(plain)
    types: TypeAdapter[Any] = _READING_TYPES if isinstance(record, Reading) else _FAILURE_TYPES
    # as JSON, since pydantic's strict mode takes dataclasses from nothing else; half
    # characters of file names are replaced, which changes no type
    fields = types.dump_python(record, warnings=False)
    content = json.dumps(fields, ensure_ascii=False).encode(errors="replace")
    try:
        types.validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from error
    if record.to_json() != plain:  # unknown keys, or a text where a list belongs
        raise ValueError("fields are not those of the schema; see reading.schema.json")
    return record


def read_results(path: Path) -> Iterator[Reading | Failure]:
    """Yield the records of a results.jsonl in its order, one in memory at a time.

    Raises:
        InputError: the file cannot be read, or a line is no record; it names the line.
    """
    with _naming_input(path), path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = _record(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {number}: {error}") from error
            yield record


def count_results(path: Path) -> int:
    """Return how many lines a results.jsonl has, without reading what they say.

    Raises:
        InputError: the file cannot be read.
    """
    with _naming_input(path), path.open("rb") as file:
        return sum(1 for _ in file)


@contextmanager
def _naming_input(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"cannot read {path}: {why}; name a results.jsonl") from error
