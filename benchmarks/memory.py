"""Peak memory and speed against the size of the raster: ``python benchmarks/memory.py [SIDE ...]``.

The rasters are virtual: one small picture, referenced over and over by a VRT, so 100,000 x 100,000
px need no disk. By default it is a painted town whose model reads the answer off the picture: what
is measured is everything around the network. With ``--network`` first it is the example photo, for
the built-in model. Each size runs in a process of its own. Flat means: the peak does not grow with
the raster's area.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from painted import PaintedModel, paint_town

TOWN_PX = 2048
GSD_M = 0.4
PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
SIDES_PX = (4096, 8192, 16384, 32768)


def write_virtual(folder: Path, side_px: int, *, network: bool) -> Path:
    """A square VRT of ``side_px`` that repeats one picture."""
    town = folder / "town.tif"
    if not town.exists():
        image = photo_town() if network else paint_town(TOWN_PX, TOWN_PX)[0]
        profile = {
            "driver": "GTiff", "dtype": "uint8", "count": 3, "height": TOWN_PX, "width": TOWN_PX,
            "crs": "EPSG:32645", "transform": Affine(GSD_M, 0, 352_000, 0, -GSD_M, 3_056_000),
            "tiled": True, "compress": "deflate",
        }  # fmt: skip
        with rasterio.open(town, "w", **profile) as dataset:
            dataset.write(image)
    path = folder / f"virtual_{side_px}.vrt"
    path.write_text(_vrt(side_px), encoding="utf-8")
    return path


def photo_town() -> NDArray[np.uint8]:
    """(3, TOWN_PX, TOWN_PX) the example photo, repeated."""
    with rasterio.open(PHOTO) as dataset:
        photo = dataset.read()
    return np.tile(photo, (1, 2, 4))[:, :TOWN_PX, :TOWN_PX]


def _vrt(side_px: int) -> str:
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><ColorInterp>{color}</ColorInterp>'
        + "".join(_source(band, row, col, side_px) for row, col in _places(side_px))
        + "</VRTRasterBand>"
        for band, color in enumerate(("Red", "Green", "Blue"), 1)
    )
    return (
        f'<VRTDataset rasterXSize="{side_px}" rasterYSize="{side_px}"><SRS>EPSG:32645</SRS>'
        f"<GeoTransform>352000, {GSD_M}, 0, 3056000, 0, -{GSD_M}</GeoTransform>{bands}</VRTDataset>"
    )


def _places(side_px: int) -> list[tuple[int, int]]:
    offsets = range(0, side_px, TOWN_PX)
    return [(row, col) for row in offsets for col in offsets]


def _source(band: int, row: int, col: int, side_px: int) -> str:
    height, width = min(TOWN_PX, side_px - row), min(TOWN_PX, side_px - col)
    size = f'xSize="{width}" ySize="{height}"/>'
    return (
        '<SimpleSource><SourceFilename relativeToVRT="1">town.tif</SourceFilename>'
        f'<SourceBand>{band}</SourceBand><SourceProperties RasterXSize="{TOWN_PX}" '
        f'RasterYSize="{TOWN_PX}" DataType="Byte" BlockXSize="256" BlockYSize="256"/>'
        f'<SrcRect xOff="0" yOff="0" {size}<DstRect xOff="{col}" yOff="{row}" {size}</SimpleSource>'
    )


def measure(source: Path, output: Path, *, network: bool) -> None:
    """Run once and print the summary; called in a fresh process."""
    import geoseg

    model = "default" if network else PaintedModel()
    summary = geoseg.predict(source, output, model=model, shape="simplified")
    print(json.dumps(summary.as_dict()))


def main(sides_px: tuple[int, ...], *, network: bool) -> None:
    """Print one line per size."""
    print("side_px   megapixels  buildings  peak_MB  seconds    MP/s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side_px in sides_px:
            source = write_virtual(folder, side_px, network=network)
            flags = ["--one", *(["--network"] if network else [])]
            command = [sys.executable, __file__, *flags, str(source), str(folder / "b.parquet")]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            told = json.loads(done.stdout)
            (folder / "b.parquet").unlink()
            seconds = told["seconds"]["total"]
            print(
                f"{side_px:7d} {told['megapixels']:12.0f} {told['buildings']:10d} "
                f"{told['peak_rss_mb']:8.0f} {seconds:8.1f} {told['megapixels'] / seconds:7.1f}",
                flush=True,
            )


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    with_network = "--network" in sys.argv
    if "--one" in sys.argv:
        measure(Path(arguments[0]), Path(arguments[1]), network=with_network)
    else:
        main(tuple(map(int, arguments)) or SIDES_PX, network=with_network)
