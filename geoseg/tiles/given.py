"""What users give as an area of interest: a file, a table, a geometry or bounds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geoseg.addresses.secrets import without_secrets
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.raster.services import USUAL_GSD_M, Wanted
from geoseg.settings import AreaRecord
from geoseg.vectors.address import Address, address_of
from geoseg.vectors.bounds import CORNERS, Bounds
from geoseg.vectors.layers import open_layer, read_frame
from geoseg.vectors.load import load

AreaInput: TypeAlias = (
    str | os.PathLike[str] | gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry | Sequence[float]
)
"""A vector file or a table of any CRS; bounds (minx, miny, maxx, maxy), as a text too and with an EPSG
code, else in the CRS of the first raster, as is a geometry."""
ROLE, LABEL = "areas of interest", "the area of interest"
"""How messages name tables, and what else is no file."""


@dataclass(frozen=True, slots=True)
class GivenArea:
    """An area of interest before it is brought onto a grid."""

    geometry: NDArray[np.object_]
    """(n,) geometries, none missing."""
    crs: CRS | None
    """Of the geometries; None: that of the first raster."""
    label: str
    """How messages name it."""
    record: AreaRecord
    """What identifies it."""

    @classmethod
    def of(cls, area: AreaInput | None, layer: str | None = None) -> GivenArea | None:
        """Read what a user gave; None for None.

        Raises:
            UsageError: it is no area, or ``layer`` names one of what has none.
            UnreadableVectorError: a file that cannot be read, a table without CRS.
        """
        bounds = Bounds.read(area)
        if isinstance(area, str | os.PathLike) and bounds is None:
            return cls._of_file(address_of(os.fspath(area)), layer)
        if area is None and layer is not None:
            raise UsageError(f"aoi_layer {layer!r} names a layer of aoi, which is not given")
        if area is None:
            return None
        if isinstance(area, gpd.GeoSeries):
            area = area.to_frame("geometry").set_geometry("geometry")
        if isinstance(area, gpd.GeoDataFrame):
            loaded = load(area, ROLE, layer=layer)
            return cls._made(loaded.frame.geometry.to_numpy(), loaded.crs, LABEL)
        if layer is not None:
            raise UsageError(f"aoi_layer {layer!r} names a layer of a file; leave it out")
        if isinstance(area, BaseGeometry):
            return cls._made(np.array([area], dtype=object), None, LABEL)
        bounds = bounds or _bounds(area)
        return cls._made(np.array([bounds.box], dtype=object), bounds.crs, LABEL)

    def of_services(self, gsd_m: float | None, range_m: tuple[float, float] | None) -> Wanted:
        """What is asked of services: the area, at pixels of ``gsd_m`` or the model's coarsest."""
        coarsest_m = gsd_m or (USUAL_GSD_M if range_m is None else range_m[1])
        return Wanted(self.geometry.tolist(), self.crs, coarsest_m)

    @classmethod
    def _of_file(cls, path: Address, layer: str | None) -> GivenArea:
        found = open_layer(path, layer)
        geometry = read_frame(found, []).geometry.to_numpy()
        made = cls._made(geometry, found.crs, found.label)
        place = str(path.resolve()) if isinstance(path, Path) else without_secrets(path)
        named = {"path": place, "layer": found.name}
        return replace(made, record=made.record.model_copy(update=named))

    @classmethod
    def _made(cls, geometry: NDArray[np.object_], crs: CRS | None, label: str) -> GivenArea:
        present = geometry[~(shapely.is_missing(geometry) | shapely.is_empty(geometry))]
        if not present.size:
            raise UnreadableVectorError(f"{label} is empty; give at least one polygon")
        left, bottom, right, top = map(float, shapely.total_bounds(present))
        record = AreaRecord(
            path=None,
            layer=None,
            crs=None if crs is None else crs.to_string(),
            bounds=(left, bottom, right, top),
            sha256=_sha256(present, crs),
        )
        return cls(present, crs, label, record)


def _bounds(given: Any) -> Bounds:  # noqa: ANN401 - users give anything
    kinds = "a vector file, a GeoDataFrame, a shapely polygon, or bounds (minx, miny, maxx, maxy)"
    try:
        *corners, code = [*given, None] if len(given) == CORNERS else given
        numbers = [float(number) for number in corners]
    except (TypeError, ValueError):
        raise UsageError(f"aoi takes {kinds}; got a {type(given).__name__}") from None
    return Bounds.of(numbers, None if code is None else str(code), given)


def _sha256(geometry: NDArray[np.object_], crs: CRS | None) -> str:
    """The same for the same polygons of one CRS, in whatever order and ring direction."""
    normal = shapely.normalize(shapely.force_2d(geometry))
    parts = sorted(shapely.to_wkb(normal, byte_order=1))
    named = "" if crs is None else crs.to_wkt()
    return hashlib.sha256(b"".join([named.encode(), *parts])).hexdigest()
