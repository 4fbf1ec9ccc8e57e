"""What people checked, on the ground of a run: rows of the output, with id and outline as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geoseg.attributes.measure import MEASURES, measure_again, on_grid
from geoseg.export.layer import horizontal_crs
from geoseg.export.schema import EDITED, GEOMETRY, SCHEMA
from geoseg.reviewing.columns import REVIEW, REVIEW_COLUMNS, REVIEWED_AT, REVIEWER
from geoseg.reviewing.keeping import NO_ID, SHAPE, Checked
from geoseg.run.origins import Origins
from geoseg.vectors.nearby import around
from geoseg.vectors.polygons import sound

if TYPE_CHECKING:
    from pyproj import CRS

    from geoseg.raster import Mosaic
    from geoseg.tiles.area import Area

COLUMNS = REVIEW_COLUMNS[1:]
"""What the output has beside the contract's columns."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run looked."""

    mosaic: Mosaic
    """The rasters."""
    observed: shapely.Geometry
    """Where they show ground, in the CRS of the output."""
    area: Area | None
    """Of interest; None: everywhere."""
    least_m2: float
    """Smaller buildings are dropped."""
    date: str | None
    """Day of the imagery that was asked for."""

    @property
    def crs(self) -> CRS:
        """Of the output."""
        return horizontal_crs(self.mosaic.output_crs)

    def holds(self, shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
        """(n,) whether the representative point of each lies where buildings are wanted."""
        points = shapely.point_on_surface(shapes)
        inside = np.asarray(shapely.intersects(self.observed, points), bool)
        if self.area is not None:
            inside &= self.area.holds(on_grid(points, self.mosaic.grid, self.mosaic.output_crs))
        return inside


@dataclass(frozen=True, slots=True)
class Kept:
    """What was checked on the ground of this run, in the CRS of its output."""

    table: pa.Table
    """Buildings with the contract's columns and those of the review, by rising id."""
    shapes: NDArray[np.object_]
    """(n,) their outlines."""
    wrong: NDArray[np.object_]
    """(m,) outlines that are no building."""
    plots: NDArray[np.object_]
    """(k,) plots that were checked wholly."""
    first_id: int
    """Numbers from here on are nobody's."""
    place: Place
    """Where the run looked."""
    told: dict[str, Any]
    """What became of the review, for the record."""

    @classmethod
    def of(cls, checked: Checked, place: Place) -> Kept:
        """Bring it onto the ground of a run."""
        near = around([] if shapely.is_empty(place.observed) else [place.observed], place.crs)
        brought = [
            sound(near.bring(part, checked.crs)).copy()
            for part in (checked.geometry, checked.wrong, checked.plots)
        ]
        shapes, row = _polygons(brought[0])
        here = place.holds(shapes) if len(shapes) else np.zeros(0, bool)
        shapes, row = shapes[here], row[here]
        ids, first_id = _numbered(
            checked.ids[row], place.mosaic.grid.height * place.mosaic.grid.width
        )
        order = np.argsort(ids)
        columns = checked.columns.iloc[row[order]].reset_index(drop=True)
        table = _table(shapes[order], ids[order], columns, place)
        counts = columns[REVIEW].value_counts()
        told = {
            "file": checked.label, "sha256": checked.sha256, "drawn": checked.drawn,
            **{verdict: int(counts.get(verdict, 0)) for verdict in ("right", "redrawn", "added")},
            "wrong": len(checked.wrong), "checked_plots": len(checked.plots),
            "elsewhere": len(checked.geometry) - len(np.unique(row)),
        }  # fmt: skip
        return cls(table, shapes[order], _polygons(brought[1])[0], _polygons(brought[2])[0], first_id,
                   place, told)  # fmt: skip


def _polygons(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """All parts, the largest of a shape first, and the row that each is of."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    whole = shapely.area(parts) > 0
    parts, row = parts[whole], row[whole]
    order = np.lexsort((-shapely.area(parts), row))
    return shapely.orient_polygons(parts[order]), row[order]


def _numbered(ids: NDArray[np.int64], keys: int) -> tuple[NDArray[np.int64], int]:
    """(n,) numbers, each once: new ones are larger than all, and than every key of the grid.

    A further part of a building is one more building.
    """
    anew = (ids == NO_ID) | pd.Series(ids).duplicated().to_numpy()
    first = max([keys, *(one + 1 for one in ids[~anew].tolist())])
    numbers = ids.copy()
    numbers[anew] = first + np.arange(int(anew.sum()))
    return numbers, first + int(anew.sum())


def _table(
    shapes: NDArray[np.object_],
    ids: NDArray[np.int64],
    said: pd.DataFrame,
    place: Place,
) -> pa.Table:
    """Confirmed buildings as rows of the output."""
    schema = pa.schema([*SCHEMA, *(pa.field(c.name, c.arrow_type) for c in COLUMNS)])
    if not len(shapes):
        return schema.empty_table()
    mosaic = place.mosaic
    measures = measure_again(shapes, mosaic.grid, mosaic.output_crs)
    points = on_grid(shapely.point_on_surface(shapes), mosaic.grid, mosaic.output_crs)
    drawn = said[SHAPE].where(said[REVIEW] == "right", None)
    columns: dict[str, Any] = {
        "building_id": ids,
        **dict(zip(MEASURES, measures, strict=True)),
        "confidence": np.ones(len(ids), np.float32),
        "presence": np.ones(len(ids), np.float32),
        "at_edge": ~shapely.contains_properly(place.observed, shapes),
        SHAPE: [one if isinstance(one, str) and one else EDITED for one in drawn],
        **Origins.of(mosaic, place.date).columns(points),
        GEOMETRY: shapely.to_wkb(shapes),
        REVIEW: said[REVIEW].tolist(),
        REVIEWER: [one if isinstance(one, str) else None for one in said[REVIEWER]],
        REVIEWED_AT: _times(said[REVIEWED_AT]),
    }
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _times(values: pd.Series[Any]) -> pa.Array:
    """As far as they are dates."""
    days = pd.to_datetime(values, errors="coerce", utc=True, format="mixed")
    return pa.array(days.dt.tz_localize(None).astype("datetime64[ms]"), from_pandas=True)
