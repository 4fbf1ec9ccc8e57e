"""A whole run against another checkout's, in turns: ``python benchmarks/before.py FOLDER [RASTER]``.

FOLDER is a worktree of the commit to compare with, run by the same Python. Every run is a process of its
own, as users start it; each checkout keeps its compiled loops in a folder of its own, filled by a first run
over the example, which is told apart. Every run is told on stderr as it ends, with the ratio so far: the first pair
gives one, and stopping (Ctrl-C) leaves a table of what there is. In the end wall and processor time, memory, buildings,
and the ratios of the medians.

``--crop 10`` takes a square of ten megapixels out of the raster's upper left, for a pair in minutes. In
``--scratch FOLDER`` compiled loops stay, and what was measured, a line of JSON each (``runs.jsonl``): the same command
goes on where it was stopped.
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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import rasterio
from large_raster import write
from rasterio.windows import Window

HERE = Path(__file__).parents[1]
EXAMPLE = HERE / "examples" / "banepa.tif"
FIRST = "first"
"""The raster of runs that compile."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ``geoseg predict``."""

    checkout: str
    """Folder, and commit as ``git describe`` has it."""
    raster: str
    """Of which pixels; FIRST for the first run ever over the example."""
    wall_s: float
    """From the command to its end."""
    cpu_s: float
    """Of the process and its children."""
    rss_mb: float
    """Peak memory, as the run tells it."""
    buildings: int
    """Rows of the output."""


class Runs:
    """What was measured, now and by an earlier call."""

    def __init__(self, lines: Path) -> None:
        self._lines = lines
        kept = lines.read_text("utf-8").splitlines() if lines.exists() else []
        self._taken = [Run(**json.loads(line)) for line in kept]

    def add(self, run: Run) -> None:
        """Keep and tell one more."""
        self._taken.append(run)
        with self._lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(run)) + "\n")
        told = f"{run.wall_s:.1f} s wall, {run.cpu_s:.1f} s processor, {run.rss_mb:.0f} MB"
        tell(f"{run.raster}, {run.checkout}: {told}, {run.buildings} buildings")

    def of(self, checkout: str, raster: str) -> list[Run]:
        """Those of one checkout over one raster."""
        return [run for run in self._taken if (run.checkout, run.raster) == (checkout, raster)]


def tell(text: str) -> None:
    """Say something at once."""
    print(text, file=sys.stderr, flush=True)


def described(checkout: Path) -> str:
    """Its folder and commit; changes that are not committed are told by "-dirty"."""
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return f"{checkout.name} {commit}"


def predicted(checkout: Path, raster: Path, name: str, scratch: Path) -> Run:
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
        command, cwd=checkout, env=environment, check=False, capture_output=True, text=True
    )
    wall = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"the run of {checkout} over {raster} failed:\n{done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = json.loads(done.stdout.splitlines()[-1])
    return Run(described(checkout), name, wall, cpu, told["peak_rss_mb"], told["buildings"])


def cropped(raster: Path, megapixels: float, scratch: Path) -> Path:
    """A square of the raster's upper left."""
    with rasterio.open(raster) as whole:
        side = round((megapixels * 1e6) ** 0.5)
        if side > min(whole.width, whole.height):
            sys.exit(
                f"{raster} has {whole.width} x {whole.height} pixels, no square of {megapixels:g} megapixels"
            )
        pixels = whole.read((1, 2, 3), window=Window(0, 0, side, side))
        profile = {"crs": whole.crs, "transform": whole.transform}
    return write(scratch / f"{raster.stem}_{megapixels:g}mp.tif", pixels, profile)


def measure(checkouts: list[Path], raster: Path, pairs: int, scratch: Path, runs: Runs) -> None:
    """What lacks of the first runs and of ``pairs`` runs each, in turns."""
    for name, source, count in ((FIRST, EXAMPLE, 1), (raster.name, raster, pairs)):
        for number in range(count):
            for checkout in checkouts:
                if len(runs.of(described(checkout), name)) <= number:
                    runs.add(predicted(checkout, source, name, scratch))
            both = [runs.of(described(checkout), name) for checkout in checkouts]
            walls, cpus = (ratio(*both, part) for part in ("wall_s", "cpu_s"))
            tell(f"{name}, before / now: {walls:.2f} wall, {cpus:.2f} processor")


def middle(runs: list[Run], part: str) -> float:
    """The median of one of their figures."""
    return float(median(getattr(run, part) for run in runs))


def ratio(before: list[Run], now: list[Run], part: str) -> float:
    """Of the medians."""
    return middle(before, part) / middle(now, part)


def table(checkouts: list[Path], raster: str, runs: Runs) -> Iterator[str]:
    """A line per checkout, and the ratios."""
    parts = [(raster, "wall_s"), (raster, "cpu_s"), (raster, "rss_mb")]
    parts += [(FIRST, "wall_s"), (FIRST, "cpu_s")]
    heads = ("wall s", "cpu s", "MB", "first wall s", "first cpu s", "buildings", "runs")
    yield f"{'':24s}" + "".join(f"{head:>13s}" for head in heads)
    names = [described(checkout) for checkout in checkouts]
    for name in names:
        own = runs.of(name, raster)
        figures = "".join(f"{middle(runs.of(name, of), part):13.1f}" for of, part in parts)
        yield f"{name:24s}{figures}{own[0].buildings:13d}{len(own):13d}"
    ratios = (ratio(*(runs.of(name, of) for name in names), part) for of, part in parts)
    yield f"{'before / now':24s}" + "".join(f"{each:13.2f}" for each in ratios)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the other checkout")
    parser.add_argument("raster", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--runs", type=int, default=3, help="of each")
    parser.add_argument("--crop", type=float, help="megapixels of the raster; all of it without")
    parser.add_argument("--scratch", type=Path, help="where loops and runs stay for the next time")
    asked = parser.parse_args()
    checkouts = [asked.folder.absolute(), HERE]
    with tempfile.TemporaryDirectory() as folder:
        scratch = (asked.scratch or Path(folder)).absolute()
        scratch.mkdir(parents=True, exist_ok=True)
        runs = Runs(scratch / "runs.jsonl")
        raster = asked.raster.absolute()
        if asked.crop is not None:
            raster = cropped(raster, asked.crop, scratch)
        with suppress(KeyboardInterrupt):
            measure(checkouts, raster, asked.runs, scratch, runs)
        if all(runs.of(described(checkout), raster.name) for checkout in checkouts):
            print("\n".join(table(checkouts, raster.name, runs)))


if __name__ == "__main__":
    main()
