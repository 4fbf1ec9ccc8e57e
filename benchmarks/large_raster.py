"""A large raster of real imagery: ``python benchmarks/large_raster.py OUT.tif [--tiles FOLDER]``.

The photo of the example, or the largest rectangle of web-map tiles (``NAME-X-Y-ZOOM.tif`` in FOLDER), is
repeated until it has ``--megapixels``, every other time mirrored, so that nothing breaks off at the seams.
"""

from __future__ import annotations

import argparse
import re
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
WORLD_M = 2 * np.pi * 6378137.0
"""Width of the web map's plane."""

Pixels = NDArray[np.uint8]
"""(bands, height, width)."""


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--tiles", type=Path, help="folder of web-map tiles")
    parser.add_argument("--megapixels", type=float, default=40.0, help="at least")
    given = parser.parse_args()
    pixels, profile = photo() if given.tiles is None else put_together(given.tiles)
    rows, cols = repeats(pixels.shape[1], pixels.shape[2], given.megapixels)
    write(given.output, mirrored(pixels, rows, cols), profile)
    with rasterio.open(given.output) as raster:
        print(f"{given.output}: {raster.width} x {raster.height} px, {rows} x {cols} times")


def photo() -> tuple[Pixels, dict[str, Any]]:
    """The example's photo, and where it lies."""
    with rasterio.open(PHOTO) as raster:
        return raster.read(), {"crs": raster.crs, "transform": raster.transform}


def put_together(folder: Path) -> tuple[Pixels, dict[str, Any]]:
    """Web-map tiles side by side, and where they lie."""
    tiles: dict[tuple[int, int], Pixels] = {}
    zoom = 0
    for path in sorted(folder.glob("*.tif")):
        x, y, zoom = (int(part) for part in re.findall(r"\d+", path.stem)[-3:])
        with rasterio.open(path) as raster:
            tiles[x, y] = raster.read((1, 2, 3))
    cols, rows = largest_rectangle(set(tiles))
    whole = np.concatenate(
        [np.concatenate([tiles[x, y] for x in cols], axis=2) for y in rows], axis=1
    )
    side_m = WORLD_M / 2**zoom
    pixel_m = side_m * len(cols) / whole.shape[2]
    left, top = cols[0] * side_m - WORLD_M / 2, WORLD_M / 2 - rows[0] * side_m
    return whole, {"crs": "EPSG:3857", "transform": Affine(pixel_m, 0, left, 0, -pixel_m, top)}


def largest_rectangle(places: set[tuple[int, int]]) -> tuple[range, range]:
    """Columns and rows of which every tile is there."""
    x_all, y_all = (sorted({place[axis] for place in places}) for axis in (0, 1))
    best, size = (range(0), range(0)), 0
    for left, right in combinations_with_replacement(x_all, 2):
        cols = range(left, right + 1)
        for top, bottom in combinations_with_replacement(y_all, 2):
            rows = range(top, bottom + 1)
            if len(cols) * len(rows) > size and places >= set(product(cols, rows)):
                best, size = (cols, rows), len(cols) * len(rows)
    return best


def repeats(height: int, width: int, megapixels: float) -> tuple[int, int]:
    """How often down and across, for a raster about as high as wide."""
    side = (megapixels * 1e6) ** 0.5
    cols = max(1, round(side / width))
    return max(1, int(-(-megapixels * 1e6 // (height * width * cols)))), cols


def mirrored(pixels: Pixels, rows: int, cols: int) -> Pixels:
    """The same ``rows`` x ``cols`` times, every other one mirrored."""
    height, width = pixels.shape[1:]
    below, right = (rows - 1) * height, (cols - 1) * width
    return np.pad(pixels, ((0, 0), (0, below), (0, right)), mode="symmetric")


def write(path: Path, pixels: Pixels, profile: dict[str, Any]) -> Path:
    """A GeoTIFF in blocks of 512 pixels."""
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=len(pixels), height=pixels.shape[1],
        width=pixels.shape[2], tiled=True, blockxsize=512, blockysize=512, compress="deflate",
        photometric="rgb", **profile,
    ) as raster:  # fmt: skip
        raster.write(pixels)
    return path


if __name__ == "__main__":
    main()
