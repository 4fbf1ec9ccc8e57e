"""The version of geoseg, told in one place."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("geoseg")
except PackageNotFoundError:  # a bare checkout
    __version__ = "0"
