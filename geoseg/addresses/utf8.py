"""Names that are no UTF-8, of files from old disks and archives: libraries cannot open them."""

from __future__ import annotations

import os

from geoseg.errors import UsageError


def require_utf8(given: object) -> None:
    """Refuse a text or path, or one of several, that GDAL cannot be told.

    Raises:
        UsageError: its bytes are no UTF-8.
    """
    if isinstance(given, (list, tuple)):
        for one in given:
            require_utf8(one)
    elif isinstance(given, (str, os.PathLike)):
        name = os.fspath(given)
        if isinstance(name, str) and any("\ud800" <= letter <= "\udfff" for letter in name):
            shown = os.fsencode(name).decode(errors="backslashreplace")
            raise UsageError(f"the name {shown} is not in UTF-8, so GDAL cannot open it; rename it")
