"""Calls every compiled loop for all types that runs call it for: ``python packaging/every_loop.py FOLDER``.

Runs over the example's photo, over a rendered town with a surface, and by a model that finds separate masks.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from scipy import ndimage

import geoseg
from geoseg.stitch import InstanceDecoder, TileInstances
from geoseg.stitch.decoder import GROWN_BY_NOTHING
from geoseg.train.synthetic import render_surface
from geoseg.types import Window

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
CRS = "EPSG:32632"


class Bright:
    """Finds what is bright, as separate masks: a stand-in for a network that does."""

    gsd_m = None
    version = "1"

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[geoseg.Instance]]:
        """(n, 3, rows, columns) bytes to what is bright in each."""
        return [list(self._parts(image.mean(axis=0) > 150)) for image in images]  # noqa: PLR2004

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
    """A rendered photo, green once more as near infrared, and its surface, metres."""
    scene, height_m = render_surface("suburb", 3, seed=11, side_px=640)
    photo, surface = folder / "photo.tif", folder / "surface.tif"
    image = np.moveaxis(scene.image[..., [0, 1, 2, 1]], -1, 0)
    bands = {photo: image, surface: height_m.astype(np.float32)[None]}
    for path, pixels in bands.items():
        count, height, width = pixels.shape
        with rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, crs=CRS,
            dtype=pixels.dtype, alpha="unspecified", transform=from_origin(500_000, 5_400_000, scene.gsd_m, scene.gsd_m),
        ) as file:  # fmt: skip
            file.write(pixels)
    return photo, surface


if __name__ == "__main__":
    main()
