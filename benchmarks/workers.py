"""What a second worker brings: ``python benchmarks/workers.py [RASTER] [--tiles N]``.

One worker process of one thread, then two of one thread each, then one process as by default, over the same
raster by the built-in model, in turn. Wall time and the processor time of all processes together; the layers are
compared by all columns and outlines. The machine must be idle, and have two cores at least. Workers' starts are
in the figures, so the raster should be large: the photo of the example is put together N x N times, mirrored.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
WAYS = ("one worker of one thread", "two workers of one thread", "no workers, all threads")
ONE_THREAD = {"GEOSEG_WORKER_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main() -> None:
    """Print a line per way, and whether all gave the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raster", nargs="?", type=Path)
    parser.add_argument("--tiles", type=int, default=3)
    parser.add_argument("--way", type=int)
    given = parser.parse_args()
    if given.way is not None:
        print(json.dumps(run(given.raster, given.way)))
        return
    with tempfile.TemporaryDirectory() as folder:
        raster = given.raster or enlarged(Path(folder), given.tiles)
        told = [_in_a_process(raster, way) for way in range(len(WAYS))]
    for name, one in zip(WAYS, told, strict=True):
        print(f"{name:26s} {one['wall_s']:7.1f} s wall {one['cpu_s']:7.1f} s of processors")
    print(
        f"two workers against one: {told[0]['wall_s'] / told[1]['wall_s']:.2f}x the speed,", end=" "
    )
    print(f"{told[1]['cpu_s'] / told[0]['cpu_s']:.2f}x the processor time")
    print(
        f"identical: {len({one['digest'] for one in told}) == 1}; {told[0]['buildings']} buildings"
    )


def _in_a_process(raster: Path, way: int) -> dict[str, float]:
    environment = {**os.environ, **(ONE_THREAD if way < 2 else {})}
    command = [sys.executable, __file__, str(raster), "--way", str(way)]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def run(raster: Path, way: int) -> dict[str, float | str]:
    """Predict in one of the ways; the time counts from before workers begin."""
    import geoseg
    from geoseg.run.spread.pool import LocalPool

    start = time.perf_counter()
    if way == 2:
        frame = geoseg.predict(raster)
    else:
        with LocalPool(way + 1) as pool:
            frame = geoseg.predict(raster, executor=pool)
    wall_s = time.perf_counter() - start
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    text = frame.to_wkb(hex=True).to_csv()
    return {
        "wall_s": wall_s,
        "cpu_s": sum(each.ru_utime + each.ru_stime for each in usage),
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "buildings": len(frame),
    }


def enlarged(folder: Path, tiles: int) -> Path:
    """The photo ``tiles`` x ``tiles`` times, every other one mirrored, tiled on disk."""
    with rasterio.open(PHOTO) as photo:
        pixels, profile = photo.read(), photo.profile
    rows = [
        np.concatenate([pixels[:, :, :: 1 - 2 * (col % 2)] for col in range(tiles)], axis=2)
        for _ in range(tiles)
    ]
    whole = np.concatenate([row[:, :: 1 - 2 * (i % 2)] for i, row in enumerate(rows)], axis=1)
    profile.update(
        driver="GTiff", height=whole.shape[1], width=whole.shape[2], tiled=True, blockxsize=512,
        blockysize=512, compress="deflate", photometric="rgb",
    )  # fmt: skip
    path = folder / "enlarged.tif"
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(whole)
    return path


if __name__ == "__main__":
    main()
