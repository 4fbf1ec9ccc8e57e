"""Time and memory of an evaluation of a large town.

    python benchmarks/evaluate.py --buildings 100000

Makes a town of boxes in a grid, predictions of it that are shifted, cut and missing by a fixed rule,
evaluates them in a clean process and prints its processor time and peak memory.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

import geoseg

CRS = "EPSG:32645"
SPACING_M = 20.0


def main() -> None:
    """Make the town, or evaluate it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buildings", type=int, default=100_000)
    parser.add_argument("--evaluate", type=Path)
    arguments = parser.parse_args()
    if arguments.evaluate:
        evaluate(arguments.evaluate)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_town(Path(folder), arguments.buildings)
        subprocess.run([sys.executable, __file__, "--evaluate", folder], check=True)


def make_town(folder: Path, buildings: int) -> None:
    """Write truth and predictions."""
    rng = np.random.default_rng(0)
    index = np.arange(buildings)
    side = int(np.ceil(np.sqrt(buildings)))
    x, y = 300_000 + index % side * SPACING_M, 3_000_000 + index // side * SPACING_M
    width, height = rng.uniform(6, 16, (2, buildings))
    truth = shapely.box(x, y, x + width, y + height)
    dx, dy = rng.normal(0, 1.5, (2, buildings))
    predicted = shapely.box(x + dx, y + dy, x + dx + width, y + dy + height)
    predicted = predicted[rng.random(buildings) > 0.1]
    confidence = rng.random(len(predicted))
    gpd.GeoDataFrame(geometry=truth, crs=CRS).to_file(folder / "truth.gpkg")
    frame = gpd.GeoDataFrame({"confidence": confidence}, geometry=predicted, crs=CRS)
    frame.to_file(folder / "predicted.gpkg")


def evaluate(folder: Path) -> None:
    """Evaluate the town and print what it took."""
    start = time.process_time()
    result = geoseg.evaluate(folder / "predicted.gpkg", folder / "truth.gpkg")
    total = result.total
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{total.true:,} true buildings, {total.predicted:,} predictions, F1 {total.f1:.3f}")
    print(f"{time.process_time() - start:.0f} s of processor time, {peak_mb:,.0f} MB at most")


if __name__ == "__main__":
    main()
