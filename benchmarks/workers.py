"""What a second worker brings: ``python benchmarks/workers.py [RASTER] [--tiles N]``.

One worker process of one thread, then two of one thread each, then one process as by default, over the same
raster by the built-in model, in turn. Wall time and the processor time of all processes together; the layers are
compared by all columns and outlines. The machine must be idle, and have two cores at least. Workers' starts are
in the figures, so the raster should be large: the photo of the example is put together N x N times, mirrored.
Processor time stands for home and its workers by themselves, and by stage; where home and its workers have a core
each, a run can take no less than what the busiest of them takes.
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
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

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
        print(f"{name:26s} {one['wall_s']:7.1f} s wall {one['cpu_s']:7.1f} s of processors", end="")
        print(f": home {one['home_s']:.1f}, workers {_listed(one['workers_s'])}")
        print(f"{'':26s} until the first row was seen {one['start_s']:.1f} at home;", end=" ")
        print(", ".join(f"{name} {seconds:.1f}" for name, seconds in one["stages"].items()))
    print(
        f"two workers against one: {told[0]['wall_s'] / told[1]['wall_s']:.2f}x the speed,", end=" "
    )
    print(f"{told[1]['cpu_s'] / told[0]['cpu_s']:.2f}x the processor time,", end=" ")
    print(f"{_busiest(told[0]) / _busiest(told[1]):.2f}x less for the busiest process")
    print(
        f"identical: {len({one['digest'] for one in told}) == 1}; {told[0]['buildings']} buildings"
    )


def _busiest(one: dict[str, Any]) -> float:
    return float(max([one["home_s"], *one["workers_s"]]))


def _listed(seconds: list[float]) -> str:
    return " + ".join(f"{each:.1f}" for each in seconds) or "none"


def _in_a_process(raster: Path, way: int) -> dict[str, Any]:
    environment = {**os.environ, **(ONE_THREAD if way < 2 else {})}
    command = [sys.executable, __file__, str(raster), "--way", str(way)]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def run(raster: Path, way: int) -> dict[str, Any]:
    """Predict in one of the ways; the time counts from before workers begin."""
    start = time.perf_counter()
    import geoseg
    from geoseg.run.spread.pool import LocalPool

    begun: list[float] = []

    def progress(_: object) -> None:
        begun.append(time.process_time())

    with Stages() as stages, ExitStack() as stack:
        pool = None if way == 2 else stack.enter_context(LocalPool(way + 1))
        frame = geoseg.predict(raster, executor=pool, progress=progress)
        workers = [] if pool is None else _workers_s()
    wall_s = time.perf_counter() - start
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    text = frame.to_wkb(hex=True).to_csv()
    return {
        "wall_s": wall_s,
        "cpu_s": sum(each.ru_utime + each.ru_stime for each in usage),
        "home_s": usage[0].ru_utime + usage[0].ru_stime,
        "workers_s": workers,
        "start_s": begun[0],
        "stages": stages.seconds,
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "buildings": len(frame),
    }


def _workers_s() -> list[float]:
    """Processor time of every worker so far; what else a pool starts takes next to none."""
    import psutil

    times = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return [one.user + one.system for one in times if one.user + one.system > 1]


class Stages:
    """Processor time of home's own stages while the block lasts, thread by thread."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._undo: list[tuple[type, str, Any]] = []

    def __enter__(self) -> Self:
        from geoseg.run.job import Backend
        from geoseg.run.spread.home import Home
        from geoseg.run.stages import DenseStage

        self._note(DenseStage, "_push", "decode")
        self._note(Backend, "_observe", "observe")
        self._note(Backend, "_commit", "commit")
        self._note(Home, "_send", "send")
        self._note(Home, "_returned", "receive")
        return self

    def __exit__(self, *_: object) -> None:
        for kind, name, plain in self._undo:
            setattr(kind, name, plain)

    def _note(self, kind: type, name: str, stage: str) -> None:
        plain = getattr(kind, name)
        self._undo.append((kind, name, plain))

        def noting(*given: Any, **named: Any) -> Any:  # noqa: ANN401  # as what it stands for
            began = time.thread_time()
            try:
                return plain(*given, **named)
            finally:
                took = time.thread_time() - began
                self.seconds[stage] = self.seconds.get(stage, 0.0) + took

        setattr(kind, name, noting)


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
