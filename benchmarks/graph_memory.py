"""What graphs of the built-in network hold: ``python benchmarks/graph_memory.py``.

The tiles that a run lays over a raster are computed once, row after row, as a run on this machine computes them. Prints
the memory of the process after every row; flat means: graphs of other rows are let go. *At rest* is what is
held when nothing is computed.
"""

from __future__ import annotations

import numpy as np
import psutil
import rasterio
from affine import Affine

from geoseg.machine import for_a_while, give_large_arrays_back
from geoseg.models import load_model
from geoseg.models.protocols import DenseModel
from geoseg.models.traits import Traits
from geoseg.settings import PredictSettings
from geoseg.tiles.looking import tile_maps
from geoseg.tiles.plan import Plan
from geoseg.types import Block, Grid

SIDE_PX = 4200
GSD_M = 0.33


def held_mb() -> float:
    """Memory of this process but for files, 10^6 bytes."""
    used = psutil.Process().memory_full_info()
    return float(used.rss - used.shared) / 1e6


def main() -> None:
    """Print a line per row of tiles."""
    model = load_model("default", device="cpu")
    assert isinstance(model, DenseModel)
    crs = rasterio.CRS.from_epsg(32645)
    grid = Grid(crs, Affine.scale(GSD_M, -GSD_M), SIDE_PX, SIDE_PX, GSD_M)
    plan = Plan.of(grid, Traits.of(model), PredictSettings.of())
    print(f"{'row of tiles':>12s} {'MB':>6s}")
    print(f"{'none':>12s} {held_mb():6.0f}")
    for strip in plan.strips:
        shape = strip.window.height, strip.window.width
        noise = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
        block = Block(strip.window, noise, np.ones(shape, np.bool_))
        for _ in tile_maps(model, strip.tiles, block, plan.batch):
            pass
        print(f"{strip.tiles[0].window.height:9d} px {held_mb():6.0f}", flush=True)
    model.predict_maps(noise[None, :, :32, :32])  # what others computed with is let go
    print(f"{'at rest':>12s} {held_mb():6.0f}")


if __name__ == "__main__":
    with for_a_while(give_large_arrays_back):
        main()
