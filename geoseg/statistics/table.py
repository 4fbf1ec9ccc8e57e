"""From buildings and zones to one row of figures per zone, and their total."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.statistics.collect import Buildings
from geoseg.statistics.zones import Zones
from geoseg.vectors.within import OUTSIDE

TOTAL = Said("total")
"""Name of the last row."""
SIZE_LIMITS_M2 = (20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
"""Where one size class ends and the next begins; a limit belongs to the class above it."""
PERCENTILES = (10, 25, 75, 90)
"""Percentiles of the building areas."""
M2_PER_KM2 = 1e6
"""Square metres in a square kilometre."""


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Buildings of lower <= area < upper."""

    lower_m2: float
    """Inclusive."""
    upper_m2: float
    """Exclusive; infinite for the last class."""

    @property
    def column(self) -> str:
        """Its column in the table."""
        if self.lower_m2 == 0:
            return f"size_lt_{self.upper_m2:g}"
        if np.isinf(self.upper_m2):
            return f"size_ge_{self.lower_m2:g}"
        return f"size_{self.lower_m2:g}_{self.upper_m2:g}"

    @property
    def label(self) -> Said:
        """How a chart names it."""
        limits = {"lower": self.lower_m2, "upper": self.upper_m2}
        if self.lower_m2 == 0:
            return Said("< {upper:g}").format(**limits)
        if np.isinf(self.upper_m2):
            return Said("≥ {lower:g}").format(**limits)
        return Said("{lower:g}-{upper:g}").format(**limits)

    @property
    def unit_label(self) -> Said:
        """The same with its unit."""
        return Said("{limits} m²").format(limits=self.label)


def size_classes(limits_m2: tuple[float, ...] = SIZE_LIMITS_M2) -> tuple[SizeClass, ...]:
    """The classes that the limits make.

    Raises:
        UsageError: when the limits do not rise from above zero.
    """
    edges = (0.0, *limits_m2, float("inf"))
    if any(high <= low for low, high in pairwise(edges)):
        given = ",".join(f"{limit:g}" for limit in limits_m2)
        raise UsageError(f"--sizes takes rising areas in m2 such as 20,50,100; got {given}")
    return tuple(SizeClass(low, high) for low, high in pairwise(edges))


def zone_table(
    zones: Zones,
    buildings: Buildings,
    observed_m2: NDArray[np.float64],
    classes: tuple[SizeClass, ...],
) -> gpd.GeoDataFrame:
    """A GeoDataFrame with one row per zone in order, then the row ``total`` without geometry."""
    inside = np.flatnonzero(buildings.zone != OUTSIDE)
    inside = inside[np.argsort(buildings.zone[inside], kind="stable")]
    ends = np.cumsum(np.bincount(buildings.zone[inside], minlength=len(zones.names)))
    members = [*np.split(inside, ends[:-1]), inside]
    observed = [*observed_m2.tolist(), float(observed_m2.sum())]
    rows = [
        {
            "zone": str(name),
            **_figures(buildings, rows, area, classes),
            **_decisions(buildings, place),
        }
        for place, (name, rows, area) in enumerate(
            zip([*zones.names, TOTAL], members, observed, strict=True)
        )
    ]
    return gpd.GeoDataFrame(
        pd.DataFrame(rows), geometry=[*zones.geometry.tolist(), None], crs=zones.crs
    )


def _figures(
    buildings: Buildings,
    rows: NDArray[np.intp],
    observed_m2: float,
    classes: tuple[SizeClass, ...],
) -> dict[str, float]:
    area_m2 = buildings.area_m2[rows]
    middle = np.percentile(area_m2, (50, *PERCENTILES)) if len(rows) else np.full(5, np.nan)
    total_m2, km2 = float(area_m2.sum()), observed_m2 / M2_PER_KM2
    return {
        "buildings": len(rows),
        "area_m2": total_m2,
        "mean_area_m2": total_m2 / len(rows) if len(rows) else np.nan,
        "median_area_m2": middle[0],
        "observed_km2": km2,
        "coverage_ratio": total_m2 / observed_m2 if km2 > 0 else np.nan,
        "density_per_km2": len(rows) / km2 if km2 > 0 else np.nan,
        **_size_counts(area_m2, classes),
        **{f"p{p}_area_m2": value for p, value in zip(PERCENTILES, middle[1:], strict=True)},
        **_confidence_figures(buildings, rows),
        **_expected(buildings, rows),
        **_edge_figures(buildings, rows),
    }


def _decisions(buildings: Buildings, place: int) -> dict[str, int]:
    """Rows of each decision of an update, in one zone, or beyond the last of them in all."""
    return {
        f"decision_{name}": int(counts[place] if place < len(counts) else counts.sum())
        for name, counts in buildings.decided.items()
    }


def _size_counts(area_m2: NDArray[np.float64], classes: tuple[SizeClass, ...]) -> dict[str, int]:
    limits = [size.upper_m2 for size in classes[:-1]]
    counts = np.bincount(np.digitize(area_m2, limits), minlength=len(classes))
    return {size.column: int(n) for size, n in zip(classes, counts, strict=True)}


def _confidence_figures(buildings: Buildings, rows: NDArray[np.intp]) -> dict[str, float]:
    if "confidence" not in buildings.columns:
        return {}
    return {"mean_confidence": _mean_of_known(buildings.columns["confidence"][rows])}


def _expected(buildings: Buildings, rows: NDArray[np.intp]) -> dict[str, float]:
    """How many of the buildings are there; NaN where it is not known of each."""
    presence = buildings.columns.get("presence", np.empty(0))
    if np.isnan(presence).all():
        return {}
    return {"expected_buildings": float(presence[rows].sum())}


def _edge_figures(buildings: Buildings, rows: NDArray[np.intp]) -> dict[str, float]:
    if "at_edge" not in buildings.columns:
        return {}
    return {"at_edge_share": _mean_of_known(buildings.columns["at_edge"][rows])}


def _mean_of_known(values: NDArray[np.float64]) -> float:
    """The mean without what is missing; NaN where nothing is left."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan
