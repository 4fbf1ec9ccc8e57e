"""A layer that somebody edited by hand: ids, repaired outlines and measures that fit them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.attributes.measure import MEASURES, measure_again
from geoseg.earth.places import place_of_shapes
from geoseg.errors import UsageError
from geoseg.export.frames import of_buildings
from geoseg.export.gpkg_edit import LayerEdit, is_editable
from geoseg.export.output import write_edited_layer, write_layers
from geoseg.export.schema import EDITED, LAYER
from geoseg.export.zoom import Zooms
from geoseg.redraw.own import SAME, SHAPE, About
from geoseg.types import Grid
from geoseg.vectors.buildings import ID, numbers_of
from geoseg.vectors.layers import VectorInput, open_layer
from geoseg.vectors.load import Loaded
from geoseg.vectors.observed import extent_in, extent_parts
from geoseg.vectors.rows import REPAIRED, notes_of, refuse_unusable_rows, usable
from geoseg.version import __version__

AT_EDGE = "at_edge"
OF_SURFACE = ("height_m", "volume_m3", "eaves_m")
"""Columns that a surface model gave, as geoseg heights writes them."""
STALE_HEIGHTS = (
    "{} edited buildings keep the heights of their old outlines; geoseg heights measures them anew."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """An edited layer with everything that follows from its outlines."""

    frame: gpd.GeoDataFrame
    """All rows, in order."""
    columns: tuple[str, ...]
    """Those that may have changed."""
    counts: dict[str, int]
    """What was done, by the names of ``Recomputed``."""
    notes: tuple[str, ...]
    """What the user should know."""


def measure_edited(
    loaded: Loaded, source: VectorInput, layer: str | None, about: About
) -> Measured:
    """Repair, number and measure.

    Raises:
        UnreadableVectorError: the layer holds no polygons.
        UsageError: ids are no whole numbers.
    """
    frame = loaded.frame.copy()
    rows = usable(np.array(frame.geometry.array, dtype=object), loaded.crs)
    refuse_unusable_rows(rows.counts, int(rows.kept.sum()), loaded.label)
    shapes = rows.geometry
    frame[frame.geometry.name] = gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)
    ids, new = _ids(frame, about, loaded.label)
    frame[ID] = ids
    measures = _measures(shapes, loaded.crs, about)
    edited = rows.kept & _differ(loaded.frame, measures)
    for name, values in measures.items():
        kept = rows.kept & ~edited
        if name in frame.columns:  # to the last bit, where nobody drew
            stored = numbers_of(pd.Series(frame[name]))
            kept &= np.isfinite(stored)
            values[kept] = stored[kept]
        frame[name] = values
    columns = [ID, *MEASURES]
    if about.metadata and SHAPE in frame:
        frame[SHAPE] = np.where(edited, EDITED, frame[SHAPE].astype(object))
        columns.append(SHAPE)
    if about.metadata and AT_EDGE in frame:
        frame[AT_EDGE] = _at_edge(frame, shapes, extent_in(source, layer), about)
        columns.append(AT_EDGE)
    counts = {
        "rows": len(frame), "edited": int(edited.sum()), "repaired": rows.counts[REPAIRED],
        "new_ids": new, "empty": int((~rows.kept).sum()),
    }  # fmt: skip
    heights = int(edited.sum()) if any(name in frame.columns for name in OF_SURFACE) else 0
    told = (STALE_HEIGHTS.format(heights),) if heights else ()
    notes = [text for text in notes_of(rows.counts, loaded.label) if "left out" not in text]
    return Measured(frame, tuple(columns), counts, (*notes, *told))


def write_measured(
    measured: Measured,
    path: Path,
    origin: tuple[VectorInput, str | None],
    about: About,
    *,
    zoom: Zooms | None,
) -> None:
    """Write; from GeoPackage to GeoPackage by changing a copy of the file."""
    source, layer = origin
    run = {**about.metadata, "recompute": {"version": __version__, **measured.counts}}
    if isinstance(source, (str, Path)) and path.suffix.lower() == ".gpkg":
        name = open_layer(Path(source), layer, LAYER).name
        if name is not None and is_editable(Path(source), name):
            told = json.dumps(run, ensure_ascii=False) if about.metadata else None
            outlines = np.asarray(measured.frame.geometry.array, dtype=object)
            columns = {one: _plain(measured.frame[one]) for one in measured.columns}
            write_edited_layer(Path(source), path, LayerEdit(name, outlines, columns, told))
            return
    own = bool(about.metadata)
    written = of_buildings(
        measured.frame, own=own, run=run if own else None, extent=extent_parts(source, layer)
    )
    write_layers([written], path, zoom=zoom)


def _ids(frame: gpd.GeoDataFrame, about: About, label: str) -> tuple[NDArray[np.int64], int]:
    """(n,) ids, each once, and how many are new.

    The first row of an id keeps it; new ones are larger than all, and than every raster key of the
    grid, so that they are nobody else's.
    """
    given = frame[ID] if ID in frame.columns else pd.Series(np.nan, index=frame.index)
    numbers = numbers_of(pd.Series(given))
    strange = given.notna().to_numpy() & ~(np.isfinite(numbers) & (np.floor(numbers) == numbers))
    if strange.any():
        raise UsageError(
            f"{label}: the {ID} {given[strange].iloc[0]!r} is no whole number; correct it, or empty it "
            "for a new one"
        )
    anew = ~np.isfinite(numbers) | pd.Series(numbers).duplicated().to_numpy()
    keys = 0 if about.grid is None else about.grid.height * about.grid.width
    known = [int(one) for one in given[~anew]]
    first = max([keys, *(one + 1 for one in known), 1])
    ids = np.empty(len(frame), dtype=np.int64)
    ids[~anew] = known
    ids[anew] = first + np.arange(int(anew.sum()))
    return ids, int(anew.sum())


def _measures(
    shapes: NDArray[np.object_], crs: CRS, about: About
) -> dict[str, NDArray[np.float64]]:
    """The columns of MEASURES; NaN for rows without an outline."""
    out = {name: np.full(len(shapes), np.nan) for name in MEASURES}
    kept = np.flatnonzero(~shapely.is_missing(shapes))
    if len(kept):
        grid = about.grid or _grid_around(shapes[kept], crs)
        for name, values in zip(MEASURES, measure_again(shapes[kept], grid, crs), strict=True):
            out[name][kept] = values
    return out


def _grid_around(shapes: NDArray[np.object_], crs: CRS) -> Grid:
    """A plane around a layer of any origin, north up, to measure lengths and directions on."""
    place = place_of_shapes(shapes, crs)
    if place is None:
        raise UsageError("the buildings lie nowhere on Earth; check their CRS")
    return Grid(place.plane(), Affine(1, 0, 0, 0, -1, 0), 1, 1, 1.0)


def _differ(
    before: gpd.GeoDataFrame, measures: dict[str, NDArray[np.float64]]
) -> NDArray[np.bool_]:
    """(n,) True where area or perimeter are not those that stand in the layer."""
    changed = np.zeros(len(before), dtype=bool)
    for name in MEASURES[:2]:
        if name not in before.columns:
            return np.ones(len(before), dtype=bool)
        stored = numbers_of(pd.Series(before[name]))
        changed |= ~(np.abs(stored - measures[name]) <= SAME * np.abs(measures[name]))
    return changed


def _at_edge(
    frame: gpd.GeoDataFrame,
    shapes: NDArray[np.object_],
    extent: shapely.Geometry | None,
    about: About,
) -> NDArray[np.bool_]:
    """(n,) as it was; of rows that say nothing, whether they come within a pixel of the edge."""
    stored = numbers_of(pd.Series(frame[AT_EDGE]))
    out = np.nan_to_num(stored) > 0
    unknown = np.isnan(stored) & ~shapely.is_missing(shapes)
    if extent is not None and about.grid is not None and unknown.any():
        edge = shapely.boundary(extent)
        step = math.sqrt(abs(about.grid.transform.determinant))
        if about.grid.crs == CRS.from_user_input(frame.crs):
            out[unknown] = shapely.distance(edge, shapes[unknown]) <= step
        else:
            out[unknown] = ~shapely.contains_properly(extent, shapes[unknown])
    return np.asarray(out)


def _plain(values: pd.Series[Any]) -> Sequence[object]:
    """As SQLite takes them."""
    return [None if pd.isna(value) else _number(value) for value in values.tolist()]


def _number(value: object) -> object:
    return int(value) if isinstance(value, bool) else value
