"""Layers whose CRS pyogrio names by a code that pyproj's register does not have yet."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely
from pyproj import CRS


def read_apart(
    path: Path,
    layer: str | None,
    crs: CRS,
    columns: list[str] | None,
    bbox: tuple[float, float, float, float] | None,
) -> gpd.GeoDataFrame:
    """The rows of a layer under a CRS of ours: geopandas stumbles over the code before they come."""
    rows = pyogrio.read_dataframe(
        path, layer=layer, columns=columns, bbox=bbox, read_geometry=False
    )
    _, _, wkb, _ = pyogrio.raw.read(path, layer=layer, columns=[], bbox=bbox)
    name = "geometry" if "geometry" not in rows.columns else "geom"
    return gpd.GeoDataFrame(rows.assign(**{name: shapely.from_wkb(wkb)}), geometry=name, crs=crs)
