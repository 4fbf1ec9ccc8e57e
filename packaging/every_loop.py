"""Calls every compiled loop for all types that runs call it for: ``python packaging/every_loop.py FOLDER``.

Runs over the example's photo, over a piece of it with a surface, and by a model that finds separate masks.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as RasterWindow
from scipy import ndimage

import geoseg
from geoseg.stitch import InstanceDecoder, TileInstances
from geoseg.stitch.decoder import GROWN_BY_NOTHING
from geoseg.types import Window

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
PIECE = RasterWindow(0, 0, 512, 640)
BRIGHT = 150
"""Grey level that roofs are brighter than, by and large."""


class Bright:
    """Finds what is bright, as separate masks: a stand-in for a network that does."""

    gsd_m = None
    version = "1"

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[geoseg.Instance]]:
        """(n, 3, rows, columns) bytes to what is bright in each."""
        return [list(self._parts(image.mean(axis=0) > BRIGHT)) for image in images]

    @staticmethod
    def _parts(bright: NDArray[np.bool_]) -> list[geoseg.Instance]:
        labels, _ = ndimage.label(ndimage.binary_opening(bright, iterations=2))
        return [
            geoseg.Instance(labels[box] == number, box[0].start, box[1].start, 0.9)
            for number, box in enumerate(ndimage.find_objects(labels), start=1)
        ]


def main() -> None:
    """Run everything once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where results go")
    folder: Path = parser.parse_args().folder
    geoseg.predict(PHOTO, folder / "found.gpkg")
    geoseg.regularize(folder / "found.gpkg", folder / "redrawn.gpkg", oblique=1.0)
    photo, surface = town(folder)
    for shape in ("simplified", "raw"):
        geoseg.predict(photo, folder / f"{shape}.gpkg", shape=shape)
    others = gpd.read_file(folder / "raw.gpkg", layer="buildings")[["geometry"]]
    geoseg.regularize(others, folder / "theirs.gpkg")
    geoseg.predict(photo, folder / "high.gpkg", dsm=surface, nir=4)
    geoseg.predict(photo, folder / "masks.gpkg", model=Bright(), tile_px=512)
    decode_large()


def decode_large() -> None:
    """A cluster of more outline than is held together; real ones are of square kilometres."""
    window, house = Window(0, 0, 64, 64), geoseg.Instance(np.ones((20, 20), np.bool_), 8, 8, 0.9)
    decoder = InstanceDecoder(64, 64, decode=replace(GROWN_BY_NOTHING, max_cluster_cracks=0))
    decoder.push([TileInstances(window, window, [house])])
    decoder.close()


def town(folder: Path) -> tuple[Path, Path]:
    """A piece of the photo, green once more as near infrared, and a surface where bright is high, metres."""
    with rasterio.open(PHOTO) as whole:
        image, profile = whole.read(window=PIECE), whole.profile
        profile |= {"width": PIECE.width, "height": PIECE.height, "photometric": "MINISBLACK"}
        profile["transform"] = whole.window_transform(PIECE)
    noise = np.random.default_rng(0).normal(0, 0.1, image.shape[1:])
    roofs = ndimage.uniform_filter((image.mean(axis=0) > BRIGHT).astype(np.float32), 5)
    high_m = (300 + 0.02 * np.arange(PIECE.width) + 6 * roofs + noise).astype(np.float32)
    photo, surface = folder / "photo.tif", folder / "surface.tif"
    for path, pixels in ((photo, image[[0, 1, 2, 1]]), (surface, high_m[None])):
        bands = {"count": len(pixels), "dtype": pixels.dtype, "compress": "deflate"}
        with rasterio.open(path, "w", **profile | bands) as file:
            file.write(pixels)
    return photo, surface


if __name__ == "__main__":
    main()
