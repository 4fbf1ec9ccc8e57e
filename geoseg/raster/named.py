"""The files that a VRT names: where one is gone, GDAL often reads zeros in its place without an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from geoseg.addresses.urls import is_local
from geoseg.errors import UnreadableRasterError
from geoseg.raster.remote import is_vrt

_NAMES = ("SourceFilename", "SourceDataset")
"""Elements that name a raster, of a mosaic and of a warp."""


def require_named(path: str, files: Iterable[str]) -> None:
    """Refuse a VRT of which a part on this machine is not there.

    Args:
        path: The raster as it was given, for the message.
        files: Those of the raster and of the VRTs among them.

    Raises:
        UnreadableRasterError: A part is not there.
    """
    gone = [name for file in files if is_local(file) and is_vrt(file) for name in _gone(file)]
    if gone:
        more = f" and {len(gone) - 1} more" if gone[1:] else ""
        raise UnreadableRasterError(
            f"{path} names {gone[0]}{more}, which is not there; bring back what is missing, or build the VRT anew "
            "from the files that are there: gdalbuildvrt new.vrt *.tif"
        )


def _gone(vrt: str) -> Iterator[str]:
    """Names in a VRT of files that are not there, each once; what is no plain name of a file is passed over."""
    try:
        root = ET.parse(vrt).getroot()  # noqa: S314  # GDAL has read it already
    except (OSError, ET.ParseError):
        return
    folder, seen = Path(vrt).absolute().parent, set()
    for element in root.iter():
        name = (element.text or "").strip()
        if element.tag not in _NAMES or name in seen or not _is_plain(name):
            continue
        seen.add(name)
        beside = element.get("relativeToVRT", element.get("relativetoVRT")) == "1"
        if not (folder / name if beside else Path(name)).exists():
            yield name


def _is_plain(name: str) -> bool:
    return bool(name) and is_local(name) and not any(mark in name for mark in ':<"')
