"""A layer of buildings, in a file or in memory, read batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from geoseg.earth.places import Box, box_of_bounds
from geoseg.earth.seam import Seam
from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.vectors.address import Address, suffix_of
from geoseg.vectors.apart import DRAWN_FROM_COLUMNS, latest_name
from geoseg.vectors.layers import (
    Layer,
    VectorInput,
    box_of,
    layer_bounds,
    open_layer,
    read_frame,
)
from geoseg.vectors.load import TABLE, crs_of_frame
from geoseg.vectors.rows import FARTHEST, usable
from geoseg.vectors.wkb import curved, shapes_of

BATCH_ROWS = 65_536
"""Rows in memory at once."""
NUMBERS = ("area_m2", "confidence", "presence", "at_edge")
"""Columns of the output contract whose numbers are used where present."""
DECISION = "decision"
"""Column in which an update says what became of a building; ``decision_column`` tells under which name."""
DECISIONS = ("kept", "moved", "changed", "split", "merged", "new", "gone", "unseen")
"""What may stand there; in a batch each is its place in this list, and anything else -1."""
ID = "building_id"
"""The column that tells buildings apart."""
ARROW_STUMBLES = (DataSourceError, DataLayerError, RuntimeError, pa.ArrowException)
"""What reading a file as record batches may raise where reading it row by row does not."""


def decision_column(columns: Iterable[object]) -> str:
    """Where an update's decisions stand: behind a column ``decision`` that the older layer had of its own."""
    return latest_name(DECISION, columns)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a buildings layer, those that are polygons."""

    geometry: NDArray[np.object_]
    """(n,) valid polygons or multipolygons."""
    columns: dict[str, NDArray[np.float64]]
    """Those of NUMBERS and DECISION that the layer has, (n,) each; NaN where null or no number."""
    ids: NDArray[np.object_] | None
    """(n,) values of the column ID as they are; None where there is no such column."""
    rows: int
    """Rows that were read for it."""
    counts: Counter[str]
    """What was repaired and left out; and by the name of a column its values that are no numbers."""


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
    """Which of NUMBERS and ID it has, and the one of decisions."""
    data: Layer | gpd.GeoDataFrame
    """Where they are."""

    @property
    def layer(self) -> Layer | None:
        """The file's layer; None for a table in memory."""
        return self.data if isinstance(self.data, Layer) else None

    @property
    def address(self) -> Address | None:
        """Where the file is; None for a table in memory."""
        return self.data.path if isinstance(self.data, Layer) else None

    def batches(self) -> Iterator[Batch]:
        """All rows in order."""
        if not isinstance(self.data, Layer):
            return _frame_batches(self, self.data)
        if self.data.name is None or suffix_of(self.data.path) in DRAWN_FROM_COLUMNS:
            return _frame_batches(self, read_frame(self.data, list(self.columns)))
        return _file_batches(self, self.data)

    def frame(self, columns: Iterable[str]) -> gpd.GeoDataFrame:
        """All rows; of a file with these columns, where it has them, and the one of decisions."""
        if not isinstance(self.data, Layer):
            return self.data
        return read_frame(self.data, [*columns, decision_column(self.data.columns)])

    def bounds(self) -> Box | None:
        """The box of all rows that count, which are read for it; None where there is none.

        Where they lie on both sides of the end of the world, it reaches over it.
        """
        boxes = [shapely.bounds(shapely.get_parts(batch.geometry)) for batch in self.batches()]
        return box_of_bounds(np.concatenate([np.empty((0, 4)), *boxes]), self.crs)

    def bounds_stated(self) -> Box | None:
        """A box that holds that one, at once where the file states it.

        Rows that do not count and, in a GeoPackage, rows that are gone by now may have made it wider.
        """
        data = self.data
        box = layer_bounds(data) if isinstance(data, Layer) else box_of(data.total_bounds)
        seam = Seam.of(self.crs)
        usual = np.isfinite(box).all() and np.abs(box).max() <= FARTHEST
        if usual and (
            seam is None or (seam.left <= box[0] and box[2] <= seam.left + seam.period / 2)
        ):
            return box
        if (
            usual
            and seam is not None
            and seam.right >= box[2]
            and box[0] >= seam.right - seam.period / 2
        ):
            return box
        # Rows that do not count made it, or those at both ends of the world.
        return self.bounds()


