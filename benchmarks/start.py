"""How long it takes until geoseg answers, until it reads, and until it has compiled its loops.

``python benchmarks/start.py [--against FOLDER] [--compiling]``: medians over fresh processes, in turns with
another checkout where one is named, as wall and processor time. *first rows read* is ``geoseg predict`` until
the first pixels for the network are there. With ``--compiling`` also what the first run ever takes more than
the next, over a piece of the example's photo: once, since it takes a minute.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import rasterio
from rasterio.windows import Window

HERE = Path(__file__).parents[1]
PHOTO = HERE / "examples" / "banepa.tif"
PIECE = Window(100, 600, 384, 384)
UNTIL_READ = """
import os, sys
import geoseg.cli
quietly = geoseg.cli.wait_quietly
def then_watch():
    quietly()
    from geoseg.tiles.swaths import SwathReader
    read = SwathReader._read
    def then_stop(*given):
        read(*given)
        os._exit(0)
    SwathReader._read = then_stop
geoseg.cli.wait_quietly = then_watch
sys.argv = ["geoseg", "predict", sys.argv[1], sys.argv[2], "--overwrite", "--quiet"]
geoseg.cli.main()
"""


def taken(checkout: Path, arguments: list[str], **environment: str) -> tuple[float, float]:
    """Wall and processor time of one process, seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout, env=os.environ | {"PYTHONPATH": str(checkout), **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def piece(folder: Path) -> str:
    """A file with a piece of the photo."""
    with rasterio.open(PHOTO) as photo:
        profile = photo.profile | {"width": PIECE.width, "height": PIECE.height}
        profile["transform"] = photo.window_transform(PIECE)
        with rasterio.open(folder / "piece.tif", "w", **profile) as small:
            small.write(photo.read(window=PIECE))
    return str(folder / "piece.tif")


def compiling(checkout: Path, raster: str, folder: Path) -> tuple[float, float]:
    """How much more the first run takes than the second, wall and processor time."""
    kept = tempfile.mkdtemp(dir=folder)
    run = ["-m", "geoseg", "predict", raster, str(folder / "c.gpkg"), "--overwrite", "--quiet"]
    first, second = (taken(checkout, run, NUMBA_CACHE_DIR=kept) for _ in range(2))
    return first[0] - second[0], first[1] - second[1]


def main() -> None:
    """Print a row per case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--compiling", action="store_true", help="also the first run ever")
    given = parser.parse_args()
    checkouts = [HERE, *([given.against.absolute()] if given.against else [])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raster = piece(folder)
        cases = {
            "nothing": ["-c", "pass"],
            "import geoseg": ["-c", "import geoseg"],
            "geoseg.predict": ["-c", "import geoseg; geoseg.predict"],
            "geoseg --help": ["-m", "geoseg", "--help"],
            "first rows read": ["-c", UNTIL_READ, raster, str(folder / "b.gpkg")],
        }
        for case, arguments in cases.items():
            took: dict[Path, list[tuple[float, float]]] = {checkout: [] for checkout in checkouts}
            for _ in range(given.runs + 1):
                for checkout in checkouts:
                    took[checkout].append(taken(checkout, arguments))
            print(row(case, [medians(took[checkout][1:]) for checkout in checkouts]), flush=True)
        if given.compiling:
            more = [compiling(checkout, raster, folder) for checkout in checkouts]
            print(row("first run ever: more", more))


def medians(took: list[tuple[float, float]]) -> tuple[float, float]:
    """Of wall and of processor time."""
    return median(one[0] for one in took), median(one[1] for one in took)


def row(case: str, took: list[tuple[float, float]]) -> str:
    """A line of a table."""
    told = " ".join(f"{wall_s:7.2f} s wall {cpu_s:7.2f} s cpu" for wall_s, cpu_s in took)
    return f"{case:20s} {told}"


if __name__ == "__main__":
    main()
