"""Finding, describing and reading polygon layers in vector files of any format."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from geoseg.earth.crs import understood
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.languages.said import Said
from geoseg.vectors.address import (
    Address,
    address_of,
    is_missing,
    is_virtual,
    name_of,
    suffix_of,
)
from geoseg.vectors.apart import (
    DRAWN_FROM_COLUMNS,
    GEOMETRY,
    read_apart,
    read_shapes,
    without_texts,
)
from geoseg.vectors.archive import within_archive
from geoseg.vectors.encoding import encoding_of
from geoseg.vectors.geoparquet import Box, as_folder, is_geoparquet, read_header, read_rows
from geoseg.vectors.gml import refuse_several_crss
from geoseg.vectors.rows import gathered, within_reach
from geoseg.vectors.short_names import in_capitals, long_names

EXTENT_LAYER = "extent"
"""Name of the layer that holds the observed area, in a GeoPackage."""
VectorInput = str | Path | gpd.GeoDataFrame
"""Polygons: a file, or a table in memory."""
NUMBERS = ("int", "uint", "float", "bool")
"""How the types of such columns begin."""
GDAL_ERRORS = (DataSourceError, DataLayerError, GeometryError)
"""What reading through GDAL may raise."""
EXTRACTS = (".osm", ".osm.pbf", ".osm.bz2")
"""Ends of names of what OpenStreetMap gives."""
TILED = ("PMTiles", "MBTiles", "MVT")
"""Drivers of map tiles."""
GML = "GML"
"""The driver of a format in which every feature may name its CRS."""
STUMBLES = (CRSError, ShapelyError, UnicodeDecodeError)
"""What geopandas raises over files whose rows and shapes can be read apart."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Layer:
    """A polygon layer that is known to exist."""

    path: Address
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
    stored: Mapping[str, str] = field(default_factory=dict)
    """What columns are called in the file, where that is another name."""

    def names_stored(self, columns: Iterable[str]) -> list[str]:
        """What some columns are called in the file."""
        return [self.stored.get(name, name) for name in columns]

    def to_ask_of_gdal(self, columns: Iterable[str]) -> list[str] | None:
        """The same, to read these alone; None for all, where some differ in case alone.

        GDAL leaves columns out by names without regard to case, and would leave out the other one.
        """
        stored = self.names_stored(self.columns)
        apart = len({name.lower() for name in stored}) == len(stored)
        return self.names_stored(columns) if apart else None

    @property
    def label(self) -> str:
        """How messages name it."""
        return _label(self.path, self.name)


def open_layer(given: str | Path, name: str | None = None, preferred: str | None = None) -> Layer:
    """Describe a polygon layer; nothing but its header is read.

    Args:
        given: GeoParquet, any vector file that GDAL reads, or one of its names for what lies
            elsewhere.
        name: The layer; None takes ``preferred`` where present, else the only polygon layer.
        preferred: See ``name``; given where buildings are wanted.

    Raises:
        UnreadableVectorError: when there is no such file, layer, polygon or CRS, or where buildings
            are wanted of a file that holds everything else as well.
        UsageError: when a layer of a file is named that has none.
    """
    path = _found(given)
    if is_geoparquet(path):
        return _open_geoparquet(path, name)
    if preferred is not None:
        _refuse_all_areas(path)
    chosen = _choose(path, polygon_layers(path), preferred) if name is None else name
    try:
        info = _info(path, layer=chosen, force_feature_count=True)
    except DataLayerError as error:
        raise _no_layer(path, chosen) or _unreadable(path, error) from None
    except DataSourceError as error:
        raise _unreadable(path, error) from None
    _require_polygons(path, chosen, (info["geometry_type"],))
    if info["driver"] == GML:
        refuse_several_crss(path, str(chosen), _label(path, chosen))
    crs = _require_crs(path, chosen, info["crs"])
    _require_whole(path, str(info["driver"]))
    _require_apart(path, chosen, [str(name) for name in info["fields"]])
    kinds = dict(zip(map(str, info["fields"]), info["dtypes"], strict=True))
    names = _called(_label(path, chosen), long_names(path, kinds))
    numbers = tuple(name for name in names if str(kinds[names[name]]).startswith(NUMBERS))
    stored = {name: old for name, old in names.items() if name != old}
    return Layer(path, chosen, crs, tuple(names), numbers, int(info["features"]), stored)


