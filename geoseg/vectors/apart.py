"""Rows and shapes read apart, where geopandas stumbles over a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.vectors.address import Address, suffix_of
from geoseg.vectors.wkb import shapes_of

DRAWN_FROM_COLUMNS = (".vrt", ".csv", ".tsv", ".ods", ".xlsx")
"""Formats whose shapes come from columns, and are lost where those are not read."""
_OF_TEXTS = (".csv", ".tsv")
GEOMETRY = "geometry"
"""What the geometry is called in a table that was read from a file."""


def read_apart(
    path: Address,
    layer: str | None,
    crs: CRS,
    columns: list[str] | None,
    bbox: tuple[float, float, float, float] | None,
    **opening: Any,  # options of pyogrio
) -> gpd.GeoDataFrame:
    """The rows of a layer under a CRS of ours, with all shapes that can be made polygons.

    Arcs become lines of short steps, triangles and faces of bodies polygons.
    """
    shapes = read_shapes(path, layer, bbox=bbox)
    rows = pd.DataFrame(index=range(len(shapes)))
    if columns is None or columns:
        rows = pyogrio.read_dataframe(
            path, layer=layer, columns=columns, bbox=bbox, read_geometry=False, **opening
        )
    name = GEOMETRY if GEOMETRY not in rows.columns else free_name("geom", rows.columns)
    return gpd.GeoDataFrame(rows.assign(**{name: shapes}), geometry=name, crs=crs)


def without_texts(path: Address) -> dict[str, str]:
    """For GDAL: the text of which a table's shapes are made is no column beside them."""
    return {"KEEP_GEOM_COLUMNS": "NO"} if suffix_of(path) in _OF_TEXTS else {}


def read_shapes(
    path: Address,
    layer: str | None,
    *,
    bbox: tuple[float, float, float, float] | None = None,
) -> NDArray[np.object_]:
    """(n,) shapes of a layer; None where there is none."""
    columns: list[str] | None = None if suffix_of(path) in DRAWN_FROM_COLUMNS else []
    _, _, wkb, _ = pyogrio.raw.read(path, layer=layer, columns=columns, bbox=bbox)
    return shapes_of(wkb)


def latest_name(wanted: str, names: Iterable[object]) -> str:
    """The last of ``wanted``, wanted_1, wanted_2, ... in the order of ``names``; ``wanted`` where there is none.

    That is what :func:`free_name` gave to a column which was added behind those that were there.
    """
    named = re.compile(rf"{re.escape(wanted)}(_\d+)?")
    found = [str(name) for name in names if named.fullmatch(str(name))]
    return found[-1] if found else wanted


def free_name(wanted: str, taken: Iterable[object]) -> str:
    """The name wanted, or the first of name_1, name_2, ... that none has, whatever its case."""
    lowered = {str(name).lower() for name in taken}
    name, number = wanted, 0
    while name.lower() in lowered:
        number += 1
        name = f"{wanted}_{number}"
    return name
