"""What reviewers said: checked plots, and the true buildings in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.languages.counting import counted
from geoseg.languages.said import Said
from geoseg.reviewing.columns import CHECKED, NEIGHBOURS, PLOTS, REAL
from geoseg.reviewing.files import named
from geoseg.reviewing.plots import Plots, read_plots
from geoseg.reviewing.verdicts import Judged, homes, read_judged, require_verdicts
from geoseg.vectors.layers import polygon_layers
from geoseg.vectors.load import load
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.overlap import find_overlaps
from geoseg.vectors.within import OUTSIDE, assign

REPEATED = Said(
    "{count} buildings of {layer} share the building_id of another, as after a cut: each counts as one; "
    "geoseg recompute gives them ids of their own.",
    one="{count} building of {layer} shares the building_id of another, as after a cut: each counts as one; "
    "geoseg recompute gives it an id of its own.",
)
UNCHECKED = Said(
    "{count} of {plots} plots of {layer} are not checked and do not count.",
    one="{count} of {plots} plots of {layer} is not checked and does not count.",
)
IN_NO_PLOT = Said(
    "{count} added buildings of {layer} lie in no plot and do not count.",
    one="{count} added building of {layer} lies in no plot and does not count.",
)
OUT_OF_PLOT = Said(
    "{count} right or redrawn buildings of {layer} lie outside of the plot that they count in; see that no plot was moved.",
    one="{count} right or redrawn building of {layer} lies outside of the plot that it counts in; see that no plot was moved.",
)
TWICE = Said(
    "{count} added buildings of {layer} lie on others that are there already and do not count.",
    one="{count} added building of {layer} lies on another that is there already and does not count.",
)
SAME_IOU = 0.5
"""An added outline that shares so much with another one, by intersection over union, is the same building."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The plots that were checked, all geometry in one CRS."""

    label: str
    """How messages name the file."""
    crs: CRS
    """Of the geometry."""
    plots: NDArray[np.object_]
    """(n,) polygons of the checked plots."""
    plot_id: NDArray[np.int64]
    """(n,) their numbers."""
    stratum: NDArray[np.int64]
    """(n,) index of the stratum of each."""
    strata: tuple[str, ...]
    """(h,) names of all strata, those without a checked plot too."""
    stratum_m2: NDArray[np.float64]
    """(h,) their observed areas."""
    truth: NDArray[np.object_]
    """(m,) outlines of the true buildings of the checked plots."""
    home: NDArray[np.int64]
    """(m,) index of the plot that each is counted in."""
    notes: tuple[str, ...]
    """What was repaired, left out or is not checked yet, one sentence each."""

    @property
    def points(self) -> NDArray[np.float64]:
        """(m, 2) where each true building counts: its representative point, or its plot's where that lies elsewhere.

        So a building that was redrawn out of its plot still counts there.
        """
        points = shapely.get_coordinates(shapely.point_on_surface(self.truth))
        moved = assign(points, self.plots) != self.home
        middles = shapely.get_coordinates(shapely.point_on_surface(self.plots))
        points[moved] = middles[self.home[moved]]
        return points

    def require_strata(self, fewest: int) -> None:
        """Refuse strata with too few checked plots.

        Raises:
            UsageError: naming the first of them.
        """
        counts = np.bincount(self.stratum, minlength=len(self.strata))
        for name, count in zip(self.strata, counts.tolist(), strict=True):
            if count < fewest:
                raise UsageError(
                    f"{self.label}: the stratum {name!r} has {counted(count, 'checked plot')}; check at least "
                    f"{fewest} of each stratum, plots with low numbers first"
                )


def read_review(source: str | Path, place: Neighbourhood | None = None) -> Reviewed:
    """Read and check everything.

    Args:
        source: A file by ``geoseg review`` in which somebody has worked.
        place: The CRS to bring it into; None leaves it in that of the plots.

    Raises:
        UsageError: plots overlap or are named twice, none is checked, a verdict is missing or
            unknown, or a building names a plot that is not there.
    """
    name = named(source)
    plots = read_plots(source, place, name)
    checked = plots.checked
    if not checked.any():
        raise UsageError(
            f"{name}: none of the {len(checked)} plots is checked; look at all buildings of a plot, add "
            f"the missing ones, and set {CHECKED!r} in the layer {PLOTS}"
        )
    rows = read_judged(source, place or Neighbourhood(plots.crs))
    home = homes(rows, plots, name)
    require_verdicts(rows, home, plots, name)
    number = np.where(checked, np.cumsum(checked) - 1, OUTSIDE)
    kept = np.isin(rows.verdict, REAL) & (home != OUTSIDE)
    kept[kept] &= checked[home[kept]]
    strayed = _strayed(rows.geometry[kept], plots.geometry[home[kept]])
    again = _there_already(rows, kept)
    kept[again] = False
    more = ((OUT_OF_PLOT, strayed), (TWICE, len(again)))
    return Reviewed(
        label=name,
        crs=plots.crs,
        plots=plots.geometry[checked],
        plot_id=plots.ids[checked],
        stratum=plots.stratum[checked],
        strata=plots.strata,
        stratum_m2=plots.stratum_m2,
        truth=rows.geometry[kept],
        home=number[home[kept]],
        notes=(*plots.notes, *rows.notes, *_told(name, plots, rows, home, *more)),
    )


def read_neighbours(source: str | Path) -> gpd.GeoSeries | None:
    """Buildings that reach into plots and were not checked; None where there is none."""
    if NEIGHBOURS not in polygon_layers(source):
        return None
    return load(source, "neighbours", layer=NEIGHBOURS, columns=[]).frame.geometry


def _there_already(rows: Judged, kept: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Added rows on which another true building stands; of two added ones the later."""
    true = np.flatnonzero(kept)
    pairs = find_overlaps(rows.geometry[true], rows.geometry[true])
    alike = (pairs.iou >= SAME_IOU) & (pairs.first != pairs.second)
    mine, other = true[pairs.first[alike]], true[pairs.second[alike]]
    added = rows.verdict == "added"
    return np.unique(mine[added[mine] & (~added[other] | (other < mine))])


def _strayed(buildings: NDArray[np.object_], plots: NDArray[np.object_]) -> int:
    """How many of (n,) buildings lie outside of the plot that each counts in."""
    return int((~shapely.intersects(plots, shapely.point_on_surface(buildings))).sum())


def _told(
    name: str, plots: Plots, rows: Judged, home: NDArray[np.int64], *more: tuple[Said, int]
) -> tuple[str, ...]:
    outside = int(((home == OUTSIDE) & (rows.verdict != "")).sum())
    said = ((UNCHECKED, plots.left), (IN_NO_PLOT, outside), (REPEATED, rows.repeated), *more)
    return tuple(
        text.format(count=count, plots=len(plots.ids), layer=name) for text, count in said if count
    )
