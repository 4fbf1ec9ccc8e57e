"""What drawing and measuring a building costs: ``python benchmarks/finishing.py [RASTER] [--against FOLDER]``.

One run finds the clusters of a raster, the example's unless another is named; they are finished again and
again, as the run did it and all in one batch. Prints processor time per building found, medians, and whether
both gave the same table. With another checkout in FOLDER the two finish in turns, in a process each, and the
median of the ratios is printed and whether their tables are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pyarrow as pa

import geoseg
from geoseg.run.finish import Finisher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geoseg.run.finish import Finished
    from geoseg.types import Cluster

HERE = Path(__file__).parents[1]
EXAMPLE = HERE / "examples" / "banepa.tif"
WAYS = ("as found", "in one batch")


def main() -> None:
    """Print a line per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raster", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--asked", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.asked:
        answer(asked.raster)
        return
    checkouts = [HERE, *([asked.against] if asked.against else [])]
    processes = [begun(checkout.absolute(), asked.raster.absolute()) for checkout in checkouts]
    print(*(told(process) for process in processes), sep="\n")
    tables = set()
    for way in WAYS:
        rounds = [[finished(process, way) for process in processes] for _ in range(asked.rounds)]
        tables |= {table for each in rounds for _, table in each}
        shown = [f"{median(each[i][0] for each in rounds):6.2f}" for i in range(len(processes))]
        ratio = median(each[-1][0] / each[0][0] for each in rounds)
        more = f", {ratio:.2f} times as much there" if asked.against else ""
        print(f"{way:14s} {' '.join(shown)} ms per building{more}")
    print("the same table" if len(tables) == 1 else "tables DIFFER")
    for process in processes:
        process.communicate()


def begun(checkout: Path, raster: Path) -> subprocess.Popen[str]:
    """A process with the code of a checkout that finishes whenever it is asked."""
    command = [sys.executable, __file__, str(raster), "--asked"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=checkout, env=environment, stdin=pipe, stdout=pipe, text=True
    )


def told(process: subprocess.Popen[str]) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip()


def finished(process: subprocess.Popen[str], way: str) -> tuple[float, str]:
    """Ask; milliseconds per building, and what tells tables apart."""
    assert process.stdin is not None
    process.stdin.write(f"{way}\n")
    process.stdin.flush()
    milliseconds, table = told(process).split()
    return float(milliseconds), table


def answer(raster: Path) -> None:
    """Finish in the way that each line of the input names."""
    finisher, batches = found(raster)
    together = [cluster for batch in batches for cluster in batch]
    buildings = sum(len(cluster.instances) for cluster in together)
    print(
        f"{len(batches)} batches, {len(together)} clusters, {buildings} buildings found", flush=True
    )
    for line in sys.stdin:
        ways = batches if line.strip() == WAYS[0] else [together]
        began = time.thread_time()
        table = pa.concat_tables([finisher.finish(batch).table for batch in ways])
        seconds = time.thread_time() - began
        print(seconds / buildings * 1e3, digest(table), flush=True)


def digest(table: pa.Table) -> str:
    """Of all columns and rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue().to_pybytes()).hexdigest()


def found(raster: Path) -> tuple[Finisher, list[list[Cluster]]]:
    """What a run finished with, and the clusters in the batches that it finished."""
    batches: list[list[Cluster]] = []
    used: list[Finisher] = []
    finish = Finisher.finish

    def noting(self: Finisher, clusters: Iterable[Cluster]) -> Finished:
        batches.append(list(clusters))
        used.append(self)
        return finish(self, batches[-1])

    Finisher.finish = noting  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        geoseg.predict(raster, Path(folder) / "out.gpkg", tta=False)
    Finisher.finish = finish  # type: ignore[method-assign]
    return used[0], batches


if __name__ == "__main__":
    main()
