"""A town with a photo, predictions of it, and a reviewer who knows the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CRS = "EPSG:32645"
LEFT, TOP = 340_000.0, 3_060_000.0
LOT_M = 20.0


@dataclass(frozen=True, slots=True)
class Town:
    """Files and what is true."""

    predicted: Path
    truth: gpd.GeoDataFrame
    side_m: float


def build(folder: Path, lots: int = 20, seed: int = 1) -> Town:
    """Every lot with a house; a fifth is missed, some are drawn too small, some are not there."""
    random = np.random.default_rng(seed)
    row, col = (axis.ravel() for axis in np.mgrid[:lots, :lots])
    middle = np.column_stack([col, row]) * LOT_M + LOT_M / 2 + [LEFT, TOP - lots * LOT_M]
    half = random.uniform(4, 8, middle.shape)
    kind = random.random(len(middle))
    real = kind > 0.15
    truth = shapely.box(*(middle - half).T, *(middle + half).T)
    found = ~((kind > 0.15) & (kind < 0.32))
    small = (kind > 0.85)[:, None]
    drawn = np.where(small, 0.6 * half, half)
    outlines = shapely.box(*(middle - drawn).T, *(middle + drawn).T)
    predicted = gpd.GeoDataFrame(
        {
            "building_id": np.arange(len(middle))[found],
            "confidence": np.where(real, 0.8, 0.4)[found].astype("float32"),
            "at_edge": False,
            "remark": "as found",
        },
        geometry=outlines[found],
        crs=CRS,
    )
    side = lots * LOT_M
    path = folder / "b.gpkg"
    predicted.to_file(path, layer="buildings", driver="GPKG")
    ground = shapely.box(LEFT, TOP - side, LEFT + side, TOP)
    gpd.GeoDataFrame(geometry=[ground], crs=CRS).to_file(path, layer="extent", driver="GPKG")
    return Town(path, gpd.GeoDataFrame(geometry=truth[real], crs=CRS), side)


def judge(path: Path, truth: gpd.GeoDataFrame, plots: int | None = None) -> None:
    """Play the reviewer in a file: the first plots, or all."""
    marked, rows = gpd.read_file(path, layer="plots"), gpd.read_file(path, layer="buildings")
    marked["checked"] = marked.plot_id <= (len(marked) if plots is None else plots)
    tree = shapely.STRtree(truth.geometry.to_numpy())
    verdicts, shapes = [], []
    for shape in rows.geometry:
        hit = tree.query(shape.representative_point(), predicate="intersects")
        true = truth.geometry.iloc[hit[0]] if len(hit) else None
        same = true is not None and abs(shape.area / true.area - 1) < 0.05
        verdicts.append("wrong" if true is None else "right" if same else "redrawn")
        shapes.append(shape if true is None else true)
    rows["review"], rows["reviewer"] = verdicts, "Ada"
    rows = rows.set_geometry(gpd.GeoSeries(shapes, crs=CRS))
    marked.to_file(path, layer="plots", driver="GPKG")
    with_missed(rows, marked, truth).to_file(path, layer="buildings", driver="GPKG")


def with_missed(
    rows: gpd.GeoDataFrame, plots: gpd.GeoDataFrame, truth: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """The rows and the true buildings of checked plots that nobody found."""
    points = truth.geometry.representative_point()
    here = points.within(plots[plots.checked].geometry.union_all())
    missed = truth[here & ~points.apply(lambda one: rows.geometry.contains(one).any())]
    added = gpd.GeoDataFrame({"review": "added"}, index=missed.index, geometry=missed.geometry)
    return gpd.GeoDataFrame(pd.concat([rows, added.set_crs(CRS)], ignore_index=True), crs=CRS)
