"""Keeping passwords and tokens out of what is written down or said."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

_USER = re.compile(r"([a-z][a-z0-9+.-]+:/+)[^\s/'\"]*@", re.IGNORECASE)
"""A URL's ``user:password@``."""
_QUERY = re.compile(r"([a-z][a-z0-9+.-]+:/+[^\s?#'\"]*)[?#][^\s'\"<>]*", re.IGNORECASE)
"""A URL with its query or fragment, where signatures and tokens stand."""
_VSI_QUERY = re.compile(r"(/vsi[a-z0-9_]+)\?[^\s'\"<>]*", re.IGNORECASE)
"""GDAL's way to hand options, headers among them, to a reader of URLs."""
_BARE_QUERY = re.compile(r"(?<=[^\s/?])\?[\w.~%-]+=[^\s'\",]*")
"""A query behind the last part of a URL, by which alone GDAL's messages name a raster."""
_NAMED = re.compile(
    r"\b((?:\w*_)?(?:password|passwd|pwd|secret|token|key))=('[^']*'|\"[^\"]*\"|[^\s&,;'\"]+)",
    re.IGNORECASE,
)
"""``password=...`` as in connection strings."""


def without_secrets(text: str) -> str:
    """The text without users, passwords and queries of its URLs, and without named secrets.

    What is left of a URL still says which host and file it is.
    """
    text = _VSI_QUERY.sub(r"\1", text)
    text = _QUERY.sub(r"\1", _USER.sub(r"\1", text))
    text = _BARE_QUERY.sub("", text)
    return _NAMED.sub(r"\1=...", text)


def bare_name(path: str | PurePath) -> str:
    """The last part of a path or address, without what may be a token behind it."""
    return PurePath(without_secrets(str(path))).name


def redact(record: logging.LogRecord) -> bool:
    """Take the secrets out of a message that is logged; a filter that keeps every one."""
    record.msg, record.args = without_secrets(record.getMessage()), None
    return True
