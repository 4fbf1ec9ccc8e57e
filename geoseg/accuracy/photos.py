"""Pictures of the ground: from rasters, or from the images of packed scenes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from pyproj import CRS
from rasterio.errors import RasterioError
from scipy import ndimage

from geoseg.accuracy.site import Bounds
from geoseg.addresses.urls import unfolded
from geoseg.earth.transforms import way
from geoseg.errors import UnreadableRasterError, UnsupportedRasterError
from geoseg.pages.picture import jpeg_url
from geoseg.raster.photo import BACKGROUND, read_photo
from geoseg.raster.source import crs_of


@dataclass(frozen=True, slots=True)
class RasterPhoto:
    """Rasters on whose ground a site lies."""

    paths: tuple[Path, ...]
    """The rasters; where they overlap the later one is shown."""
    plane: CRS
    """CRS of the site."""

    def crop(self, bounds: Bounds, side_px: int) -> str | None:
        """A square of the ground as a JPEG in a data URL; None where no raster shows it."""
        square = shapely.box(*bounds)
        near = [
            path
            for path in self.paths
            if shapely.intersects(square, shapely.box(*_bounds_on(path, self.plane)))
        ]
        return read_photo(near, self.plane, bounds, (1, 1), longest_px=side_px) if near else None


@dataclass(frozen=True, slots=True)
class ScenePhoto:
    """The image of a packed scene; its upper left corner is (0, 0) on the plane."""

    path: Path
    """The scene's file."""

    def crop(self, bounds: Bounds, side_px: int) -> str | None:
        """A square of the ground as a JPEG in a data URL."""
        from geoseg.scenes.scene import load_scene

        scene = load_scene(self.path)
        left, _, right, top = (bound / scene.gsd_m for bound in bounds)
        step = (right - left) / side_px
        # The first pixel's centre of the picture, in pixels of the image.
        row, col = -top + step / 2 - 0.5, left + step / 2 - 0.5
        bands = [
            ndimage.affine_transform(
                band, (step, step), (row, col), (side_px, side_px), order=1, cval=BACKGROUND
            )
            for band in np.moveaxis(scene.image, 2, 0)
        ]
        return jpeg_url(np.stack(bands))


def check_rasters(paths: tuple[Path, ...]) -> None:
    """Find out before any work whether the rasters can be shown.

    Raises:
        UnreadableRasterError: a file cannot be opened.
        UnsupportedRasterError: a file has no CRS.
    """
    for path in paths:
        _bounds_on(path, None)


def _bounds_on(path: Path, plane: CRS | None) -> Bounds:
    try:
        with rasterio.open(unfolded(path)) as raster:
            crs, bounds = raster.crs, tuple(raster.bounds)
    except RasterioError as error:
        raise UnreadableRasterError(f"{path} cannot be read as a raster ({error})") from None
    if crs is None:
        raise UnsupportedRasterError(f"{path} has no CRS, so nothing can be cut out of it")
    if plane is None:
        return bounds
    transformer = way(crs_of(str(path), crs), plane)
    left, bottom, right, top = transformer.transform_bounds(*bounds)
    return left, bottom, right, top