ROLE = Said("buildings")
"""How messages name a table."""


def open_buildings(buildings: VectorInput, layer: str | None, role: str = ROLE) -> BuildingSource:
    """A file or a GeoDataFrame as a source of buildings.

    Raises:
        UnreadableVectorError: no such file or layer, no polygons, no CRS.
        UsageError: it is neither path nor GeoDataFrame, a layer is named of what has none, or a table has
            a column twice.
    """
    if isinstance(buildings, (str, Path)):
        opened = open_layer(buildings, layer, preferred="buildings")
        return BuildingSource(
            opened.label, opened.crs, opened.features, _present(opened.columns), opened
        )
    crs = crs_of_frame(buildings, role, layer)
    names = [str(name) for name in buildings.columns]
    found = _present(names)
    twice = [name for name in found if names.count(name) > 1]
    if twice:
        raise UsageError(f"the {role} have two columns called {twice[0]!r}; remove or rename one")
    return BuildingSource(TABLE.format(role=role), crs, len(buildings), found, buildings)


def _present(columns: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in (ID, *NUMBERS, decision_column(columns)) if name in columns)


def _file_batches(source: BuildingSource, layer: Layer) -> Iterator[Batch]:
    done = 0
    try:
        opened = pyogrio.open_arrow(
            layer.path, layer=layer.name, columns=layer.to_ask_of_gdal(source.columns),
            batch_size=BATCH_ROWS, use_pyarrow=True,
        )  # fmt: skip
        with opened as (meta, reader):
            name = meta["geometry_name"] or "wkb_geometry"
            for table in reader:
                shapes = shapes_of(table.column(name).to_numpy(zero_copy_only=False))
                if curved(shapes).any():
                    break
                columns = {
                    one: table.column(layer.stored.get(one, one)).to_pandas()
                    for one in source.columns
                }
                yield _batch(source, shapes, columns)
                done += len(shapes)
            else:
                return
    except ARROW_STUMBLES:
        pass
    # Arcs, and what record batches cannot hold.
    yield from _frame_batches(source, read_frame(layer, list(source.columns)).iloc[done:])


def _frame_batches(source: BuildingSource, frame: gpd.GeoDataFrame) -> Iterator[Batch]:
    columns = {name: pd.Series(frame[name]) for name in source.columns}
    yield _batch(source, np.array(frame.geometry.array, dtype=object), columns)


def _batch(
    source: BuildingSource, shapes: NDArray[np.object_], columns: dict[str, pd.Series[Any]]
) -> Batch:
    rows = usable(shapes, source.crs)
    kept, counts = rows.kept, rows.counts.copy()
    numbers: dict[str, NDArray[np.float64]] = {}
    for name in NUMBERS:
        if name in columns:
            values = columns[name]
            numbers[name] = numbers_of(values)
            counts[name] += int((np.isnan(numbers[name]) & values.notna().to_numpy()).sum())
            numbers[name] = numbers[name][kept]
    if (decided := decision_column(columns)) in columns:
        numbers[DECISION] = decisions_of(columns[decided])[kept]
    ids = columns[ID].to_numpy(dtype=object)[kept] if ID in columns else None
    return Batch(rows.geometry[kept], numbers, ids, len(shapes), counts)


def decisions_of(values: pd.Series[Any]) -> NDArray[np.float64]:
    """(n,) places in DECISIONS, as people type them, too; NaN where null or blank, -1 for anything else."""
    places = {name: float(place) for place, name in enumerate(DECISIONS)} | {"": np.nan}
    given = values.to_numpy(dtype=object)
    known = [
        places.get(one.strip().lower(), -1.0) if isinstance(one, str) else -1.0 for one in given
    ]
    return np.where(values.isna().to_numpy(), np.nan, known)


def numbers_of(values: pd.Series[Any]) -> NDArray[np.float64]:
    """(n,) a column's numbers, also where they are written as text; NaN for anything else."""
    if values.dtype == object or pd.api.types.is_string_dtype(values):
        values = values.map(lambda one: one if isinstance(one, (str, int, float)) else None)
        values = pd.to_numeric(values, errors="coerce")
    elif not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)):
        values = pd.Series(np.nan, index=values.index)  # dates and the like
    return np.asarray(values.astype("float64"), dtype=np.float64)
