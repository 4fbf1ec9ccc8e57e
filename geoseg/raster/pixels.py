"""Reading a raster's own numbers, and which of them are valid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterioWindow

from geoseg.errors import UnreachableRasterError, UnreadableRasterError
from geoseg.raster.remote import IF_KEPT, trouble
from geoseg.raster.services import refusal, shown
from geoseg.raster.source import Source
from geoseg.raster.stretch import Stretch
from geoseg.types import Window


def read_native(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    source: Source,
    window: Window,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Numbers (bands, height, width) and validity (height, width) in a window of the raster.

    A pixel is valid when all masks beside the bands admit it (alpha above 0, internal mask, .msk),
    when its chosen bands are not all nodata (a dark roof may well be 0 in one band), and when they
    are all finite.
    """
    pixels = read_bands(dataset, source, source.bands.distinct, window)
    valid = finite(pixels) & ~_all_nodata(pixels, source.nodata)
    if source.bands.alpha is not None:
        valid &= read_bands(dataset, source, [source.bands.alpha], window)[0] > 0
    if source.has_mask:
        valid &= _read_mask(dataset, source, window)
    return pixels, valid


def read_bands(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    source: Source,
    bands: Sequence[int],
    window: Window,
) -> NDArray[Any]:
    """Numbers (bands, height, width).

    Raises:
        UnreadableRasterError: A block cannot be read; the message names file and window.
    """
    try:
        return np.asarray(dataset.read(list(bands), window=_rasterio_window(window)))
    except RasterioError as error:
        raise unreadable(source, window, error) from _told(source, error)


def _read_mask(dataset: Any, source: Source, window: Window) -> NDArray[np.bool_]:  # noqa: ANN401
    try:
        mask = dataset.read_masks(source.bands.rgb[0], window=_rasterio_window(window))
    except RasterioError as error:
        raise unreadable(source, window, error) from _told(source, error)
    return np.asarray(mask) > 0


def _rasterio_window(window: Window) -> RasterioWindow:
    return RasterioWindow(window.col_off, window.row_off, window.width, window.height)


def unreadable(source: Source, window: Window, error: Exception) -> UnreadableRasterError:
    """The error for a window that cannot be read."""
    where = (
        f"{shown(source.path)}: rows {window.row_off} to {window.row_end - 1}, columns {window.col_off} to "
        f"{window.col_end - 1} cannot be read"
    )
    why = trouble(*source.files)
    if why is not None:
        return UnreachableRasterError(
            f"{where}: {why}; run again once it gives the file again, with a fresh address where a signed one "
            f"has expired, {IF_KEPT}"
        )
    reason = " ".join(str(error.__cause__ or error).split()).rstrip(".")
    refused = refusal(source.path, reason)
    if refused is not None:
        return UnreadableRasterError(
            f"{where}: {refused}; does its address, with its key if it asks for one, show pictures in a "
            "browser? Some services take few requests at a time: try again later, or a smaller area"
        )
    return UnreadableRasterError(f"{where} ({reason}); is the file truncated or damaged?")


def _told(source: Source, error: Exception) -> Exception | None:
    """The cause as far as it may be shown: GDAL's own words repeat an address."""
    return error if source.local else None


def finite(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """(height, width), True where all bands are numbers."""
    if pixels.dtype.kind != "f":
        return np.ones(pixels.shape[1:], dtype=np.bool_)
    return np.asarray(np.isfinite(pixels).all(axis=0))


def _all_nodata(pixels: NDArray[Any], nodata: Sequence[float | None]) -> NDArray[np.bool_]:
    """(height, width), True where every band holds its nodata value."""
    empty = np.ones(pixels.shape[1:], dtype=np.bool_)
    for band, value in zip(pixels, nodata, strict=True):
        if value is None or math.isnan(value):  # pixels that are not numbers are never valid
            return np.zeros_like(empty)
        empty &= band == value
    return empty


def to_rgb(pixels: NDArray[Any], source: Source, stretch: Stretch | None) -> NDArray[np.uint8]:
    """(3, height, width): stretched, and in the order red, green, blue."""
    distinct = source.bands.distinct
    image = pixels if stretch is None else stretch.apply(pixels)
    order = [distinct.index(band) for band in source.bands.rgb]
    return np.asarray(image if order == [0, 1, 2] else image[order], dtype=np.uint8)
