"""A layer in an archive: the one file of it that holds layers, wherever it lies within."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from geoseg.vectors.address import Address

HOLDING = (".shp", ".gpkg", ".geojson", ".fgb", ".kml", ".gml", ".tab", ".gdb")
"""Extensions of files, and folders, of layers."""
KNOWN_TO_GDAL = (".shp.zip", ".gdb.zip", ".kmz")
"""Archives that GDAL opens as they are."""


def within_archive(address: Address) -> Address:
    """The only file of layers in a ``.zip``, as GDAL names it; any other address as it is.

    An archive with several is left to GDAL, which takes those at its top as layers.
    """
    if not isinstance(address, Path) or not _is_archive(address):
        return address
    members = _members(address)
    return f"/vsizip/{{{address.absolute()}}}/{members[0]}" if len(members) == 1 else address


def _is_archive(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(".zip") and not name.endswith(KNOWN_TO_GDAL) and path.is_file()


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return []
    found = {_holder(PurePosixPath(name)) for name in names}
    return sorted(str(one) for one in found if one is not None)


def _holder(name: PurePosixPath) -> PurePosixPath | None:
    """The file or folder of layers that a name in an archive is, or lies in."""
    if "__MACOSX" in name.parts:
        return None
    return next(
        (one for one in reversed((name, *name.parents)) if one.suffix.lower() in HOLDING), None
    )
