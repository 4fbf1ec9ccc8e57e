"""A whole run against another checkout's, in turns: ``python benchmarks/before.py FOLDER [RASTER]``.

FOLDER is a worktree of the commit to compare with, run by the same Python. Every run is a process of its
own, as users start it; each checkout keeps its compiled loops in a folder of its own, filled by a first run
over the example, which is told apart. Prints wall and processor time, memory, buildings, and the ratios of the medians.
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
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[1]
EXAMPLE = HERE / "examples" / "banepa.tif"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ``geoseg predict``."""

    wall_s: float
    """From the command to its end."""
    cpu_s: float
    """Of the process and its children."""
    rss_mb: float
    """Peak memory, as the run tells it."""
    buildings: int
    """Rows of the output."""


def run(checkout: Path, raster: Path, scratch: Path) -> Run:
    """Predict once, in a process of its own."""
    kept = scratch / f"compiled_{checkout.name}"
    environment = os.environ | {"PYTHONPATH": str(checkout), "NUMBA_CACHE_DIR": str(kept)}
    output = scratch / f"{checkout.name}.gpkg"
    command = [
        *(sys.executable, "-m", "geoseg", "predict", str(raster), str(output)),
        *("--overwrite", "--json", "--device", "cpu"),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=checkout, env=environment, check=True, capture_output=True, text=True
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = json.loads(done.stdout.splitlines()[-1])
    return Run(wall, cpu, told["peak_rss_mb"], told["buildings"])


def main() -> None:
    """Print a line per checkout, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the other checkout")
    parser.add_argument("raster", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scratch", type=Path, help="where compiled loops stay for the next time")
    asked = parser.parse_args()
    checkouts = [asked.folder.absolute(), HERE]
    with tempfile.TemporaryDirectory() as folder:
        scratch = asked.scratch or Path(folder)
        scratch.mkdir(parents=True, exist_ok=True)
        firsts = [run(checkout, EXAMPLE, scratch) for checkout in checkouts]
        taken: dict[Path, list[Run]] = {checkout: [] for checkout in checkouts}
        for _ in range(asked.runs):
            for checkout in checkouts:
                taken[checkout].append(run(checkout, asked.raster.absolute(), scratch))
    print(
        f"{'':24s} {'wall s':>8s} {'cpu s':>8s} {'MB':>6s} {'first wall s':>12s} {'first cpu s':>11s} buildings"
    )
    medians = []
    for checkout, first in zip(checkouts, firsts, strict=True):
        runs = taken[checkout]
        wall, cpu, rss = (
            median(getattr(r, n) for r in runs) for n in ("wall_s", "cpu_s", "rss_mb")
        )
        medians.append((wall, cpu, rss, first.wall_s, first.cpu_s))
        firstly = f"{first.wall_s:12.1f} {first.cpu_s:11.1f}"
        shown = f"{wall:8.1f} {cpu:8.1f} {rss:6.0f} {firstly} {runs[0].buildings:9d}"
        print(f"{checkout.name:24s} {shown}")
    ratios = [before / now for before, now in zip(*medians, strict=True)]
    shown = (
        f"{ratios[0]:8.2f} {ratios[1]:8.2f} {ratios[2]:6.2f} {ratios[3]:12.2f} {ratios[4]:11.2f}"
    )
    print(f"{'before / now':24s} {shown}")


if __name__ == "__main__":
    main()
