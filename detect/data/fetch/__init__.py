"""Published datasets, downloaded: catalogue → list of files → download → unpack."""

from __future__ import annotations

from detect.data.fetch.catalogue import catalogue_lines, find
from detect.data.fetch.figshare import API
from detect.data.fetch.run import Fetched, FetchRequest, fetch

__all__ = ["API", "FetchRequest", "Fetched", "catalogue_lines", "fetch", "find"]
