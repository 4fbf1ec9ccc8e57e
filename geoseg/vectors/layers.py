"""Finding, describing and reading polygon layers in vector files of any format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoseg.earth.crs import understood
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.vectors.apart import read_apart
from geoseg.vectors.geoparquet import Box, is_geoparquet, read_header, read_rows

EXTENT_LAYER = "extent"
"""Name of the layer that holds the observed area, in a GeoPackage."""
FARTHEST = 1e12
"""Coordinates beyond this, in any unit, are damage: the Earth is 4e7 m around."""
VectorInput = str | Path | gpd.GeoDataFrame
"""Polygons: a file, or a table in memory."""
GEOMETRY = "geometry"
"""What the geometry is called in a table that was read from a file."""
NUMBERS = ("int", "uint", "float", "bool")
"""How the types of such columns begin."""
GDAL_ERRORS = (DataSourceError, DataLayerError)
"""What reading through GDAL may raise."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A polygon layer that is known to exist."""

    path: Path
    """The file."""
    name: str | None
    """Layer within the file; None in a format that has none."""
    crs: CRS
    """Its CRS."""
    columns: tuple[str, ...]
    """Names of its columns beside the geometry."""
    numbers: tuple[str, ...]
    """Those that hold numbers or booleans."""
    features: int
    """Number of rows."""

    @property
    def label(self) -> str:
        """How messages name it."""
        return _label(self.path, self.name)


def open_layer(path: Path, name: str | None = None, preferred: str | None = None) -> Layer:
    """Describe a polygon layer; nothing but its header is read.

    Args:
        path: GeoParquet, or any vector file that GDAL reads.
        name: The layer; None takes ``preferred`` where present, else the only polygon layer.
        preferred: See ``name``.

    Raises:
        UnreadableVectorError: when there is no such file, layer, polygon or CRS.
        UsageError: when a layer of a file is named that has none.
    """
    _require_file(path)
    if is_geoparquet(path):
        return _open_geoparquet(path, name)
    chosen = _choose(path, polygon_layers(path), preferred) if name is None else name
    try:
        info = pyogrio.read_info(path, layer=chosen, force_feature_count=True)
    except DataLayerError as error:
        raise _no_layer(path, chosen) or _unreadable(path, error) from None
    except DataSourceError as error:
        raise _unreadable(path, error) from None
    _require_polygons(path, chosen, (info["geometry_type"],))
    crs = _require_crs(path, chosen, info["crs"])
    kinds = dict(zip(map(str, info["fields"]), info["dtypes"], strict=True))
    numbers = tuple(name for name, kind in kinds.items() if str(kind).startswith(NUMBERS))
    return Layer(path, chosen, crs, tuple(kinds), numbers, int(info["features"]))


def polygon_layers(path: Path) -> tuple[str, ...]:
    """Names of the layers that may hold polygons, in file order; none in GeoParquet.

    Raises:
        UnreadableVectorError: when the file is missing or is no vector file.
    """
    _require_file(path)
    if is_geoparquet(path):
        return ()
    return tuple(name for name, kind in _layers(path) if _holds_polygons(kind))


def read_frame(
    layer: Layer, columns: list[str] | None = None, bbox: Box | None = None
) -> gpd.GeoDataFrame:
    """The layer as a GeoDataFrame.

    Args:
        layer: What :func:`open_layer` found.
        columns: Those wanted beside the geometry; None: all.
        bbox: Only rows whose own box meets this one, in the layer's CRS.

    Raises:
        UnreadableVectorError: when the file is damaged.
    """
    if layer.name is None:
        return read_rows(layer.path, columns, bbox)
    try:
        if columns is None and GEOMETRY in layer.columns:
            return _read_beside(layer, bbox)
        return gpd.read_file(layer.path, layer=layer.name, columns=columns, bbox=bbox)
    except CRSError:
        return read_apart(layer.path, layer.name, layer.crs, columns, bbox)
    except GDAL_ERRORS as error:
        raise _unreadable(layer.path, error) from None


def layer_bounds(layer: Layer) -> Box:
    """Left, bottom, right and top of all its rows; NaN where there is none."""
    if layer.name is None:
        return box_of(read_rows(layer.path, []).total_bounds)
    info = pyogrio.read_info(layer.path, layer=layer.name, force_total_bounds=True)
    return box_of(info["total_bounds"] or (np.nan,) * 4)


