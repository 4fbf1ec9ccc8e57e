"""Where a layer lies: a file of this machine, or a name that GDAL alone understands."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from geoseg.addresses.secrets import without_secrets
from geoseg.addresses.urls import holding_file, is_local, unfolded
from geoseg.errors import UsageError

Address = Path | str
"""A path; or, as text, what must not be folded like one: ``https://``, ``/vsizip/``, ``PG:``."""


def address_of(given: str | Path) -> Address:
    """What a user named, ready to be opened.

    Raises:
        UsageError: the name is empty, which GDAL would take for the current folder.
    """
    if isinstance(given, str) and not given.strip():
        raise UsageError("the name of a layer's file is empty; give a path or an address")
    name = unfolded(given)
    if Path(given).exists() or (is_local(name) and holding_file(name) == name):
        return Path(given)
    return name


def name_of(address: Address) -> str:
    """Its last part, for messages and provenance, without secrets."""
    if isinstance(address, Path):
        return address.name
    plain = without_secrets(address)
    return PurePosixPath(plain).name or plain


def suffix_of(address: Address) -> str:
    """The extension in lower case."""
    return PurePosixPath(name_of(address)).suffix.lower()


def is_missing(address: Address) -> bool:
    """Whether it is a file that is not there; of what GDAL alone understands nobody knows."""
    return isinstance(address, Path) and not address.exists() and not is_virtual(address)


def is_virtual(address: Address) -> bool:
    """Whether it is one of GDAL's virtual files."""
    return str(address).startswith("/vsi")
