"""The rasters that a VRT or a tile index names: where one cannot be opened, GDAL often reads zeros without an error."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.warp import transform_bounds

from geoseg.addresses.urls import is_local
from geoseg.errors import UnreadableRasterError
from geoseg.raster.cut import require_all_bytes
from geoseg.raster.parts import Bounds, Stated
from geoseg.raster.remote import is_vrt
from geoseg.raster.vrt import name_in, path_in, root_of

_NAMES = ("SourceFilename", "SourceDataset")
"""Elements that name a raster, of a mosaic and of a warp."""
_RAW = "VRTRawRasterBand"
"""Of bands whose files hold nothing but pixels."""
_BUILD_VRT = "gdalbuildvrt new.vrt *.tif"
_BUILD_INDEX = "gdaltindex new.gpkg *.tif"
SLACK = 0.02
"""Outlines in an index may miss their rasters by this share of a side: some tools carry the four corners alone
into the CRS of the index."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A raster on this machine that another one names."""

    name: str
    """As it is named there."""
    path: Path
    """Where it lies."""
    opened: bool = True
    """It can be opened by its name alone."""
    size: tuple[int, int] | None = None
    """Columns and rows that it had when it was named; None: nothing tells."""
    stated: Stated | None = None
    """Where it lies by an index."""


def require_named(path: str, files: Iterable[str]) -> None:
    """Refuse a VRT of which a part on this machine is not there, cannot be opened or is another one by now.

    Args:
        path: The raster as it was given, for the message.
        files: Those of the raster and of the VRTs among them.

    Raises:
        UnreadableRasterError: A part is.
    """
    vrts = [file for file in files if is_local(file) and is_vrt(file)]
    _require(path, [part for vrt in vrts for part in _parts(vrt)], _BUILD_VRT)


def require_indexed(path: str, rows: Iterable[Stated]) -> None:
    """The same of a tile index, whose gaps GDAL fills without ever raising an error.

    Args:
        path: The raster as it was given, for the message.
        rows: The rasters in it.

    Raises:
        UnreadableRasterError: One of them is not there, cannot be opened, or lies elsewhere than the index says.
    """
    parts = [_Part(row.name, Path(row.name), stated=row) for row in rows if _is_plain(row.name)]
    _require(path, parts, _BUILD_INDEX)


def _require(path: str, parts: Iterable[_Part], build: str) -> None:
    parts = list(parts)
    gone = list(dict.fromkeys(part.name for part in parts if not part.path.exists()))
    if gone:
        more = f" and {len(gone) - 1} more" if gone[1:] else ""
        raise UnreadableRasterError(
            f"{path} names {gone[0]}{more}, which is not there; bring back what is missing, or build it anew "
            f"from the files that are there: {build}"
        )
    # Files beside them are not needed to find out.
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for part in dict.fromkeys(part for part in parts if part.opened):
            _require_whole(path, part, build)


def _require_whole(path: str, part: _Part, build: str) -> None:
    try:
        with rasterio.open(part.path) as dataset:
            require_all_bytes(str(part.path), dataset)
            size = dataset.width, dataset.height
            astray = part.stated is not None and _lies_elsewhere(dataset, part.stated)
    except (RasterioError, CPLE_BaseError) as error:
        reason = " ".join(str(error.__cause__ or error).split()).rstrip(".")
        raise UnreadableRasterError(
            f"{path} names {part.name}, which cannot be opened ({reason}); get it anew, or build the other one "
            f"without it: {build}"
        ) from error
    if part.size not in (None, size):
        was, now = (" x ".join(f"{side:,}" for side in one) for one in (part.size or size, size))
        raise UnreadableRasterError(
            f"{path} was built when {part.name} had {was} pixels, and it has {now} now, so that they would lie "
            f"elsewhere; build it anew: {build}"
        )
    if astray:
        raise UnreadableRasterError(
            f"{path} has {part.name} at another place than where it lies now, so that there would be nothing; "
            f"build it anew: {build}"
        )


def _lies_elsewhere(dataset: Any, stated: Stated) -> bool:  # noqa: ANN401 - rasterio is untyped
    """Whether a raster and its outline in an index both reach beyond each other.

    An outline within its raster is a cut, one around it a rough drawing: neither moves a pixel.
    """
    if dataset.crs is None or not stated.crs or not all(map(isfinite, stated.bounds)):
        return False
    corners = [
        dataset.transform * corner for corner in product((0, dataset.width), (0, dataset.height))
    ]
    x, y = zip(*corners, strict=True)
    bounds = transform_bounds(dataset.crs, CRS.from_wkt(stated.crs), min(x), min(y), max(x), max(y))
    slack = [SLACK * (bounds[axis + 2] - bounds[axis]) for axis in (0, 1)]
    return _beyond(bounds, stated.bounds, slack) and _beyond(stated.bounds, bounds, slack)


def _beyond(one: Bounds, other: Bounds, slack: Sequence[float]) -> bool:
    """Whether a box reaches out of another one by more than the slack in x and y."""
    return any(
        other[axis] - one[axis] > slack[axis] or one[axis + 2] - other[axis + 2] > slack[axis]
        for axis in (0, 1)
    )


def _parts(vrt: str) -> Iterator[_Part]:
    """What a VRT names; what is no plain name of a file is passed over."""
    root = root_of(vrt)
    for parent in () if root is None else root.iter():
        for element in parent:
            name = name_in(element)
            if element.tag not in _NAMES or not _is_plain(name):
                continue
            alone = parent.get("subClass") != _RAW and parent.find("OpenOptions") is None
            yield _Part(name, path_in(element, vrt), alone, _size(parent) if alone else None)


def _size(source: ET.Element) -> tuple[int, int] | None:
    """Columns and rows that a source of a VRT had."""
    told = source.find("SourceProperties")
    sides = [] if told is None else [told.get(name, "") for name in ("RasterXSize", "RasterYSize")]
    return (int(sides[0]), int(sides[1])) if sides and all(map(str.isdecimal, sides)) else None


def _is_plain(name: str) -> bool:
    return bool(name) and is_local(name) and not any(mark in name for mark in ':<"')
