"""What a user's first run ever takes more than the next: ``python benchmarks/first_run.py WHEEL [WHEEL ...]``.

Every round makes an environment anew, with the packages of this one beside the wheel, a home and folders for caches, and runs
``geoseg predict`` over the example's photo twice. Wheels take turns; in the end medians of wall and processor time. All
runs have to write the same rows, or it ends with an error: of wheels of the same sources, with and without machine code.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import geopandas as gpd
from pandas.testing import assert_frame_equal

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"


class Pair(NamedTuple):
    """Two runs, seconds."""

    first_wall_s: float
    first_cpu_s: float
    next_wall_s: float
    next_cpu_s: float

    @property
    def more(self) -> tuple[float, float]:
        """What the first takes more, of wall and of processor time."""
        return self.first_wall_s - self.next_wall_s, self.first_cpu_s - self.next_cpu_s


def installed(wheel: Path, folder: Path) -> Path:
    """The Python of a new environment with the wheel, and with the packages of this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True)
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    (Path(site) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def predicted(python: Path, output: Path, home: Path) -> tuple[float, float]:
    """Wall and processor time of one run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    kept.pop("PYTHONPATH", None)
    kept |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "TMPDIR": str(home)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [str(python), "-m", "geoseg", "predict", str(PHOTO), str(output)]
    subprocess.run(command, cwd=home, env=kept, check=True, stdout=subprocess.DEVNULL)
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rows(file: Path) -> gpd.GeoDataFrame:
    """The buildings of a run."""
    return gpd.read_file(file, layer="buildings")


def pair(wheel: Path, folder: Path) -> Pair:
    """A first run and the next."""
    folder.mkdir()
    python = installed(wheel.absolute(), folder / "environment")
    outputs = folder / "first.gpkg", folder / "next.gpkg"
    took = Pair(*(one for output in outputs for one in predicted(python, output, folder)))
    assert_frame_equal(*map(rows, outputs), check_exact=True)
    return took


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", type=Path, nargs="+", metavar="WHEEL")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    took: dict[Path, list[Pair]] = {wheel: [] for wheel in given.wheels}
    with tempfile.TemporaryDirectory() as name:
        for number in range(given.rounds):
            for place, wheel in enumerate(given.wheels):
                folder = Path(name) / f"{number}_{place}"
                took[wheel].append(pair(wheel, folder))
                told = ", ".join(f"{one:.1f}" for one in took[wheel][-1])
                print(f"{wheel.name}: {told} s", file=sys.stderr, flush=True)
                frames = [Path(name) / "0_0" / "first.gpkg", folder / "first.gpkg"]
                assert_frame_equal(*map(rows, frames), check_exact=True)
    print(
        "| wheel | size | first run: wall, processor time | the next | more |\n|---|---|---|---|---|"
    )
    for wheel, pairs in took.items():
        print(row(wheel, pairs))


def row(wheel: Path, pairs: list[Pair]) -> str:
    """Medians of each column."""
    first, cpu, then, then_cpu = (median(column) for column in zip(*pairs, strict=True))
    more, more_cpu = (median(column) for column in zip(*(one.more for one in pairs), strict=True))
    return (
        f"| {wheel.name} | {wheel.stat().st_size / 1e6:.1f} MB | {first:.1f} s, {cpu:.1f} s "
        f"| {then:.1f} s, {then_cpu:.1f} s | {more:.1f} s, {more_cpu:.1f} s |"
    )


if __name__ == "__main__":
    main()
