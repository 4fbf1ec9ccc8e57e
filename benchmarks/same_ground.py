"""The same ground on other grids: ``python benchmarks/same_ground.py PHOTO --model default``.

Cuts a square from a photo and predicts it as it is, with its first rows and columns cut off (the
pixels stay, the network's lattice moves), and warped beforehand by cubic interpolation: moved by half
a pixel, turned, scaled, to degrees and to UTM. Prints by how much the count and the total area
differ from the photo as it is, and the largest and the median difference. Cut-off pixels and the
corners that a turn leaves empty hold a few buildings of their own, well below 1 %.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import Resampling, calculate_default_transform, reproject
from rasterio.windows import Window

import geoseg
from geoseg.earth.ground import local_utm

PX = Affine.translation
CUTS = (1, 2, 4, 8)
"""Rows and columns cut off."""


@dataclass(frozen=True, slots=True)
class Square:
    """A piece of the photo."""

    pixels: NDArray[np.uint8]
    """(3, height, width)."""
    transform: Affine
    crs: CRS


def cut(photo: Path, row: int, col: int, side: int) -> Square:
    """A square of ``side`` pixels."""
    window = Window(col, row, side, side)
    with rasterio.open(photo) as dataset:
        pixels = dataset.read([1, 2, 3], window=window)
        return Square(pixels, dataset.window_transform(window), dataset.crs)


def copies(square: Square, folder: Path) -> Iterator[tuple[str, Path]]:
    """The square on other grids, the first as it is."""
    yield "as it is", write(folder / "own.tif", square.pixels, square.transform, square.crs)
    for px in CUTS:
        moved = square.transform * PX(px, px)
        kept = square.pixels[:, px:, px:]
        yield f"cut by {px} px", write(folder / f"cut{px}.tif", kept, moved, square.crs)
    half = square.pixels.shape[1] / 2
    turned = {
        f"turned by {deg} degrees": PX(half, half) * Affine.rotation(deg) * PX(-half, -half)
        for deg in (-0.7, 0.7, 2)
    }
    grown = PX(half, half) * Affine.scale(1.005) * PX(-half, -half)
    changes = {"moved by half a pixel": PX(0.5, 0.5), **turned, "0.5 % coarser": grown}
    for number, (name, change) in enumerate(changes.items()):
        grid = square.transform * change, square.crs, square.pixels.shape[1:]
        yield name, warped(folder / f"{number}.tif", square, *grid)
    utm = local_utm(pyproj.CRS(square.crs), *(square.transform * (0, 0))).to_wkt()
    for name, crs in (("degrees", "EPSG:4326"), ("UTM", utm)):
        height, width = square.pixels.shape[1:]
        bounds = rasterio.transform.array_bounds(height, width, square.transform)
        transform, cols, rows = calculate_default_transform(square.crs, crs, width, height, *bounds)
        yield name, warped(folder / f"{name}.tif", square, transform, crs, (rows, cols))


def warped(
    path: Path, square: Square, transform: Affine, crs: CRS | str, shape: tuple[int, int]
) -> Path:
    """Cubic interpolation; alpha where the square does not reach."""
    out = np.zeros((4, *shape), np.uint8)
    opaque = np.full_like(square.pixels[0], 255)
    for band, source in enumerate([*square.pixels, opaque]):
        how = Resampling.cubic if band < 3 else Resampling.nearest
        here = {"src_transform": square.transform, "src_crs": square.crs}
        reproject(source, out[band], **here, dst_transform=transform, dst_crs=crs, resampling=how)
    return write(path, out, transform, crs)


def write(path: Path, pixels: NDArray[np.uint8], transform: Affine, crs: CRS | str) -> Path:
    """A GeoTIFF of three bands, or of four with alpha."""
    count, height, width = pixels.shape
    size = {"count": count, "height": height, "width": width, "dtype": "uint8"}
    colours = {"photometric": "RGB", "tiled": True, **({"alpha": "YES"} if count == 4 else {})}
    with rasterio.open(
        path, "w", driver="GTiff", transform=transform, crs=crs, **size, **colours
    ) as dataset:
        dataset.write(pixels)
    return path


def main() -> None:
    """Predict every copy by every model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photo", type=Path)
    parser.add_argument("--model", nargs="+", default=["default"])
    parser.add_argument("--at", nargs=2, type=int, default=(1500, 1000), metavar=("ROW", "COL"))
    parser.add_argument("--side", type=int, default=2048)
    arguments = parser.parse_args()
    square = cut(arguments.photo, *arguments.at, arguments.side)
    with tempfile.TemporaryDirectory() as folder:
        given = list(copies(square, Path(folder)))
        for model in arguments.model:
            show(model, [(name, geoseg.predict(path, model=model)) for name, path in given])


def show(model: str, found: list[tuple[str, Any]]) -> None:
    """One line for every copy, then the largest and the median difference."""
    totals = np.array([(len(frame), frame["area_m2"].sum()) for _, frame in found])
    apart = totals / totals[0] - 1
    print(f"{model}: {totals[0, 0]:.0f} buildings, {totals[0, 1]:,.0f} m2")
    for (name, _), (count, area) in zip(found[1:], apart[1:], strict=True):
        print(f"  {name:24}{count:+8.1%}{area:+8.1%}")
    for name, figure in (("largest", np.max), ("median", np.median)):
        count, area = figure(np.abs(apart[1:]), axis=0)
        print(f"  {name:24}{count:8.1%}{area:8.1%}")


if __name__ == "__main__":
    main()
