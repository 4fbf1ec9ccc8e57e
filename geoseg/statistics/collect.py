"""Reading the buildings once, batch by batch, and noting what the statistics need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableVectorError
from geoseg.statistics.geodesic import areas_m2
from geoseg.statistics.layers import Layer, geometry_of

OUTSIDE = -1
"""Zone of buildings that lie in none."""
BATCH_ROWS = 65_536
"""Rows in memory at once."""
OPTIONAL_COLUMNS = ("building_id", "area_m2", "confidence", "at_edge")
"""Columns of the output contract that are used where present."""

Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a buildings layer."""

    geometry: NDArray[np.object_]
    """(n,) polygons or multipolygons."""
    columns: dict[str, NDArray[np.float64]]
    """Those of OPTIONAL_COLUMNS that the layer has, (n,) each; NaN where null."""


@dataclass(frozen=True, slots=True)
class BuildingSource:
    """A buildings layer, in a file or in memory."""

    label: str
    """How messages name it."""
    crs: CRS
    """Its CRS."""
    rows: int
    """Number of buildings."""
    columns: tuple[str, ...]
    """Which of OPTIONAL_COLUMNS it has."""
    data: Layer | gpd.GeoDataFrame
    """Where they are."""

    @property
    def layer(self) -> Layer | None:
        """The file's layer; None for a table in memory."""
        return self.data if isinstance(self.data, Layer) else None

    def batches(self) -> Iterator[Batch]:
        """All rows in order."""
        if isinstance(self.data, Layer):
            return _file_batches(self, self.data)
        return _frame_batches(self, self.data)

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Bounding box of all buildings, or None where there is none."""
        if isinstance(self.data, Layer):
            info = pyogrio.read_info(self.data.path, layer=self.data.name, force_total_bounds=True)
            box = tuple(info["total_bounds"] or (np.nan,) * 4)
        else:
            box = tuple(float(side) for side in self.data.total_bounds)
        return None if self.rows == 0 or not np.isfinite(box).all() else box


@dataclass(frozen=True, slots=True)
class Buildings:
    """What the statistics need of every building, in file order."""

    zone: NDArray[np.int64]
    """(n,) index of the zone that holds the representative point; OUTSIDE where none does."""
    point: NDArray[np.float64]
    """(n, 2) representative points, x and y."""
    columns: dict[str, NDArray[np.float64]]
    """``area_m2`` always; ``confidence`` and ``at_edge`` (0 or 1) where the layer has them."""
    outlines: NDArray[np.object_] | None
    """(n,) polygons, or None where there are too many to keep."""
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""

    @property
    def area_m2(self) -> NDArray[np.float64]:
        """(n,) geodesic areas."""
        return self.columns["area_m2"]


def source_of_layer(layer: Layer) -> BuildingSource:
    """A file's layer as a source of buildings."""
    found = tuple(name for name in OPTIONAL_COLUMNS if name in layer.numbers)
    return BuildingSource(layer.label, layer.crs, layer.features, found, layer)


def source_of_frame(frame: gpd.GeoDataFrame) -> BuildingSource:
    """A GeoDataFrame as a source of buildings.

    Raises:
        UnreadableVectorError: when it has no CRS.
    """
    if frame.crs is None:
        raise UnreadableVectorError("the buildings have no CRS; assign one with set_crs")
    numbers = {name for name, kind in frame.dtypes.items() if kind.kind in "iufb"}
    found = tuple(name for name in OPTIONAL_COLUMNS if name in numbers)
    crs = CRS.from_user_input(frame.crs)
    return BuildingSource("the buildings' table", crs, len(frame), found, frame)


def collect(
    source: BuildingSource,
    zones: NDArray[np.object_],
    *,
    keep_outlines: bool,
    progress: Progress | None = None,
) -> Buildings:
    """Read every building once and find its zone and its area."""
    shapely.prepare(zones)
    pieces: list[tuple[NDArray[np.int64], NDArray[np.float64], dict[str, NDArray[np.float64]]]] = []
    outlines: list[NDArray[np.object_]] = []
    done = skipped = 0
    for batch in source.batches():
        kept = _with_area(batch)
        point = shapely.get_coordinates(shapely.point_on_surface(kept.geometry))
        columns = {**kept.columns, "area_m2": _areas(kept, source.crs)}
        pieces.append((assign(point, zones), point, columns))
        if keep_outlines:
            outlines.append(kept.geometry)
        skipped += len(batch.geometry) - len(kept.geometry)
        done += len(batch.geometry)
        if progress is not None:
            progress(done, source.rows)
    zone, point, columns = _join(pieces, source)
    kept_outlines = np.concatenate([*outlines, np.empty(0, object)]) if keep_outlines else None
    return Buildings(zone, point, columns, kept_outlines, _notes(source, zone, skipped))


