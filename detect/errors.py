"""Every error that this package raises on purpose.

    FractureLocatorError          the root: caught once, at the command line
    ├── InputError                a path or option that the user gave is wrong
    │   └── ConfigError           a configuration file has mistakes (all are listed)
    ├── ReadError                 one file cannot be read as a radiograph
    ├── DataError                 a dataset is missing, malformed or unfit for its use
    ├── FetchError                a published dataset cannot be downloaded
    ├── BundleError               a weights bundle is damaged, incomplete or too new
    ├── TrainingError             a training stage cannot go on
    ├── DeviceError               a graphics card fails, whatever the image
    │   └── DeviceMemoryError     its memory does not hold what it was given
    ├── BenchmarkError            a measured run failed, or left work undone
    ├── OutputError               a result cannot be written (disk full, no permission)
    ├── SendError                 a PACS or FHIR server takes nothing, whatever is sent
    └── NotWrittenError           one record has no form in an output format

Messages are one line, name the path or option, and say the way out.
"""

from __future__ import annotations

__all__ = [
    "BenchmarkError",
    "BundleError",
    "ConfigError",
    "DataError",
    "DeviceError",
    "DeviceMemoryError",
    "FetchError",
    "FractureLocatorError",
    "InputError",
    "NotWrittenError",
    "OutputError",
    "ReadError",
    "SendError",
    "TrainingError",
]


class FractureLocatorError(Exception):
    """Root of all errors raised on purpose; its text is one line for the user."""


class InputError(FractureLocatorError):
    """A path or an option that the user gave cannot be used."""


class ConfigError(InputError):
    """A configuration file holds unknown keys or values out of range."""


class ReadError(FractureLocatorError):
    """One file cannot be read as a radiograph.

    Attributes:
        reason: stable machine-readable word, one of `record.FAILURE_REASONS`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DataError(FractureLocatorError):
    """A dataset is missing, malformed or unfit for the use asked of it."""


class FetchError(FractureLocatorError):
    """A published dataset cannot be downloaded, or is not what was published."""


class BundleError(FractureLocatorError):
    """A weights bundle is damaged, incomplete or of a newer schema."""


class TrainingError(FractureLocatorError):
    """A training stage cannot start or go on."""


class DeviceError(FractureLocatorError):
    """What computes, a graphics card, fails: the next image would meet it, too."""


class DeviceMemoryError(DeviceError):
    """The card's memory does not hold what it was given at once."""


class BenchmarkError(FractureLocatorError):
    """A measured run failed, or did not do all of its work, so that its time says nothing."""


class OutputError(FractureLocatorError):
    """A result cannot be written."""


class SendError(FractureLocatorError):
    """A destination cannot be reached or takes nothing: not known, no right, no trust."""


class NotWrittenError(FractureLocatorError):
    """One record has no form in an output format; the others are written."""
