"""The files and services that a raster's pixels come from, where GDAL does not list them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoseg.addresses.secrets import without_secrets
from geoseg.addresses.urls import is_local

SERVICES = frozenset(
    {"EEDAI", "NGW", "OGCAPI", "PLMOSAIC", "STACIT", "STACTA", "WCS", "WMS", "WMTS"}
)
"""Drivers whose files describe what a server has; nothing tells one content of that from another."""
TILE_INDEX = "GTI"
"""GDAL's driver of an index of rasters, with their names in a column."""
LOCATION = "location"
"""The column."""
Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A raster as a tile index has it."""

    name: str
    """Its file, or address."""
    bounds: Bounds
    """Where it lies by the index; NaN where the row has no outline."""
    crs: str
    """CRS of the bounds, WKT; empty: the index has none."""


def listed_parts(
    path: str,
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    rows: Sequence[Stated] | None,
) -> tuple[str, ...]:
    """What an open dataset consists of: GDAL's list, and what an index or a service stands for.

    A name such as ``WMS:describing.xml`` stands for what cannot be listed.

    Args:
        path: By which it was opened.
        dataset: It is.
        rows: What ``stated`` says of it.
    """
    listed = tuple(dataset.files)
    if dataset.driver == TILE_INDEX:
        return (*listed, *_indexed(path, rows))
    if dataset.driver in SERVICES:
        return (*listed, f"{dataset.driver}:{without_secrets(path)}")
    return listed or (path,)


def _indexed(path: str, rows: Sequence[Stated] | None) -> tuple[str, ...]:
    """The index, and the rasters in it; of one that says so in another way, a name that stands for them."""
    if rows is None:
        return (f"{TILE_INDEX}:{without_secrets(path)}",)
    return (_index(path), *(row.name for row in rows))


def stated(path: str, dataset: Any) -> tuple[Stated, ...] | None:  # noqa: ANN401
    """The rows of an open tile index; None where it says in another way what is in it, or is none."""
    if dataset.driver != TILE_INDEX:
        return None
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    index = _index(path)
    try:
        rows = pyogrio.read_dataframe(index)
        names, boxes = rows[LOCATION].astype(str), rows.bounds.to_numpy()
    except (AttributeError, DataLayerError, DataSourceError, KeyError, ValueError):
        return None
    crs = "" if rows.crs is None else rows.crs.to_wkt()
    return tuple(
        Stated(_beside(Path(index).parent, name), (left, bottom, right, top), crs)
        for name, (left, bottom, right, top) in zip(names, boxes.tolist(), strict=True)
    )


def _index(path: str) -> str:
    return path.removeprefix(f"{TILE_INDEX}:").partition(",")[0]


def _beside(folder: Path, name: str) -> str:
    """A file by its relative name, which some versions of GDAL take from the folder of the index."""
    return str(folder / name) if is_local(name) and (folder / name).exists() else name
