"""Names of rasters that are no files of this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qs

_PACKED = re.compile(r"/vsi(?:zip|tar|gzip|7z|rar)/+(?=vsi)|/vsi(?:zip|tar|gzip|7z|rar)/")
"""GDAL's prefix of what lies in an archive; rasterio writes one slash where GDAL writes two."""
_ARCHIVE = re.compile(r"(.*?\.(?:zip|kmz|tar|tgz|tar\.gz|gz|7z|rar))(?:/|$)", re.IGNORECASE)
"""An archive's name, and what follows it."""
_SCHEME = re.compile(r"(?:zip|tar|gzip)(?:\+|://)", re.IGNORECASE)
"""rasterio's way to say the same, before ``!`` and the name within."""
_BANG = re.compile(r"(?P<file>[^!]+\.(?:zip|kmz|tar|tgz))!", re.IGNORECASE)
"""The same without a scheme, as geopandas takes it."""
_INTO = re.compile(
    r"(?P<file>[^!]+?\.(?P<ending>zip|kmz|tar|tgz|tar\.gz))(?:[!/]+(?P<within>.*))?", re.IGNORECASE
)
"""The archive and the name within it, by any of the ways that people try."""
_PART = re.compile(
    r"""GTIFF_(?:DIR|RAW):(?:off:)?\d+:(?P<tiff>.+)   # a page of a TIFF
    |[A-Z][A-Z\d_]+:"(?P<quoted>[^"]+)"(?::.*)?      # NETCDF:"a.nc":band
    |(?:GPKG|NETCDF|HDF5):(?P<plain>.+?):[^:/\\]+    # a table of a GeoPackage
    |vrt://(?P<vrt>[^?]+)(?:\?.*)?                   # a raster, seen as the options say""",
    re.IGNORECASE | re.VERBOSE,
)
"""GDAL's name of one raster of several in a file, or of a view of it."""
_FOLDED = re.compile(
    r"""((?:/?vsi\w+/)*
    (?:(?:zip|tar|gzip)\+)?(?:https?|ftp|s3|gs|gcs|oss|az|adls?|abfss?|wasbs?|swift|hdfs|zip|tar|gzip|vrt):)/(?!/)""",
    re.IGNORECASE | re.VERBOSE,
)
"""The beginning of an address that went through ``Path``, which takes two slashes for one; not GDAL's ``GPKG:/a.gpkg``."""


def unfolded(path: str | os.PathLike[str]) -> str:
    """The name that a path holds, with the slash back that ``Path`` took of an address or of an archive's full path."""
    name = os.fspath(path)
    folded, packed = _FOLDED.match(name), _PACKED.match(name)
    if folded:
        begin, rest = f"{folded[1]}//", name[folded.end() :]
    elif packed:
        begin, rest = packed[0], name[packed.end() :]
    else:
        return name
    held = holding_file(begin + rest)
    if is_local(held) and not Path(held).exists() and Path(f"/{held}").is_file():
        return f"{begin}/{rest}"
    return begin + rest


def holding_file(path: str) -> str:
    """The file that holds a raster or layer: an archive, of whichever depth, one of several parts, or itself."""
    inside = _held_by(path)
    return path if inside is None else holding_file(inside)


def _held_by(path: str) -> str | None:
    """The name within a name, one prefix less; None where there is none."""
    if path.startswith("/vsisubfile/"):
        return path.partition(",")[2]
    if path.startswith("/vsicached?"):
        return parse_qs(path.partition("?")[2]).get("file", [""])[0]
    scheme, packed = _SCHEME.match(path), _PACKED.match(path)
    if scheme:
        return path[scheme.end() :].partition("!")[0].removeprefix("file://")
    if part := _PART.fullmatch(path):
        return str(next(filter(None, part.groups())))
    if archive := _BANG.match(path):
        return archive["file"]
    return _archive(path[packed.end() :]) if packed else None


def _archive(inside: str) -> str:
    """The archive at the beginning of what follows GDAL's prefix."""
    if inside.startswith("{"):
        return inside[1:].partition("}")[0].lstrip("{")
    inside = f"/{inside}" if inside.startswith("vsi") else inside
    archive = None if _PACKED.match(inside) else _ARCHIVE.match(inside)
    return archive[1] if archive else inside


def named_for_gdal(path: str) -> str | None:
    """What GDAL calls a file in an archive of this machine, which is named otherwise; None: it lies in none.

    Ways to name it are ``a.zip!b.tif``, with or without a scheme, and ``a.zip/b.tif``; of an archive alone the name
    within is ``NAME``.
    """
    scheme = _SCHEME.match(path)
    plain = path[scheme.end() :].removeprefix("file://") if scheme else path
    found = _INTO.fullmatch(plain)
    if path.startswith("/vsi") or found is None or not Path(found["file"]).is_file():
        return None
    kind = "zip" if found["ending"].lower() in {"zip", "kmz"} else "tar"
    return f"/vsi{kind}/{found['file']}/{found['within'] or 'NAME'}"


def http_address(path: str) -> str | None:
    """The URL, with its secrets, by which a server is asked for a raster; None for anything else.

    Of a raster in an archive it is that of the archive. Rasters in buckets (``s3://``) have none: only
    GDAL knows how to ask for them.
    """
    path = holding_file(path)
    if path.startswith("/vsicurl?"):
        path = parse_qs(path.partition("?")[2]).get("url", [""])[0]
    path = path.removeprefix("/vsicurl/")
    return path if path.lower().startswith(("http://", "https://")) else None


def is_local(path: str) -> bool:
    """Whether a name is that of a file, as far as the name tells."""
    return "://" not in path and not path.startswith("/vsi") and ":" not in path[2:]


def is_here(path: str) -> bool:
    """Whether what a name names is of this machine: a file, what lies in an archive that is one, or in memory."""
    return is_local(holding_file(path)) or is_in_memory(path)


def is_in_memory(path: str) -> bool:
    """Whether a name is known to this process alone."""
    return holding_file(path).startswith("/vsimem/")
