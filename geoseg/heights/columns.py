"""The columns that heights are told in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geoseg.export.schema import Column
from geoseg.heights.measuring import (
    COVERAGE,
    EAVES,
    GROUND,
    HEIGHT,
    HIGHEST,
    MEAN,
    PITCHED,
    SLOPE,
)

HEIGHT_COLUMNS: tuple[Column, ...] = (
    Column(
        "ground_m",
        pa.float64(),
        "Ground",
        "m",
        "Elevation of the ground beneath the building, in the vertical datum of the surface; empty "
        "where heights came above ground (--ndsm).",
        1,
        tab="Height",
    ),
    Column(
        "height_m",
        pa.float64(),
        "Height",
        "m",
        "Median height of the roof above the ground, one pixel off the walls.",
        1,
        tab="Height",
    ),
    Column(
        "height_max_m",
        pa.float64(),
        "Highest",
        "m",
        "Height above the ground that 95 % of the roof stay below.",
        1,
        tab="Height",
    ),
    Column(
        "eaves_m",
        pa.float64(),
        "Eaves",
        "m",
        "Height above the ground of the lower edge of a pitched roof; empty for others.",
        1,
        tab="Height",
    ),
    Column(
        "volume_m3",
        pa.float64(),
        "Volume",
        "m³",
        "Geodesic area times the mean height of the roof above the ground.",
        0,
        tab="Height",
    ),
    Column(
        "roof",
        pa.string(),
        "Roof",
        "",
        "flat or pitched; empty where it is too small to tell.",
        tab="Height",
    ),
    Column(
        "height_coverage",
        pa.float64(),
        "Known",
        "0..1",
        "Share of the footprint where the surface is known; heights come from a quarter at least.",
        tab="Height",
    ),
)
HEIGHT_NAMES: tuple[str, ...] = tuple(column.name for column in HEIGHT_COLUMNS)
HEIGHT_FIELDS: tuple[pa.Field, ...] = tuple(
    pa.field(column.name, column.arrow_type) for column in HEIGHT_COLUMNS
)


def height_arrays(
    numbers: NDArray[np.float64], area_m2: NDArray[np.float64], *, has_ground: bool
) -> list[pa.Array]:
    """The columns, in order, of buildings with these numbers."""
    volume = numbers[:, MEAN] * area_m2
    ground = numbers[:, GROUND] if has_ground else np.full(len(numbers), np.nan)
    roofs = roof_names(numbers[:, SLOPE])
    values: list[NDArray[Any]] = [
        ground, numbers[:, HEIGHT], numbers[:, HIGHEST], numbers[:, EAVES], volume,
    ]  # fmt: skip
    told = [pa.array(one, pa.float64(), from_pandas=True) for one in values]
    coverage = pa.array(numbers[:, COVERAGE], pa.float64(), from_pandas=True)
    return [*told, pa.array(roofs, pa.string()), coverage]


def roof_names(slope: NDArray[np.float64]) -> NDArray[np.object_]:
    """(n,) flat, pitched or None."""
    names = np.where(slope > PITCHED, "pitched", "flat").astype(object)
    names[np.isnan(slope)] = None
    return names
