"""Time and memory of a report on many buildings: ``python benchmarks/report.py``.

    python benchmarks/report.py --buildings 1000000 --zones 500

Makes a synthetic city (not timed), runs ``geoseg.report`` to HTML, CSV and GeoPackage in a process
of its own that may use two cores, and prints one JSON object: seconds, peak memory, and whether
the total equals the number of buildings that were made. With ``--without-area`` the layer has no
column ``area_m2``, so every area is computed on the ellipsoid.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

CRS = "EPSG:32645"
LEFT, BOTTOM = 300_000.0, 3_000_000.0
SPACING_M = 25.0
CORES = 2


def make_city(path: Path, count: int, *, with_area: bool) -> None:
    """``count`` L-shaped buildings on a lattice, and the observed area around them."""
    random = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(count)))
    cells = np.arange(count)
    x = LEFT + SPACING_M * (cells % side) + random.uniform(0, 5, count)
    y = BOTTOM + SPACING_M * (cells // side) + random.uniform(0, 5, count)
    w, h = random.uniform(6, 18, (2, count))
    corners = [(0, 0), (1, 0), (1, 0.5), (0.6, 0.5), (0.6, 1), (0, 1), (0, 0)]
    rings = np.stack([np.column_stack([x + a * w, y + b * h]) for a, b in corners], axis=1)
    columns = {
        "confidence": random.uniform(0.3, 1, count).astype("float32"),
        "at_edge": random.random(count) < 0.01,
    }
    if with_area:
        columns["area_m2"] = 0.8 * w * h
    buildings = gpd.GeoDataFrame(columns, geometry=shapely.polygons(rings), crs=CRS)
    pyogrio.write_dataframe(buildings, path, layer="buildings", driver="GPKG")
    extent = shapely.MultiPolygon([shapely.box(*buildings.total_bounds)])
    frame = gpd.GeoDataFrame(geometry=[extent], crs=CRS)
    pyogrio.write_dataframe(frame, path, layer="extent", driver="GPKG")


def make_districts(path: Path, side_m: float, count: int) -> None:
    """A Voronoi partition with wiggly borders of about 200 vertices per zone, in degrees."""
    random = np.random.default_rng(1)
    seeds = shapely.MultiPoint(
        random.uniform(-50, side_m + 50, (count, 2)) + np.array([LEFT, BOTTOM])
    )
    frame = shapely.box(LEFT - 100, BOTTOM - 100, LEFT + side_m + 100, BOTTOM + side_m + 100)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=frame))
    dense = shapely.segmentize(shapely.intersection(cells, frame), side_m / 1000)
    wiggle = side_m / 4000

    def bend(xy: np.ndarray) -> np.ndarray:
        return xy + wiggle * np.sin(xy[:, ::-1] / (8 * wiggle))

    names = [f"district {number}" for number in range(len(cells))]
    zones = gpd.GeoDataFrame({"name": names}, geometry=shapely.transform(dense, bend), crs=CRS)
    pyogrio.write_dataframe(zones.to_crs(4326), path, driver="GPKG")


def measure(folder: Path) -> None:
    """Run the report, and print its time and the process's peak memory."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    start = time.perf_counter()
    from geoseg.statistics import report

    outputs = [folder / f"report.{suffix}" for suffix in ("html", "csv", "gpkg")]
    table = report(
        folder / "city.gpkg", outputs[1:], html=outputs[0], zones=folder / "districts.gpkg"
    ).table
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    result = {
        "buildings": int(table["buildings"].iloc[-1]),
        "zones": len(table) - 1,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time(), 1),
        "peak_rss_mb": round(peak / 1e6),
        "html_mb": round(outputs[0].stat().st_size / 1e6, 2),
    }
    print(json.dumps(result))


def main() -> None:
    """Make the inputs and measure in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buildings", type=int, default=1_000_000)
    parser.add_argument("--zones", type=int, default=500)
    parser.add_argument("--without-area", action="store_true")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_city(folder / "city.gpkg", options.buildings, with_area=not options.without_area)
        side_m = SPACING_M * np.ceil(np.sqrt(options.buildings))
        make_districts(folder / "districts.gpkg", side_m, options.zones)
        command = [sys.executable, __file__, "--measure", str(folder)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
    result = json.loads(run.stdout)
    assert result["buildings"] == options.buildings, "some buildings were lost"
    print(json.dumps(result))


if __name__ == "__main__":
    main()
