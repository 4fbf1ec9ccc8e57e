"""A small file as ``geoseg predict`` writes it, for tests of what changes layers as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from output_tables import buildings
from shapely.geometry import Polygon, box

from geoseg.export.output import write_output

UTM = pyproj.CRS(32645)
NOISE = np.random.default_rng(3)


def ragged(left: float, gsd_m: float) -> Polygon:
    """A house whose outline errs by less than half a pixel."""
    xy = shapely.get_coordinates(shapely.segmentize(box(left, 3e6, left + 15, 3e6 + 9), gsd_m))[:-1]
    return Polygon(xy + NOISE.uniform(-0.4 * gsd_m, 0.4 * gsd_m, xy.shape))


def own_file(path: Path, gsd_m: float = 0.5, shape: str = "raw") -> Path:
    """A file as ``geoseg predict`` writes it, with stale measures."""
    table = buildings([1, 2, 3])
    rings = [ragged(3e5 + 40 * number, gsd_m) for number in range(3)]
    place = table.schema.get_field_index("geometry")
    table = table.set_column(place, "geometry", pa.array(shapely.to_wkb(rings), pa.binary()))
    place = table.schema.get_field_index("shape")
    table = table.set_column(place, "shape", pa.array([shape] * 3))
    grid = {
        "crs": "EPSG:32645", "transform": [gsd_m, 0, 3e5, 0, -gsd_m, 3e6 + 50],
        "height": 100, "width": 300, "gsd_m": gsd_m,
    }  # fmt: skip
    run = {"software": "geoseg", "grid": grid, "parameters": {"shape": shape}}
    extent = [shapely.to_wkb(box(3e5, 3e6, 3e5 + 150, 3e6 + 50))]
    write_output(path, table.to_batches(), crs=UTM, run_metadata=run, extent=extent)
    return path
