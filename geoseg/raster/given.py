"""What users give as a raster: a path, an address, an open dataset, or several of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from geoseg.errors import UsageError
from geoseg.raster.remote import opening

Raster: TypeAlias = str | os.PathLike[str] | DatasetReader
"""A file, VRT or address, or an open dataset of rasterio, which is opened anew by its name."""
RasterInput: TypeAlias = Raster | Sequence[Raster]
"""One raster, or several that form one mosaic."""
Nodata: TypeAlias = float | Sequence[float]
"""A number that is no image in all bands, or one for each of red, green and blue."""

ADVICE = "give the path of a file"


def raster_names(source: RasterInput) -> list[str]:
    """Names by which every reading thread can open the rasters.

    Raises:
        UsageError: something is no raster, or is a dataset that cannot be opened by its name.
    """
    if isinstance(source, Sequence) and not isinstance(source, str):
        return [_name(one) for one in source]
    return [_name(source)]


def several(nodata: Nodata | Sequence[Nodata] | None) -> tuple[Nodata, ...]:
    """None, one number or several as several."""
    if nodata is None:
        return ()
    return (nodata,) if isinstance(nodata, int | float) else tuple(nodata)


def _name(raster: Any) -> str:  # noqa: ANN401 - rasterio is untyped, and users give anything
    if isinstance(raster, str | os.PathLike):
        return str(os.fspath(raster))
    if isinstance(raster, WarpedVRT):
        raise UsageError(
            "a WarpedVRT lives in this process alone and cannot be opened by its name; give the path "
            "of the raster that it warps (geoseg resamples by itself), or of a VRT file"
        )
    if isinstance(raster, rasterio.DatasetBase):
        return _name_of_dataset(raster)
    raise UsageError(
        f"a {type(raster).__name__} is no raster; {ADVICE}, an address, an open rasterio dataset, or "
        "a list of them"
    )


def _name_of_dataset(dataset: Any) -> str:  # noqa: ANN401
    name = str(dataset.name)
    if dataset.closed:
        raise UsageError(f"the dataset {name!r} is closed; {ADVICE} or an open one")
    if dataset.mode != "r":
        raise UsageError(
            f"the dataset {name!r} is open for writing, so its pixels may not be in the file yet; "
            f"close it and {ADVICE}"
        )
    if not _opens_as(name, dataset):
        raise UsageError(
            f"the dataset {name!r} cannot be opened by its name: it lies in memory, or was opened "
            f"with options; write it to a file and {ADVICE}"
        )
    return name


def _opens_as(name: str, dataset: Any) -> bool:  # noqa: ANN401
    try:
        with opening(name), rasterio.open(name) as again:
            return bool(again.profile == dataset.profile)
    except RasterioError:
        return False
