"""What a second worker brings: ``python benchmarks/workers.py [RASTER] [--tiles N]``.

One worker process of one thread, then two of one thread each, then one process, then one worker of
one thread in a Dask cluster that runs already, then one process with two that draw outlines beside it, as by default on
four cores, over the same raster by the built-in model, in turn, after a small
run that compiles what is not compiled yet. Wall time and the processor time of all processes together; the layers
are compared by all columns and outlines. The machine must be idle, and have two cores at least. Workers' starts are
in the figures, so the raster should be large: the photo of the example is put together N x N times, mirrored. What
home takes whatever the raster's size is told apart by the photo alone.
Processor time stands for home and its workers by themselves, and by stage; where home and its workers have a core
each, a run can take no less than what the busiest of them takes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
from large_raster import PHOTO, mirrored, photo, write

WAYS = (
    "one worker of one thread",
    "two workers of one thread",
    "no workers, all threads",
    "one worker of one thread, by Dask",
    "two that draw beside one process",
)
ALONE, BY_DASK, BESIDE = 2, 3, 4
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
        _in_a_process(PHOTO, 0)
        small = _in_a_process(PHOTO, 0)
        told = [_in_a_process(raster, way) for way in range(len(WAYS))]
    for name, one in zip(WAYS, told, strict=True):
        print(f"{name:34s} {one['wall_s']:7.1f} s wall {one['cpu_s']:7.1f} s of processors", end="")
        print(f": home {one['home_s']:.1f}, workers {_listed(one['workers_s'])}")
        print(f"{'':34s} until the first row was seen {one['start_s']:.1f} at home;", end=" ")
        print(", ".join(f"{name} {seconds:.1f}" for name, seconds in one["stages"].items()))
    print(
        f"two workers against one: {told[0]['wall_s'] / told[1]['wall_s']:.2f}x the speed,", end=" "
    )
    print(f"{told[1]['cpu_s'] / told[0]['cpu_s']:.2f}x the processor time,", end=" ")
    print(f"{_busiest(told[0]) / _busiest(told[1]):.2f}x less for the busiest process")
    by_dask, by_pool = told[BY_DASK], told[0]
    print(
        f"by Dask against the pool: {by_dask['wall_s'] / by_pool['wall_s']:.3f}x the time,"
        f" {by_dask['cpu_s'] / by_pool['cpu_s']:.3f}x the processor time"
    )
    print(f"for benchmarks/cluster.py: {_costs(by_pool, small)}")
    others = [
        name for name, one in zip(WAYS, told, strict=True) if one["digest"] != told[0]["digest"]
    ]
    print(
        f"identical: {', '.join(others) + ': not' if others else 'all'}; {told[0]['buildings']} buildings"
    )


def _costs(one: dict[str, Any], small: dict[str, Any]) -> str:
    """Of a megapixel, as the simulation takes them; home's is what it takes more than for a small raster.

    So what is loaded and opened, whatever the raster's size, is not in it, and said beside it.
    """
    if one["megapixels"] <= small["megapixels"]:
        return "nothing, as the raster is no larger than the photo; give --tiles 2 or more"
    share = 1 / one["megapixels"]
    home_s = (one["home_s"] - small["home_s"]) / (one["megapixels"] - small["megapixels"])
    start_s = small["home_s"] - home_s * small["megapixels"]
    print(
        f"home takes {start_s:.1f} s whatever the raster's size, and {home_s:.3f} s per megapixel"
    )
    look_s, finish_s = one["look_s"] * share, one["finish_s"] * share
    received = one["bytes"] / 1e6 * share
    return (
        f"--look {look_s:.2f} --finish {finish_s:.2f} --home {home_s:.3f} --answer {received:.2f}"
    )


def enlarged(folder: Path, tiles: int) -> Path:
    """The photo ``tiles`` x ``tiles`` times."""
    pixels, profile = photo()
    return write(folder / "enlarged.tif", mirrored(pixels, tiles, tiles), profile)


def _busiest(one: dict[str, Any]) -> float:
    return float(max([one["home_s"], *one["workers_s"]]))


def _listed(seconds: list[float]) -> str:
    return " + ".join(f"{each:.1f}" for each in seconds) or "none"


def _in_a_process(raster: Path, way: int) -> dict[str, Any]:
    threads = {} if way in {ALONE, BESIDE} else ONE_THREAD
    environment = {**os.environ, **threads}
    command = [sys.executable, __file__, str(raster), "--way", str(way)]
    done = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def run(raster: Path, way: int) -> dict[str, Any]:
    """Predict in one of the ways; the time counts from before workers begin, but with Dask's running."""
    with ExitStack() as stack:
        cluster = stack.enter_context(_dask()) if way == BY_DASK else None
        return _timed(raster, way, cluster)


def _timed(raster: Path, way: int, cluster: str | None) -> dict[str, Any]:
    start = time.perf_counter()
    before_s = time.process_time()
    import geoseg
    from geoseg.run.spread import beside
    from geoseg.run.spread.pool import LocalPool

    beside.usable_cores = lambda: 4  # type: ignore[assignment]  # however many there are

    begun: list[float] = []

    def progress(_: object) -> None:
        begun.append(time.process_time() - before_s)

    with Stages() as stages, ExitStack() as stack:
        pool = stack.enter_context(LocalPool(way + 1)) if way < ALONE else None
        output = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "b.parquet"
        summary = geoseg.predict(
            raster, output, executor=pool, cluster=cluster, progress=progress,
            workers=None if way == BESIDE else 1,
        ).as_dict()  # fmt: skip
        wall_s = time.perf_counter() - start
        home_s = time.process_time() - before_s
        workers = [] if way == ALONE else _ended_s() if way == BESIDE else _workers_s()
        frame = gpd.read_parquet(output)
    text = frame.to_wkb(hex=True).to_csv()
    return {
        "wall_s": wall_s,
        "cpu_s": home_s + sum(workers),
        "home_s": home_s,
        "workers_s": workers,
        "start_s": begun[0],
        "stages": stages.seconds,
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "buildings": len(frame),
        "megapixels": summary["megapixels"],
        "look_s": summary["seconds"]["model"],
        "finish_s": summary["seconds"]["vectorize"],
        "bytes": (summary["record"]["workers"] or {}).get("bytes_received", 0),
    }


@contextmanager
def _dask() -> Iterator[str]:
    """A scheduler, in this process, and a worker of one thread in one of its own."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def _workers_s() -> list[float]:
    """Processor time of every worker so far; what else a pool starts takes next to none."""
    import psutil

    times = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return [one.user + one.system for one in times if one.user + one.system > 1]


def _ended_s() -> list[float]:
    """Processor time of all workers that have ended."""
    import resource

    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [told.ru_utime + told.ru_stime]


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


if __name__ == "__main__":
    main()
