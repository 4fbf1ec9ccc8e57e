"""Peak memory and processor time against the size of the raster: ``python benchmarks/memory.py [CASE ...]``.

The rasters are virtual: one small picture, referenced over and over by a VRT, so 100,000 x 100,000
px need no disk. It is a painted town whose model reads the answer off the picture: what is measured
is everything around the network. Each case runs in a process of its own:

- ``4k``, ``8k``, ``16k``, ``32k``: squares full of houses. Flat means: the peak does not grow with
  the raster's area.
- ``tile512`` to ``tile4096``: the square of 8k in tiles of other sizes.
- ``wide``: 100,000 columns, 2,048 rows, houses everywhere.
- ``rows``: the square of 8k in a file that lies on disk row by row, which is read from side to side.
- ``100k``: 100,000 x 100,000 px with towns here and there, the rest nodata.
- ``100k16``: the same with 16 worker processes; the peak is that of home alone, without its workers.
- ``photo``: 4,096 x 4,096 px of the example photo, by the built-in network.

Without names all but ``32k``, ``100k16`` and ``photo`` are run, which take long.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from painted import PaintedModel, paint_town

TOWN_PX = 2048
GSD_M = 0.4
PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
TOWNS = 20
"""Towns in a scattered raster."""


@dataclass(frozen=True, slots=True)
class Case:
    """A raster, and the tiles in which it is worked through."""

    height: int
    """Rows, pixels."""
    width: int
    """Columns, pixels."""
    tile_px: int | None = None
    """Side of the tiles; None: the default."""
    scattered: bool = False
    """TOWNS towns, the rest nodata; else towns everywhere."""
    by_rows: bool = False
    """A file whose blocks are rows; else a VRT of tiled files."""
    workers: int = 0
    """Worker processes; 0: a single process."""
    network: bool = False
    """The photo and the built-in model; else the painted town."""


CASES = {
    "4k": Case(4096, 4096),
    "8k": Case(8192, 8192),
    "16k": Case(16384, 16384),
    "32k": Case(32768, 32768),
    "tile512": Case(8192, 8192, tile_px=512),
    "tile2048": Case(8192, 8192, tile_px=2048),
    "tile4096": Case(8192, 8192, tile_px=4096),
    "rows": Case(8192, 8192, by_rows=True),
    "wide": Case(2048, 100_000),
    "100k": Case(100_000, 100_000, scattered=True),
    "100k16": Case(100_000, 100_000, scattered=True, workers=16),
    "photo": Case(4096, 4096, network=True),
}
LONG = {"32k", "100k16", "photo"}


def write_raster(folder: Path, case: Case) -> Path:
    """The raster of a case; a VRT, or one file."""
    image = photo_town() if case.network else painted_town(24 if case.scattered else 48)
    if case.by_rows:
        repeats = (1, case.height // TOWN_PX, case.width // TOWN_PX)
        return write_picture(folder / "rows.tif", np.tile(image, repeats), tiled=False)
    write_picture(folder / "town.tif", image, tiled=True)
    path = folder / "virtual.vrt"
    path.write_text(_vrt(case), encoding="utf-8")
    return path


def painted_town(pitch_px: int) -> NDArray[np.uint8]:
    """(3, TOWN_PX, TOWN_PX) houses; the ground is not quite black, for black is nodata."""
    image, _ = paint_town(TOWN_PX, TOWN_PX, pitch=pitch_px, side=pitch_px // 2 + 2)
    image[2] = 1
    return image


def photo_town() -> NDArray[np.uint8]:
    """(3, TOWN_PX, TOWN_PX) the example photo, repeated."""
    with rasterio.open(PHOTO) as dataset:
        photo = dataset.read()
    return np.tile(photo, (1, 2, 4))[:, :TOWN_PX, :TOWN_PX]


def write_picture(path: Path, image: NDArray[np.uint8], *, tiled: bool) -> Path:
    """A GeoTIFF of (3, height, width) pixels, in blocks or in rows."""
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": 3, "compress": "deflate", "tiled": tiled,
        "height": image.shape[1], "width": image.shape[2], "nodata": 0,
        "crs": "EPSG:32645", "transform": Affine(GSD_M, 0, 352_000, 0, -GSD_M, 3_056_000),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(image)
    return path


def _vrt(case: Case) -> str:
    places = _scattered_places(case) if case.scattered else _all_places(case)
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><NoDataValue>0</NoDataValue>'
        f"<ColorInterp>{color}</ColorInterp>"
        + "".join(_source(band, row, col, case) for row, col in places)
        + "</VRTRasterBand>"
        for band, color in enumerate(("Red", "Green", "Blue"), 1)
    )
    return (
        f'<VRTDataset rasterXSize="{case.width}" rasterYSize="{case.height}"><SRS>EPSG:32645</SRS>'
        f"<GeoTransform>352000, {GSD_M}, 0, 3056000, 0, -{GSD_M}</GeoTransform>{bands}</VRTDataset>"
    )


def _all_places(case: Case) -> list[tuple[int, int]]:
    rows, cols = range(0, case.height, TOWN_PX), range(0, case.width, TOWN_PX)
    return [(row, col) for row in rows for col in cols]


def _scattered_places(case: Case) -> list[tuple[int, int]]:
    """Always the same places: no two towns in one cell, none in line with the tiles."""
    rng = np.random.default_rng(5)
    cell = TOWN_PX + 100
    rows, cols = case.height // cell, case.width // cell
    cells = rng.choice(rows * cols, TOWNS, replace=False)
    shifts = rng.integers(0, 100, (TOWNS, 2))
    places = np.stack(np.divmod(cells, cols), axis=1) * cell + shifts
    return [(int(row), int(col)) for row, col in places]


def _source(band: int, row: int, col: int, case: Case) -> str:
    height, width = min(TOWN_PX, case.height - row), min(TOWN_PX, case.width - col)
    size = f'xSize="{width}" ySize="{height}"/>'
    return (
        '<SimpleSource><SourceFilename relativeToVRT="1">town.tif</SourceFilename>'
        f'<SourceBand>{band}</SourceBand><SourceProperties RasterXSize="{TOWN_PX}" '
        f'RasterYSize="{TOWN_PX}" DataType="Byte" BlockXSize="256" BlockYSize="256"/>'
        f'<SrcRect xOff="0" yOff="0" {size}<DstRect xOff="{col}" yOff="{row}" {size}</SimpleSource>'
    )


def measure(name: str, source: Path, output: Path) -> None:
    """Run a case once and print what it took; called in a fresh process."""
    import geoseg
    from geoseg.run.spread.pool import LocalPool

    case = CASES[name]
    model = "default" if case.network else PaintedModel()
    with LocalPool(case.workers) if case.workers else nullcontext() as executor:
        summary = geoseg.predict(
            source, output, model=model, shape="simplified", tile_px=case.tile_px, executor=executor
        ).as_dict()
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"cpu_s": used.ru_utime + used.ru_stime}
    if case.workers:
        told["peak_rss_mb"] = used.ru_maxrss * 1024 / 1e6
    print(json.dumps(summary | told))


def main(names: list[str]) -> None:
    """Print one line per case."""
    print("case          rows x columns   buildings   open  peak_MB  cpu_min  MP/cpu_s")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            source = write_raster(Path(folder), CASES[name])
            output = Path(folder) / "b.parquet"
            command = [sys.executable, __file__, "--one", name, str(source), str(output)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            _print_line(name, json.loads(done.stdout))


def _print_line(name: str, told: dict[str, float]) -> None:
    case = CASES[name]
    print(
        f"{name:9s} {case.height:8d} x {case.width:6d} {told['buildings']:11d} "
        f"{told['open_buildings']:6d} {told['peak_rss_mb']:8.0f} {told['cpu_s'] / 60:8.1f} "
        f"{told['megapixels'] / told['cpu_s']:9.1f}",
        flush=True,
    )


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        measure(arguments[1], Path(arguments[2]), Path(arguments[3]))
    else:
        parser = argparse.ArgumentParser(description="Peak memory of whole runs, a process each.")
        quick = [name for name in CASES if name not in LONG]
        parser.add_argument("case", nargs="*", help=f"{', '.join(CASES)}; without: the quick ones")
        chosen = parser.parse_args(arguments).case
        if unknown := set(chosen) - set(CASES):
            parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
        main(chosen or quick)
