"""What an earlier command left in a folder, which is not dropped unasked."""

from __future__ import annotations

from pathlib import Path

from detect.errors import InputError

__all__ = ["refuse_earlier"]


def refuse_earlier(out: Path, name: str, what: str, *, overwrite: bool) -> None:
    """Refuse to write over the file `name` in `out` without being told to.

    Args:
        out: folder that the user named with --out.
        name: of the file that tells of an earlier result.
        what: it is, in words, with its article.
        overwrite: the user told to.

    Raises:
        InputError: `out` holds one, or is no folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; name a folder")
    if (out / name).exists() and not overwrite:
        raise InputError(f"--out {out}: holds {what} already; choose another, or --overwrite")
