"""Calls every compiled loop for all types that runs call it for: ``python packaging/every_loop.py FOLDER``.

Runs over the example's photo, over a rendered town with a surface, and by a model that finds separate masks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from scipy import ndimage

import geoseg
from geoseg.train.synthetic import render_surface

PHOTO = Path(__file__).parents[1] / "examples" / "banepa.tif"
CRS = "EPSG:32632"


class Bright:
    """Finds what is bright, as separate masks: a stand-in for a network that does."""

    gsd_m = None

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
    geoseg.predict(photo, folder / "high.gpkg", dsm=surface)
    geoseg.predict(photo, folder / "masks.gpkg", model=Bright(), tile_px=512)


def town(folder: Path) -> tuple[Path, Path]:
    """A rendered photo and its surface, metres."""
    scene, height_m = render_surface("suburb", 3, seed=11, side_px=640)
    photo, surface = folder / "photo.tif", folder / "surface.tif"
    bands = {photo: np.moveaxis(scene.image, -1, 0), surface: height_m.astype(np.float32)[None]}
    for path, pixels in bands.items():
        count, height, width = pixels.shape
        with rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, crs=CRS,
            dtype=pixels.dtype, transform=from_origin(500_000, 5_400_000, scene.gsd_m, scene.gsd_m),
        ) as file:  # fmt: skip
            file.write(pixels)
    return photo, surface


if __name__ == "__main__":
    main()
