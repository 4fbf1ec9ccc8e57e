"""Polygons of any origin as one table: a file's layer, or what is in memory already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
from pyproj import CRS

from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.languages.said import Said
from geoseg.vectors.layers import VectorInput, open_layer, read_frame

TABLE = Said("the table of {role}")
"""What a table in memory is called."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A whole table."""

    frame: gpd.GeoDataFrame
    """Its rows; one geometry column is active."""
    label: str
    """How messages name it."""
    crs: CRS
    """Its CRS."""


def load(
    source: VectorInput,
    role: str,
    *,
    layer: str | None = None,
    preferred: str | None = None,
    columns: list[str] | None = None,
) -> Loaded:
    """All rows of a file or a GeoDataFrame.

    Args:
        source: A path or a GeoDataFrame.
        role: What they are, plural, for messages: "zones".
        layer: Layer of the file; None: ``preferred``, else its only polygon layer.
        preferred: See ``layer``.
        columns: Those wanted of a file; None: all.

    Raises:
        UnreadableVectorError: no such file or layer, no polygons, no CRS.
        UsageError: it is neither path nor GeoDataFrame, or a layer is named of what has none.
    """
    if not isinstance(source, (str, Path)):
        return Loaded(source, TABLE.format(role=role), crs_of_frame(source, role, layer))
    found = open_layer(source, layer, preferred)
    return Loaded(read_frame(found, columns), found.label, found.crs)


def crs_of_frame(frame: gpd.GeoDataFrame, role: str, layer: str | None = None) -> CRS:
    """The CRS of a table in memory, once it is known to be usable.

    Raises:
        UnreadableVectorError: no geometry, or no CRS.
        UsageError: it is no GeoDataFrame, or a layer of it is named.
    """
    if not isinstance(frame, gpd.GeoDataFrame):
        raise UsageError(
            f"the {role} must be a path or a GeoDataFrame; got {type(frame).__name__!r}"
        )
    if layer is not None:
        raise UsageError(f"the {role} are a table, which has no layers; leave out {layer!r}")
    name = frame.active_geometry_name
    if name is None or list(frame.columns).count(name) != 1:
        raise UnreadableVectorError(
            f"the {role} need exactly one active geometry column; choose one with set_geometry"
        )
    if frame.crs is None:
        raise UnreadableVectorError(f"the {role} have no CRS; assign one with set_crs")
    return CRS.from_user_input(frame.crs)
