"""The pictures of the page: beside it in report_files/, or inside it.

Each radiograph becomes a plain JPEG of at most `VIEW_SIDE` pixels a side, a thumbnail of
`THUMB_SIDE`, and, where the run saved a heat map, a transparent PNG to lay over it. In all
some 20 kB an image of 0.2 megapixels, 100 to 350 kB an image of clinical size; a third more
inside the page, where they are base64.
"""

from __future__ import annotations

import base64
import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote

from detect.errors import NotWrittenError, OutputError
from detect.record import Source
from detect.write.atomic import naming_output, replacing_bytes
from detect.write.context import WriteContext, picture_name
from detect.write.radiographs import Radiographs
from detect.write.view import encode_view, heat_layer

__all__ = ["FILES_NAME", "SUFFIXES", "THUMB_SIDE", "VIEW_SIDE", "Beside", "Inside", "Pictures"]

FILES_NAME = "report_files"
SUFFIXES = (".jpg", ".png")
VIEW_SIDE = 1600  # pixels: more than a screen shows, and enough to zoom
THUMB_SIDE = 176  # pixels: sharp at twice the density of the list's 88
_HEAT_SIDE = 256  # pixels: evidence maps are coarser
_QUALITY, _THUMB_QUALITY = 85, 78  # JPEG

_MEDIA = {"jpg": "image/jpeg", "png": "image/png"}


class Store(Protocol):
    """Where pictures go."""

    def put(self, kind: str, source: Source, suffix: str, content: bytes, /) -> str:
        """Keep one picture; return what the page finds it by.

        Raises:
            NotWrittenError: this one cannot be kept.
            OutputError: none can.
        """


class Beside:
    """Pictures as files, linked from the page by relative addresses.

    Args:
        folder: being filled; it will be called `FILES_NAME`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, kind: str, source: Source, suffix: str, content: bytes, /) -> str:
        """Keep one picture as `folder`/`kind`/<relative path of the source>.`suffix`."""
        name = picture_name(source.path, source.frame, suffix)
        root = self._folder / kind
        if not Path(os.path.normpath(root / name)).is_relative_to(root):
            raise NotWrittenError(f"{source.path}: leads out of the folder; read the images again")
        try:
            with replacing_bytes(root / name) as file:
                file.write(content)
        except OutputError as error:
            if not isinstance(error.__cause__, OSError) or not _is_name(error.__cause__):
                raise
            raise NotWrittenError(
                f"{source.path}: is too long a name for a picture; use --embed"
            ) from error
        return quote(os.fsencode(f"{FILES_NAME}/{kind}/{name}"))


class Inside:
    """Pictures as elements of the page, collected in a temporary file.

    Args:
        folder: where the temporary file lies.

    Raises:
        OutputError: it cannot be written (also from `put`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        with naming_output(folder):
            # open until `close`, hence no `with`
            self._file = tempfile.TemporaryFile(dir=folder, prefix=".", suffix=".part")  # noqa: SIM115

    def put(self, kind: str, _source: Source, suffix: str, content: bytes, /) -> str:
        """Keep one picture as an inert element; return "#" and its id."""
        name = f"{kind}-{self._count}"
        self._count += 1
        with naming_output(self._folder):
            self._file.write(f'<script type="text/plain" id="{name}">'.encode())
            self._file.write(f"data:{_MEDIA[suffix]};base64,".encode())
            self._file.write(base64.b64encode(content))
            self._file.write(b"</script>\n")
        return f"#{name}"

    def copy_to(self, page: BinaryIO) -> None:
        """Write all elements."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, page, 1 << 20)

    def close(self) -> None:
        """Remove the temporary file.

        Raises:
            OutputError: what is left to write, on the way out of another error, has no room.
        """
        with naming_output(self._folder):
            self._file.close()


def _is_name(error: OSError) -> bool:
    return error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)


class Pictures:
    """Makes the pictures of one image at a time.

    Args:
        context: of the writer.
        store: where they go.
    """

    def __init__(self, context: WriteContext, store: Store) -> None:
        self._radiographs = Radiographs(context.originals)
        self._heatmaps = context.heatmaps
        self._store = store

    def of(self, source: Source) -> dict[str, str]:
        """Return what the page finds the pictures by, under "view", "thumb" and "heat".

        What there cannot be is left out; "view_missing" and "heat_missing" then say why, in
        one line (of a heat map only if one was saved).

        Raises:
            OutputError: pictures cannot be written.
        """
        found: dict[str, str] = {}

        def add(kind: str, make: Callable[[], dict[str, str]]) -> None:
            try:
                found.update(make())
            except NotWrittenError as error:
                found[f"{kind}_missing"] = str(error)

        add("view", lambda: self._views(source))
        if self._heatmaps is not None:
            path = self._heatmaps / picture_name(source.path, source.frame, "png")
            add("heat", lambda: self._heat(source, path))
        return found

    def _views(self, source: Source) -> dict[str, str]:
        pixels = self._radiographs.radiograph_of(source).pixels
        view = encode_view(pixels, VIEW_SIDE, _QUALITY)
        thumb = encode_view(pixels, THUMB_SIDE, _THUMB_QUALITY)
        return {
            "view": self._store.put("images", source, "jpg", view),
            "thumb": self._store.put("thumbs", source, "jpg", thumb),
        }

    def _heat(self, source: Source, path: Path) -> dict[str, str]:
        layer = heat_layer(path, _HEAT_SIDE)
        return {} if layer is None else {"heat": self._store.put("heat", source, "png", layer)}

    def close(self) -> None:
        """Let go of the file being read."""
        self._radiographs.close()