def polygon_layers(given: str | Path) -> tuple[str, ...]:
    """Names of the layers that may hold polygons, in file order; none in GeoParquet.

    Raises:
        UnreadableVectorError: when the file is missing or is no vector file.
    """
    path = _found(given)
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
    kept = [name for name in layer.columns if columns is None or name in columns]
    if layer.name is None:
        wanted = None if columns is None else layer.names_stored(kept)
        found = read_rows(_file(layer.path), wanted, bbox)
        return found.rename(columns={old: name for name, old in layer.stored.items()})
    drawn = suffix_of(layer.path) in DRAWN_FROM_COLUMNS
    wanted = None if columns is None or drawn else layer.to_ask_of_gdal(kept)
    try:
        found = _read(layer, wanted, bbox)
    except GDAL_ERRORS as error:
        raise _unreadable(layer.path, error) from None
    found = found.rename(columns={old: name for name, old in layer.stored.items()})
    geometry = found.active_geometry_name
    return found if columns is None else found[[*(n for n in kept if n in found), geometry]]


def _read(layer: Layer, columns: list[str] | None, bbox: Box | None) -> gpd.GeoDataFrame:
    opening = {"encoding": encoding_of(layer.path), **without_texts(layer.path)}
    if columns is None and GEOMETRY in layer.columns:
        return read_apart(layer.path, layer.name, layer.crs, None, bbox, **opening)
    try:
        return pyogrio.read_dataframe(
            layer.path, layer=layer.name, columns=columns, bbox=bbox, **opening
        )
    except UnicodeDecodeError:
        opening["encoding"] = "ISO-8859-1"
        return read_apart(layer.path, layer.name, layer.crs, columns, bbox, **opening)
    except STUMBLES:
        return read_apart(layer.path, layer.name, layer.crs, columns, bbox, **opening)


def layer_bounds(layer: Layer) -> Box:
    """Left, bottom, right and top of all its rows; NaN where there is none."""
    if layer.name is None:
        return box_of(read_rows(_file(layer.path), []).total_bounds)
    info = _info(layer.path, layer=layer.name, force_total_bounds=True)
    return box_of(info["total_bounds"] or (np.nan,) * 4)


def count_without(layer: Layer) -> int:
    """How many rows have no geometry, which no box finds."""
    if layer.name is None or suffix_of(layer.path) in DRAWN_FROM_COLUMNS:
        shapes = geometry_of(read_frame(layer, []))
    else:
        shapes = read_shapes(layer.path, layer.name)
    return int((shapely.is_missing(shapes) | shapely.is_empty(shapes)).sum())


