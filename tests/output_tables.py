"""Fixtures of finished buildings and of a run's identity, for what writes and resumes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
import shapely

from geoseg.export.schema import SCHEMA, conform
from geoseg.raster.identity import FileIdentity, MosaicIdentity, SourceIdentity
from geoseg.run.state.identity import ModelIdentity, RunIdentity

WHOLE = (".fgb", ".geojson", ".gpkg", ".parquet")
"""Formats that give back every column under its name and, but for dates, in its type."""
MakeTable = Callable[..., pa.Table]


def buildings(ids: list[int] | np.ndarray, *, scale: float = 1.0, x: float = 3e5) -> pa.Table:
    """A square house of ten units with a courtyard per id, one beside the other."""
    ids = np.asarray(ids, np.int64)
    col, row = ids % 100, ids // 100 % 10_000
    left, bottom = x + col * 20 * scale, (30_000 + row * 20) * scale
    outer = shapely.box(left, bottom, left + 10 * scale, bottom + 10 * scale)
    court = shapely.box(left + 4 * scale, bottom + 4 * scale, left + 6 * scale, bottom + 6 * scale)
    outlines = shapely.orient_polygons(shapely.difference(outer, court))
    return conform(
        pa.table(
            {
                "building_id": ids,
                "area_m2": 96.0 + ids % 7,
                "perimeter_m": np.full(len(ids), 48.0),
                "confidence": (ids % 11 / 11).astype(np.float32),
                "presence": (ids % 13 / 13).astype(np.float32),
                "length_m": np.full(len(ids), 10.0),
                "width_m": np.full(len(ids), 10.0),
                "orientation_deg": ids % 180 * 1.0,
                "at_edge": ids % 5 == 0,
                "shape": ["simplified"] * len(ids),
                "source": pa.array([f"o'rtho {i % 2} é.tif" for i in ids], pa.string()),
                "image_date": pa.array(["2024-05-17"] * len(ids), pa.string()),
                "geometry": pa.array(shapely.to_wkb(outlines), pa.binary()),
            }
        )
    )


@pytest.fixture
def make_table() -> MakeTable:
    return buildings


@pytest.fixture
def empty_table() -> pa.Table:
    return SCHEMA.empty_table()


def mosaic_identity(**changes: object) -> MosaicIdentity:
    """One raster of three bands; ``changes`` are of its file."""
    file = {"path": "/data/a.tif", "size_bytes": 5, "mtime_ns": 7, **changes}
    source = SourceIdentity(
        path="/data/a.tif",
        height=4,
        width=6,
        dtype="uint8",
        bands=(1, 2, 3),
        alpha=None,
        nodata=("nan", None, "0.1"),
        files=(FileIdentity.model_validate(file),),
    )
    return MosaicIdentity(
        sources=(source,),
        crs="WKT",
        transform=(0.1, 0, 3e5, 0, -0.1, 3e6 + 1 / 3),
        shape=(4, 6),
        stretch=(0.1, 2e3 / 7),
        fill_rgb=(127, 127, 127),
    )


@pytest.fixture
def make_mosaic_identity() -> Callable[..., MosaicIdentity]:
    return mosaic_identity


@pytest.fixture
def identity() -> RunIdentity:
    return RunIdentity(
        version="1.0",
        mosaic=mosaic_identity(),
        model=ModelIdentity(
            class_name="a.Model", version="1", sha256="00ff", device="cpu", precision="fp32"
        ),
        parameters={"tile_px": 512, "thresholds": [0.5, 0.25]},
    )