def assign(point: NDArray[np.float64], zones: NDArray[np.object_]) -> NDArray[np.int64]:
    """(n,) index of the first zone that holds each point, borders included, or OUTSIDE."""
    tree = shapely.STRtree(np.asarray(shapely.points(point), dtype=np.object_))
    # Zones ask the tree of points, so that each zone is indexed once and not once per point.
    zone, index = tree.query(zones, predicate="intersects")
    owner = np.full(len(point), len(zones), dtype=np.int64)
    np.minimum.at(owner, index, zone)
    owner[owner == len(zones)] = OUTSIDE
    return owner


def _file_batches(source: BuildingSource, layer: Layer) -> Iterator[Batch]:
    opened = pyogrio.open_arrow(
        layer.path, layer=layer.name, columns=list(source.columns), batch_size=BATCH_ROWS,
        use_pyarrow=True,
    )  # fmt: skip
    with opened as (meta, reader):
        geometry_name = meta["geometry_name"] or "wkb_geometry"
        for table in reader:
            wkb = table.column(geometry_name).to_numpy(zero_copy_only=False)
            columns = {name: _numbers(table.column(name)) for name in source.columns}
            yield Batch(shapely.from_wkb(wkb), columns)


def _frame_batches(source: BuildingSource, frame: gpd.GeoDataFrame) -> Iterator[Batch]:
    geometry = geometry_of(frame)
    columns = {name: frame[name].astype("float64").to_numpy(dtype=float) for name in source.columns}
    yield Batch(geometry, columns)


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    numbers: NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def _with_area(batch: Batch) -> Batch:
    empty = shapely.is_missing(batch.geometry) | shapely.is_empty(batch.geometry)
    kept = ~empty & (shapely.get_dimensions(batch.geometry) == 2)  # noqa: PLR2004
    if kept.all():
        return batch
    return Batch(batch.geometry[kept], {k: v[kept] for k, v in batch.columns.items()})


def _areas(batch: Batch, crs: CRS) -> NDArray[np.float64]:
    """The column where it holds a number, the geodesic area elsewhere."""
    if "area_m2" not in batch.columns:
        return areas_m2(batch.geometry, crs)
    area_m2 = batch.columns["area_m2"].copy()
    unknown = ~np.isfinite(area_m2)
    if unknown.any():
        area_m2[unknown] = areas_m2(batch.geometry[unknown], crs)
    return area_m2


def _join(
    pieces: list[tuple[NDArray[np.int64], NDArray[np.float64], dict[str, NDArray[np.float64]]]],
    source: BuildingSource,
) -> tuple[NDArray[np.int64], NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    names = dict.fromkeys(("area_m2", *source.columns))
    none = (np.empty(0, np.int64), np.empty((0, 2)), {name: np.empty(0) for name in names})
    zones, points, columns = zip(*(pieces or [none]), strict=True)
    joined = {name: np.concatenate([piece[name] for piece in columns]) for name in names}
    return np.concatenate(zones), np.concatenate(points), joined


def _notes(source: BuildingSource, zone: NDArray[np.int64], skipped: int) -> tuple[str, ...]:
    notes = []
    if source.rows == 0:
        notes.append(f"{source.label} holds no buildings.")
    if skipped:
        notes.append(f"{skipped} rows without a polygon were left out.")
    if "area_m2" not in source.columns:
        notes.append("The buildings have no column area_m2; geodesic areas were computed.")
    outside = int((zone == OUTSIDE).sum())
    if outside:
        notes.append(f"{outside} buildings lie in no zone and are not counted.")
    missing = [name for name in ("confidence", "at_edge") if name not in source.columns]
    if missing:
        notes.append(
            f"The buildings have no column {' or '.join(missing)}; its figures are absent."
        )
    return tuple(notes)