def geometry_of(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """(n,) a copy of the geometries, flat; None where :func:`within_reach` leaves none."""
    flat: NDArray[np.object_] = shapely.force_2d(np.array(frame.geometry.array, dtype=object))
    return within_reach(flat)


def within_reach(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """The geometries, None where a coordinate is no number or beyond every CRS of the Earth."""
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    near = (np.abs(xy) <= FARTHEST).all(axis=1)
    if near.all():
        return geometry
    kept = geometry.copy()
    kept[owner[~near]] = None
    return kept


def _open_geoparquet(path: Path, name: str | None) -> Layer:
    if name is not None:
        raise UsageError(
            f"{path.name} is GeoParquet, which has no layers; leave out the layer {name!r}"
        )
    header = read_header(path)
    _require_polygons(path, None, header.kinds or ("Unknown",))
    crs = _require_crs(path, None, header.crs)
    return Layer(path, None, crs, header.columns, header.numbers, header.rows)


def _read_beside(layer: Layer, bbox: Box | None) -> gpd.GeoDataFrame:
    """The layer where a column is called as its geometry would be, which then takes another name."""
    bare = pyogrio.read_dataframe(layer.path, layer=layer.name, bbox=bbox, read_geometry=False)
    shapes = gpd.read_file(layer.path, layer=layer.name, columns=[], bbox=bbox)
    name = free_name("geom", bare.columns)
    return gpd.GeoDataFrame(bare.assign(**{name: shapes.geometry}), geometry=name, crs=shapes.crs)


def free_name(wanted: str, taken: Iterable[object]) -> str:
    """The name wanted, or the first of name_1, name_2, ... that none has, whatever its case."""
    lowered = {str(name).lower() for name in taken}
    name, number = wanted, 0
    while name.lower() in lowered:
        number += 1
        name = f"{wanted}_{number}"
    return name


def box_of(sides: object) -> Box:
    """Four sides as plain numbers."""
    left, bottom, right, top = np.asarray(sides, dtype=float).tolist()
    return left, bottom, right, top


def _layers(path: Path) -> list[tuple[str, str | None]]:
    try:
        return [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    except GDAL_ERRORS as error:
        raise _unreadable(path, error) from None


def _choose(path: Path, names: tuple[str, ...], preferred: str | None) -> str:
    if preferred in names:
        return str(preferred)
    candidates = [name for name in names if name != EXTENT_LAYER]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UnreadableVectorError(f"{path.name} has no polygon layer")
    raise UnreadableVectorError(
        f"{path.name} has several polygon layers ({', '.join(candidates)}); name one of them: each file has an option for its layer (--layer, --zones-layer, ...)"
    )


def _holds_polygons(kind: str | None) -> bool:
    return kind is not None and (
        any(word in kind for word in ("Polygon", "Unknown", "Surface"))
        or kind == "GeometryCollection"
    )


def _require_file(path: Path) -> None:
    # GDAL's virtual files, such as those within an archive, are not of the system.
    if not path.exists() and not str(path).startswith("/vsi"):
        raise UnreadableVectorError(f"{path}: there is no such file")


def _require_polygons(path: Path, name: str | None, kinds: tuple[str | None, ...]) -> None:
    if not any(_holds_polygons(kind) for kind in kinds):
        found = ", ".join(kind or "no geometry" for kind in kinds)
        raise UnreadableVectorError(f"{_label(path, name)} holds {found}; polygons are needed")


def _require_crs(path: Path, name: str | None, crs: object) -> CRS:
    if crs is None:
        raise UnreadableVectorError(
            f"{_label(path, name)} has no CRS; assign one, for instance with "
            "'ogr2ogr -a_srs EPSG:xxxx out.gpkg in'"
        )
    try:
        return understood(crs)
    except CRSError as error:
        raise UnreadableVectorError(
            f"{_label(path, name)} has a CRS that cannot be understood "
            f"({' '.join(str(error).split())}); assign a valid one, for instance with "
            "'ogr2ogr -a_srs EPSG:xxxx out.gpkg in'"
        ) from None


def _no_layer(path: Path, name: str) -> UnreadableVectorError | None:
    names = [one for one, _ in _layers(path)]
    if name in names:
        return None
    return UnreadableVectorError(
        f"{path.name} has no layer {name!r}; it has {', '.join(names) or 'none'}"
    )


def _label(path: Path, name: str | None) -> str:
    return path.name if name is None else f"{path.name} (layer {name})"


def _unreadable(path: Path, error: Exception) -> UnreadableVectorError:
    reason = " ".join(str(error).split())
    return UnreadableVectorError(f"{path}: cannot be read as a vector file ({reason})")
