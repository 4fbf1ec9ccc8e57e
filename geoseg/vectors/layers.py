"""Finding and describing polygon layers in vector files."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableVectorError

EXTENT_LAYER = "extent"
"""Name of the layer that holds the observed area, in a GeoPackage."""
VectorInput = str | Path | gpd.GeoDataFrame
"""Polygons: a file, or a table in memory."""
PARQUET = (".parquet", ".geoparquet")
"""Extensions of GeoParquet, which is read whole; GDAL's usual builds do not read it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A polygon layer that is known to exist."""

    path: Path
    """The file."""
    name: str
    """Layer within the file."""
    crs: CRS
    """Its CRS."""
    numbers: tuple[str, ...]
    """Names of its columns that hold numbers or booleans."""
    features: int
    """Number of rows."""

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.path.name} (layer {self.name})"


def open_layer(path: Path, name: str | None = None, preferred: str | None = None) -> Layer:
    """Describe a polygon layer; nothing but its header is read.

    Args:
        path: Any vector file that GDAL reads.
        name: The layer; None takes ``preferred`` where present, else the only polygon layer.
        preferred: See ``name``.

    Raises:
        UnreadableVectorError: when there is no such file, layer, polygon or CRS.
    """
    layer_name = name or _choose(path, polygon_layers(path), preferred)
    try:
        info = pyogrio.read_info(path, layer=layer_name, force_feature_count=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _unreadable(path, error) from None
    if not _holds_polygons(info["geometry_type"]):
        raise UnreadableVectorError(
            f"{path.name} (layer {layer_name}) holds {info['geometry_type'] or 'no geometry'}; "
            "polygons are needed"
        )
    if info["crs"] is None:
        raise UnreadableVectorError(
            f"{path.name} (layer {layer_name}) has no CRS; assign one, for instance with "
            "'ogr2ogr -a_srs EPSG:xxxx out.gpkg in'"
        )
    crs = CRS.from_user_input(info["crs"])
    kinds = zip(info["fields"], info["dtypes"], strict=True)
    numbers = tuple(str(name) for name, kind in kinds if np.dtype(kind).kind in "iufb")
    return Layer(path, layer_name, crs, numbers, int(info["features"]))


def polygon_layers(path: Path) -> tuple[str, ...]:
    """Names of the layers that may hold polygons, in file order.

    Raises:
        UnreadableVectorError: when the file is missing or is no vector file.
    """
    if not path.exists() and "://" not in str(path):
        raise UnreadableVectorError(f"{path}: there is no such file")
    try:
        layers = pyogrio.list_layers(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _unreadable(path, error) from None
    return tuple(str(name) for name, kind in layers if _holds_polygons(kind))


def read_frame(layer: Layer, columns: list[str] | None = None) -> gpd.GeoDataFrame:
    """The whole layer as a GeoDataFrame."""
    return gpd.read_file(layer.path, layer=layer.name, columns=columns)


def read_geoparquet(path: Path) -> gpd.GeoDataFrame:
    """The whole file as a GeoDataFrame.

    Raises:
        UnreadableVectorError: there is no such file, or it is no GeoParquet.
    """
    if not path.exists():
        raise UnreadableVectorError(f"{path}: there is no such file")
    try:
        return gpd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise UnreadableVectorError(f"{path} is no GeoParquet file ({error})") from None


def geometry_of(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """(n,) a copy of the geometries, flat."""
    flat: NDArray[np.object_] = shapely.force_2d(np.array(frame.geometry.array, dtype=object))
    return flat


def read_metadata(path: Path) -> dict[str, Any]:
    """The run's metadata that ``geoseg predict`` stored in a GeoPackage; empty where none is."""
    if path.suffix.lower() != ".gpkg":
        return {}
    query = "SELECT metadata FROM gpkg_metadata WHERE mime_type = 'application/json'"
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            texts = [row[0] for row in connection.execute(query)]
        found = [json.loads(text) for text in texts]
    except (sqlite3.Error, json.JSONDecodeError):
        return {}
    return next((item for item in found if isinstance(item, dict)), {})


def _choose(path: Path, names: tuple[str, ...], preferred: str | None) -> str:
    if preferred in names:
        return str(preferred)
    candidates = [name for name in names if name != EXTENT_LAYER]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UnreadableVectorError(f"{path.name} has no polygon layer")
    raise UnreadableVectorError(
        f"{path.name} has several polygon layers ({', '.join(candidates)}); name one of them"
    )


def _holds_polygons(kind: str | None) -> bool:
    return kind is not None and (
        any(word in kind for word in ("Polygon", "Unknown", "Surface"))
        or kind == "GeometryCollection"
    )


def _unreadable(path: Path, error: Exception) -> UnreadableVectorError:
    reason = " ".join(str(error).split())
    return UnreadableVectorError(f"{path}: cannot be read as a vector file ({reason})")