def geometry_of(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """(n,) a copy of the geometries, flat and :func:`gathered`; None where :func:`within_reach` leaves none."""
    return gathered(within_reach(np.array(frame.geometry.array, dtype=object)))


def _open_geoparquet(address: Address, name: str | None) -> Layer:
    path = _file(address)
    if name is not None:
        raise UsageError(
            f"{path.name} is GeoParquet, which has no layers; leave out the layer {name!r}"
        )
    header = read_header(path)
    _require_polygons(path, None, header.kinds or ("Unknown",))
    crs = _require_crs(path, None, header.crs)
    names = _called(name_of(path), long_names(path, header.columns))
    numbers = tuple(name for name, old in names.items() if old in header.numbers)
    stored = {name: old for name, old in names.items() if name != old}
    return Layer(path, None, crs, tuple(names), numbers, header.rows, stored)


def _called(label: str, names: dict[str, str]) -> dict[str, str]:
    """The same, once it is said which columns are called otherwise than in the file."""
    for name, old in in_capitals(names).items():
        _say_called(label, name, old)
    return names


@lru_cache(maxsize=1024)  # said once of a file, however often it is opened
def _say_called(label: str, name: str, old: str) -> None:
    _log.warning("%s: the column %s is taken for %s.", label, old, name)


def box_of(sides: object) -> Box:
    """Four sides as plain numbers."""
    left, bottom, right, top = np.asarray(sides, dtype=float).tolist()
    return left, bottom, right, top


def _require_whole(path: Address, driver: str) -> None:
    """Refuse tiles: a building at their borders is in pieces, each a row.

    Raises:
        UnreadableVectorError: The file holds tiles.
    """
    if driver in TILED:
        raise UnreadableVectorError(
            f"{name_of(path)} holds map tiles, in which buildings are cut at borders and rounded; read the "
            "layer that they were made from"
        )


def _require_apart(path: Address, name: str, columns: list[str]) -> None:
    """Refuse a table with a column twice, as a CSV file may be.

    Raises:
        UnreadableVectorError: It has one.
    """
    twice = [one for one, count in Counter(columns).items() if count > 1]
    if twice:
        raise UnreadableVectorError(
            f"{_label(path, name)} has two columns called {twice[0]!r}; remove or rename one"
        )


def _refuse_all_areas(path: Address) -> None:
    """Refuse OpenStreetMap as it is: woods and quarters would be taken for buildings.

    Raises:
        UnreadableVectorError: The file is an extract of it.
    """
    name = name_of(path)
    if name.lower().endswith(EXTRACTS):
        raise UnreadableVectorError(
            f"{name} is an extract of OpenStreetMap, which holds areas of every kind; take the buildings out "
            f"of it first: ogr2ogr -where 'building IS NOT NULL' osm.gpkg {name} multipolygons, or in QGIS by "
            'the filter "building" IS NOT NULL and an export'
        )


def _layers(path: Address) -> list[tuple[str, str | None]]:
    try:
        return [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    except (*GDAL_ERRORS, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


def _info(path: Address, **options: Any) -> dict[str, Any]:  # of pyogrio
    options |= without_texts(path)
    try:
        return dict(pyogrio.read_info(path, **options))
    except UnicodeDecodeError:  # names of columns, which nobody wants here
        return dict(pyogrio.read_info(path, encoding="ISO-8859-1", **options))


def _choose(path: Address, names: tuple[str, ...], preferred: str | None) -> str:
    if preferred in names:
        return str(preferred)
    candidates = [name for name in names if name != EXTENT_LAYER]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        others = ", ".join(name for name, _ in _layers(path)) or "none at all"
        raise UnreadableVectorError(
            f"{name_of(path)} has no polygon layer; its layers are {others}"
        )
    raise UnreadableVectorError(
        f"{name_of(path)} has several polygon layers ({', '.join(candidates)}); name one of them: each file has an option for its layer (--layer, --zones-layer, ...)"
    )


def _holds_polygons(kind: str | None) -> bool:
    return kind is not None and (
        any(word in kind for word in ("Polygon", "Unknown", "Surface", "TIN", "Triangle"))
        or kind.startswith("GeometryCollection")
    )


def _found(given: str | Path) -> Address:
    address = address_of(given)
    if is_missing(address):
        raise UnreadableVectorError(f"{address}: there is no such file")
    return within_archive(address)


def _file(address: Address) -> Path:
    """The path of a GeoParquet file.

    Raises:
        UnreadableVectorError: It lies where GDAL alone can read.
    """
    if isinstance(address, str) or is_virtual(address):
        raise UnreadableVectorError(
            f"{address} is GeoParquet, which is read from files of this machine alone; copy it here first"
        )
    return address


def _require_polygons(path: Address, name: str | None, kinds: tuple[str | None, ...]) -> None:
    if not any(_holds_polygons(kind) for kind in kinds):
        found = ", ".join(kind or "no geometry" for kind in kinds)
        raise UnreadableVectorError(f"{_label(path, name)} holds {found}; polygons are needed")


def _require_crs(path: Address, name: str | None, crs: object) -> CRS:
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


def _no_layer(path: Address, name: str) -> UnreadableVectorError | None:
    names = [one for one, _ in _layers(path)]
    if name in names:
        return None
    return UnreadableVectorError(
        f"{name_of(path)} has no layer {name!r}; it has {', '.join(names) or 'none'}"
    )


def _label(path: Address, name: str | None) -> str:
    if name is None:
        return name_of(path)
    return Said("{file} (layer {layer})").format(file=name_of(path), layer=name)


def _unreadable(path: Address, error: Exception) -> UnreadableVectorError:
    # GDAL's advice to prefix names is for its own tools.
    reason = " ".join(str(error).split()).partition("; It might help")[0].rstrip(".")
    return as_folder(path) or UnreadableVectorError(
        f"{path}: cannot be read as a vector file ({reason}); is it a complete GeoPackage, GeoParquet, "
        "shapefile or other layer that GDAL reads, and no photo, which geoseg predict takes?"
    )
