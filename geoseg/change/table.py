"""Changes counted per zone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoseg.statistics.table import M2_PER_KM2, TOTAL
from geoseg.statistics.zones import Zones
from geoseg.vectors.within import OUTSIDE

CHANGES = ("unchanged", "changed", "gone", "new")
"""What may have become of a building."""
LIKELY = ("changed", "gone", "new")
"""Of these it is counted, where that was asked for, how many stand out of what differs anyway."""


def change_table(
    zones: Zones,
    changes: gpd.GeoDataFrame,
    zone: NDArray[np.int64],
    observed_m2: NDArray[np.float64],
) -> gpd.GeoDataFrame:
    """One row per zone in order, then the row ``total`` without geometry."""
    inside = zone != OUTSIDE
    size = len(zones.names)

    def per_zone(chosen: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = np.bincount(zone[chosen], weights=weights[chosen], minlength=size)
        return np.append(counts, counts.sum()).astype(float)

    ones = np.ones(len(zone))
    kinds = changes["change"].to_numpy()
    counts = {kind: per_zone(inside & (kinds == kind), ones).astype(int) for kind in CHANGES}
    if "likely" in changes:
        stands = inside & changes["likely"].to_numpy(dtype=bool)
        for kind in LIKELY:
            counts[f"likely_{kind}"] = per_zone(stands & (kinds == kind), ones).astype(int)
    area_old = per_zone(inside, changes["area_old_m2"].to_numpy(dtype=float))
    area_new = per_zone(inside, changes["area_new_m2"].to_numpy(dtype=float))
    kept = counts["unchanged"] + counts["changed"]
    figures = {
        "zone": [str(name) for name in (*zones.names, TOTAL)],
        "buildings_old": kept + counts["gone"],
        "buildings_new": kept + counts["new"],
        **counts,
        "area_old_m2": area_old,
        "area_new_m2": area_new,
        "area_change_m2": area_new - area_old,
        "observed_km2": np.append(observed_m2, observed_m2.sum()) / M2_PER_KM2,
    }
    geometry = [*zones.geometry.tolist(), None]
    return gpd.GeoDataFrame(pd.DataFrame(figures), geometry=geometry, crs=zones.crs)
