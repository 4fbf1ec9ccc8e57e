"""A small picture of the orthophoto for the page's map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT

from geoseg.addresses.urls import unfolded
from geoseg.earth.warping import as_gdal_wants_it
from geoseg.errors import UnreadableRasterError, UnsupportedRasterError
from geoseg.pages.picture import jpeg_url
from geoseg.raster.bands import RGB_COUNT, choose_bands
from geoseg.raster.spectrum import band_signs

LONGEST_PX = 1200
"""Pixels along the longer side."""
BACKGROUND = 250
"""Grey where the photo has no data: that of the map."""


def read_photo(
    path: Path | Sequence[Path],
    crs: CRS,
    bounds: tuple[float, float, float, float],
    shape: tuple[int, int],
    *,
    longest_px: int = LONGEST_PX,
) -> str:
    """The part of rasters within ``bounds`` as a small JPEG in a data URL.

    Args:
        path: Any raster that GDAL reads, or several: later ones lie on top.
        crs: CRS of the bounds and of the picture.
        bounds: Left, bottom, right, top.
        shape: (height, width) of the bounds in any unit of length, for the picture's shape.
        longest_px: Pixels along the longer side.

    Raises:
        UnreadableRasterError: when a file cannot be opened or read.
        UnsupportedRasterError: when it has no CRS, or no bands that are red, green and blue, or grey.
        UnsupportedRasterError: when one has no CRS.
    """
    scale = longest_px / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape)
    left, bottom, right, top = bounds
    place = Affine((right - left) / width, 0, left, 0, (bottom - top) / height, top)
    image = np.full((RGB_COUNT, height, width), BACKGROUND, dtype=np.uint8)
    for one in [path] if isinstance(path, Path) else path:
        pixels, valid = _read(one, crs, place, (height, width))
        image = np.where(valid, _to_bytes(pixels, valid), image)
    return jpeg_url(image)


def _read(
    path: Path, crs: CRS, place: Affine, size: tuple[int, int]
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Colours of a raster on a grid, and where it has any."""
    height, width = size
    try:
        with rasterio.open(unfolded(path)) as source:
            if source.crs is None:
                raise UnsupportedRasterError(f"{path} has no CRS, so it cannot lie on the map")
            bands = choose_bands(str(path), source.colorinterp, None, band_signs(source))
            view = WarpedVRT(
                source, **_place_of(source), crs=crs.to_wkt(), width=width, height=height,
                transform=place, resampling=Resampling.average,
                # Without alpha what lies beyond the raster would be black.
                add_alpha=ColorInterp.alpha not in source.colorinterp,
            )  # fmt: skip
            with view:
                return view.read(list(bands.rgb)), view.dataset_mask() > 0
    except (RasterioError, CRSError) as error:
        raise UnreadableRasterError(f"{path} cannot be read as a raster ({error})") from None


def _place_of(source: Any) -> dict[str, Any]:  # noqa: ANN401  # rasterio is untyped
    """Where a raster lies, in the words of a warp."""
    size = {"width": source.width, "height": source.height}
    own = CRS.from_wkt(source.crs.to_wkt())
    crs, transform = as_gdal_wants_it(own, source.transform, **size)
    moved = {} if transform == source.transform else {"src_transform": transform}
    return {"src_crs": crs, **moved}


def _to_bytes(pixels: NDArray[np.generic], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The pixels, or where they are no bytes, their 2nd to 98th percentile as 0 to 255."""
    if pixels.dtype == np.uint8 or not valid.any():
        return pixels.astype(np.uint8)
    low, high = np.percentile(pixels[:, valid].astype(float), (2, 98))
    stretched = (pixels.astype(float) - low) / max(high - low, 1e-9) * 255
    bytes_: NDArray[np.uint8] = np.clip(stretched, 0, 255).astype(np.uint8)
    return bytes_
