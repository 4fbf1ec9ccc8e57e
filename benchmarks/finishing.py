"""What drawing and measuring a building costs: ``python benchmarks/finishing.py [RASTER]``.

One run finds the clusters of a raster, the example's unless another is named; they are finished again and
again, as the run did it and all in one batch. Prints processor time per building found, and whether both gave
the same table.
"""

from __future__ import annotations

import argparse
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

EXAMPLE = Path(__file__).parents[1] / "examples" / "banepa.tif"


def main() -> None:
    """Print a line per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raster", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    finisher, batches = found(asked.raster)
    together = [cluster for batch in batches for cluster in batch]
    buildings = sum(len(cluster.instances) for cluster in together)
    print(f"{len(batches)} batches, {len(together)} clusters, {buildings} buildings found")
    tables = []
    for name, ways in (("as found", batches), ("in one batch", [together])):
        seconds = []
        for _ in range(asked.rounds):
            began = time.thread_time()
            table = pa.concat_tables([finisher.finish(batch).table for batch in ways])
            seconds.append(time.thread_time() - began)
        tables.append(table)
        print(f"{name:14s} {median(seconds) / buildings * 1e3:6.2f} ms per building")
    print("the same table" if tables[0].equals(tables[1]) else "tables DIFFER")


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
