"""What a 3D town costs: ``python benchmarks/city.py [ROWS]`` writes terraces and houses as CityJSON.

Prints wall and processor time, the peak of memory and the size of the file, and whether ``cjio`` reads as
many buildings as were given.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

import geoseg
from geoseg.machine import peak_rss_mb

READ = """
import sys
from cjio import cityjson
with open(sys.argv[1]) as file:
    print(len(cityjson.reader(file).j["CityObjects"]))
"""
"""In a process of its own: importing cjio changes how JSON is written."""


def main() -> None:
    """Write, measure, read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    frame = town(parser.parse_args().rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "town.city.json"
        wall, cpu = time.perf_counter(), time.process_time()
        made = geoseg.convert(frame, path, crs="EPSG:5555")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size_mb = path.stat().st_size / 1e6
        command = [sys.executable, "-c", READ, str(path)]
        read = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    print(made)
    print(f"{wall:.0f} s, {cpu:.0f} core-seconds, {size_mb:.0f} MB, peak {peak_rss_mb():.0f} MB")
    print(f"cjio reads {read} objects of {len(frame)} rows")


def town(rows: int) -> gpd.GeoDataFrame:
    """Houses in rows of five that share walls, on a slope; every seventh is L-shaped."""
    rng = np.random.default_rng(0)
    number = np.arange(rows)
    across = number % 500
    left = 500_000 + across * 9 + across // 5 * 8
    top = 5_400_000 - number // 500 * 25
    shapes = shapely.box(left, top, left + 9, top + 12)
    corner = shapely.box(left + 5, top + 8, left + 9, top + 12)
    bent = number % 7 == 3
    shapes[bent] = shapely.difference(shapes[bent], corner[bent])
    height_m = rng.uniform(3, 15, rows).round(2)
    ground_m = (300 + 0.02 * left % 50).round(2)
    return gpd.GeoDataFrame(
        {"building_id": number + 1, "ground_m": ground_m, "height_m": height_m},
        geometry=shapes,
        crs="EPSG:25832",
    )


if __name__ == "__main__":
    main()
