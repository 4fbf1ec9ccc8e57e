"""Outputs that are named by a symbolic link: what it leads to is written, and the link stays, as for other programs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from geoseg.errors import OutputError

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def followed(path: Path) -> Path:
    """What a symbolic link of this name leads to in the end, whether or not that is there; else the name itself."""
    # Not Path's own, which raises for names that no file can have.
    return Path(os.path.realpath(path)) if os.path.islink(path) else path  # noqa: PTH114


def require_followable(path: Path) -> Path:
    """:func:`followed`, of a link through which may be written.

    Raises:
        OutputError: It leads in a circle, into a folder that is not there, or to a file that nobody may write to,
            as into the store of a program that keeps versions of data.
    """
    if not os.path.islink(path):  # noqa: PTH114
        return path
    place = followed(path)
    leads = f"{path} is a symbolic link that leads"
    if os.path.islink(place):  # noqa: PTH114
        raise OutputError(f"{leads} in a circle; remove it, or give another name")
    if not place.parent.is_dir():
        raise OutputError(f"{leads} to {place}, whose folder does not exist; create it first")
    if place.is_file() and not place.stat().st_mode & _WRITABLE:
        raise OutputError(
            f"{leads} to {place}, which is read-only and may be in use elsewhere; remove the link, or give another name"
        )
    return place


def require_no_links(paths: Iterable[Path]) -> None:
    """Refuse links where several files make one: those that links lead to need not lie beside each other.

    Raises:
        OutputError: One of them is a link.
    """
    for path in paths:
        if os.path.islink(path):  # noqa: PTH114
            raise OutputError(
                f"{path} is a symbolic link, and this format is several files of one name beside each other; give "
                f"the name of what the link leads to ({followed(path)}), or another one"
            )
