"""A layer of buildings, in a file or in memory, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.vectors.layers import (
    FARTHEST,
    Layer,
    VectorInput,
    box_of,
    geometry_of,
    layer_bounds,
    open_layer,
    read_frame,
    within_reach,
)
from geoseg.vectors.load import crs_of_frame

BATCH_ROWS = 65_536
"""Rows in memory at once."""


OPTIONAL_COLUMNS = ("building_id", "area_m2", "confidence", "at_edge")
"""Columns of the output contract that are used where present."""


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
        if not isinstance(self.data, Layer):
            return _frame_batches(self, self.data)
        if self.data.name is None:
            return _frame_batches(self, read_frame(self.data, list(self.columns)))
        return _file_batches(self, self.data)

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Bounding box of all buildings, or None where there is none."""
        data = self.data
        box = layer_bounds(data) if isinstance(data, Layer) else box_of(data.total_bounds)
        if self.rows and np.isfinite(box).all() and np.abs(box).max() > FARTHEST:
            # Rows that do not count made it: read the others.
            boxes = [shapely.total_bounds(batch.geometry) for batch in self.batches()]
            low, high = np.fmin.reduce(boxes)[:2], np.fmax.reduce(boxes)[2:]
            box = box_of([*low, *high])
        return None if self.rows == 0 or not np.isfinite(box).all() else box


def open_buildings(
    buildings: VectorInput, layer: str | None, role: str = "buildings"
) -> BuildingSource:
    """A file or a GeoDataFrame as a source of buildings.

    Raises:
        UnreadableVectorError: no such file or layer, no polygons, no CRS.
        UsageError: it is neither path nor GeoDataFrame, or a layer is named of what has none.
    """
    if isinstance(buildings, (str, Path)):
        opened = open_layer(Path(buildings), layer, preferred="buildings")
        found = tuple(name for name in OPTIONAL_COLUMNS if name in opened.numbers)
        return BuildingSource(opened.label, opened.crs, opened.features, found, opened)
    crs = crs_of_frame(buildings, role, layer)
    numbers = {name for name, kind in buildings.dtypes.items() if kind.kind in "iufb"}
    found = tuple(name for name in OPTIONAL_COLUMNS if name in numbers)
    return BuildingSource(f"the table of {role}", crs, len(buildings), found, buildings)


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
            yield Batch(within_reach(shapely.from_wkb(wkb)), columns)


def _frame_batches(source: BuildingSource, frame: gpd.GeoDataFrame) -> Iterator[Batch]:
    geometry = geometry_of(frame)
    columns = {name: frame[name].astype("float64").to_numpy(dtype=float) for name in source.columns}
    yield Batch(geometry, columns)


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    numbers: NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers
