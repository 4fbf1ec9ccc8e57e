"""What a layer says about itself, and the columns that a redrawn outline makes stale."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import shapely
from affine import Affine
from pyproj import CRS

from geoseg.attributes.measure import MEASURES, measure_again
from geoseg.earth.crs import understood
from geoseg.earth.geodesy import Ground
from geoseg.export.schema import is_own
from geoseg.shaping.settings import PREDICTED, RegularizeSettings
from geoseg.types import Grid
from geoseg.vectors.apart import free_name
from geoseg.vectors.buildings import numbers_of
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.metadata import KEY, read_metadata

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

FRAME_SETTINGS = RegularizeSettings(max_outward_px=4.0)
"""All footprints are at hand here, so groups can be wider apart than in a stream of strips."""
OWN_SETTINGS = replace(FRAME_SETTINGS, oblique=PREDICTED.oblique)
"""The same where geoseg predicted them."""
GSD_M = 0.3
"""Ground size of a pixel where nothing tells it, metres."""
SHAPE = "shape"
"""The column that says how outlines are drawn."""
NAMES = ("regularized", "circle", "simplified", "raw")
"""What stands in it."""
SAME = 1e-9
"""Measures and sizes that differ by no larger share are the same."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a layer is drawn."""

    gsd_m: float
    """Ground size of a pixel, metres."""
    snap_m: float | None
    """Walls nearer to each other than this become one, metres; None: half a pixel."""
    settings: RegularizeSettings | None
    """Limits and tolerances; None: the usual ones."""

    def as_dict(self) -> dict[str, Any]:
        """For the metadata of what was drawn so."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self | None:
        """From metadata; None where these tell of settings that there are none of here."""
        given, known = stored.get("settings"), {field.name for field in fields(RegularizeSettings)}
        if given is not None and not set(given) <= known:
            return None
        settings = None if given is None else RegularizeSettings(**given)
        return cls(float(stored["gsd_m"]), stored.get("snap_m"), settings)

    def is_like(self, other: Self | None) -> bool:
        """Whether outlines drawn the other way are drawn the same way so."""
        if other is None or not math.isclose(self.gsd_m, other.gsd_m, rel_tol=SAME):
            return False
        return (self.snap_m, self.settings) == (other.snap_m, other.settings)


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a layer."""

    metadata: dict[str, Any]
    """Of the run that made it; empty where geoseg did not."""
    grid: Grid | None
    """The analysis grid that it was made on."""
    column: str
    """Name of the column for how outlines are drawn."""

    @classmethod
    def of(cls, source: VectorInput, frame: gpd.GeoDataFrame) -> About:
        """Of a file or a table."""
        if isinstance(source, (str, Path)):
            metadata = read_metadata(Path(source))
        else:
            metadata = frame.attrs.get(KEY) or {}
        own = isinstance(metadata, dict) and is_own(map(str, frame.columns), metadata)
        found = metadata if own else {}
        return cls(found, _grid(found), _shape_column(frame, own=bool(found)))

    @property
    def drawn(self) -> Asked | None:
        """How the layer was drawn straight; None where it was not, or nothing tells."""
        again = self.metadata.get("regularize")
        if isinstance(again, dict) and "gsd_m" in again:
            return Asked.from_dict(again)
        parameters = self.metadata.get("parameters")
        straight = isinstance(parameters, dict) and parameters.get(SHAPE) == "regularized"
        return Asked(self.grid.gsd_m, None, None) if straight and self.grid is not None else None

    @property
    def usual(self) -> RegularizeSettings:
        """Limits and tolerances where nobody asks for any."""
        return OWN_SETTINGS if self.metadata else FRAME_SETTINGS

    def asked(
        self,
        gsd_m: float | None,
        snap_m: float | None,
        oblique: float | None,
        settings: RegularizeSettings | None,
    ) -> Asked:
        """What is asked for; what is left out is as the layer was drawn, else as usual."""
        usual_m = GSD_M if self.grid is None else self.grid.gsd_m
        own = self.drawn or Asked(usual_m, None, None)
        how = own.settings if settings is None else settings
        return Asked(
            own.gsd_m if gsd_m is None else gsd_m,
            own.snap_m if snap_m is None else snap_m,
            how if oblique is None else replace(how or self.usual, oblique=oblique),
        )


def _grid(metadata: dict[str, Any]) -> Grid | None:
    stored = metadata.get("grid")
    if not (isinstance(stored, dict) and {"crs", "transform", "gsd_m"} <= set(stored)):
        return None
    crs, transform = understood(stored["crs"]), Affine(*stored["transform"])
    size = int(stored.get("height", 1)), int(stored.get("width", 1))
    return Grid(crs, transform, *size, float(stored["gsd_m"]))


def _shape_column(frame: gpd.GeoDataFrame, *, own: bool) -> str:
    """``shape``, or a free name where there is a column called so that is not geoseg's."""
    alike = [str(name) for name in frame.columns if str(name).lower() == SHAPE]
    if own or (alike == [SHAPE] and _holds_names(frame)):
        return SHAPE
    return free_name(SHAPE, map(str, frame.columns))


def _holds_names(frame: gpd.GeoDataFrame) -> bool:
    return frame.active_geometry_name != SHAPE and bool(frame[SHAPE].dropna().isin(NAMES).all())


def drawn_before(frame: gpd.GeoDataFrame, about: About, asked: Asked) -> NDArray[np.bool_]:
    """(n,) True for rows that geoseg drew in this way, and nobody has changed since.

    What was drawn is told by ``shape``, what was changed by the measures.
    """
    out = np.zeros(len(frame), dtype=bool)
    needed = {SHAPE, *MEASURES[:2]}
    if about.grid is None or not asked.is_like(about.drawn) or not needed <= {*frame.columns}:
        return out
    given = np.asarray(frame.geometry.array, dtype=object)
    out = frame[SHAPE].isin(NAMES).to_numpy() & shapely.is_valid(given) & ~shapely.is_empty(given)
    out &= shapely.get_type_id(given) == shapely.GeometryType.POLYGON
    out &= ~shapely.has_z(given)
    ground = Ground.under(CRS.from_user_input(frame.crs))
    if ground is None or not out.any():
        return np.zeros(len(frame), dtype=bool)
    rows = np.flatnonzero(out)
    measured = ground.area_and_perimeter(given[rows])
    for name, values in zip(MEASURES, measured, strict=False):
        stored = numbers_of(pd.Series(frame[name]))[rows]
        out[rows] &= np.abs(stored - values) <= SAME * values
    return np.asarray(out)


def remeasure(
    before: NDArray[np.object_], drawn: gpd.GeoDataFrame, about: About
) -> dict[str, NDArray[np.float64]]:
    """The measures that geoseg's own layer has, after it was redrawn; what did not move keeps its own."""
    if about.grid is None:
        return {}
    after = np.asarray(drawn.geometry.array, dtype=object)
    moved = ~shapely.equals_exact(before, after, 0.0) & ~shapely.is_missing(after)
    there = [name for name in MEASURES if name in drawn]
    out = {name: np.array(numbers_of(pd.Series(drawn[name]))) for name in there}
    void = moved & shapely.is_empty(after)
    rows = np.flatnonzero(moved & ~void)
    if len(rows):
        new = measure_again(after[rows], about.grid, CRS.from_user_input(drawn.crs))
        for name, values in zip(MEASURES, new, strict=True):
            if name in out:
                out[name][rows] = values
    for values in out.values():
        values[void] = np.nan
    return out
