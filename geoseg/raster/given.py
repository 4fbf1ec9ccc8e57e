"""What users give as a raster: a path, an address, an open dataset, or several of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from geoseg.addresses.urls import is_local, unfolded
from geoseg.errors import UsageError
from geoseg.files.patterns import files_behind
from geoseg.keywords import require_utf8
from geoseg.raster.remote import opening
from geoseg.raster.services import is_service
from geoseg.raster.stac import picture_of

Raster: TypeAlias = str | os.PathLike[str] | DatasetReader
"""A file, VRT or address, or an open dataset of rasterio, which is opened anew by its name."""
RasterInput: TypeAlias = Raster | Sequence[Raster]
"""One raster, or several that form one mosaic."""
Nodata: TypeAlias = float | Sequence[float]
"""A number that is no image in all bands, or one for each of red, green and blue."""

ADVICE = "give the path of a file"


def raster_names(source: RasterInput) -> list[str]:
    """Names by which every reading thread can open the rasters.

    Patterns become what they match, STAC items their pictures.

    Raises:
        UsageError: something is no raster, has an empty name, is a dataset that cannot be opened by its name, or is named
            twice.
        UnreadableRasterError: nothing matches a pattern, or a STAC item has no picture.
    """
    several = isinstance(source, Sequence) and not isinstance(source, str | bytes)
    given: Sequence[Any] = source if several else [source]  # type: ignore[assignment]
    names = [picture_of(name) for one in given for name in _matches(_name(one))]
    require_utf8([Path(name).absolute() if is_local(name) else name for name in names])
    _refuse_twice(names)
    return names


def _matches(name: str) -> list[str]:
    return [name] if is_service(name) else files_behind(name)


def _refuse_twice(names: Sequence[str]) -> None:
    known: dict[str, str] = {}
    for name in names:
        place = str(Path(name).resolve()) if is_local(name) else name
        if place in known:
            also = "" if known[place] == name else f" (also as {known[place]})"
            raise UsageError(f"{name} is given twice{also}; name every raster once")
        known[place] = name


def several(nodata: Nodata | Sequence[Nodata] | None) -> tuple[Nodata, ...]:
    """None, one number or several as several."""
    if nodata is None:
        return ()
    return (nodata,) if isinstance(nodata, int | float) else tuple(nodata)


def _name(raster: Any) -> str:  # noqa: ANN401 - rasterio is untyped, and users give anything
    if isinstance(raster, str | os.PathLike):
        name = unfolded(raster)
        if not name.strip():
            raise UsageError("the name of a raster is empty; give a path or an address")
        if name.lstrip().startswith("<") and not is_service(name):
            raise UsageError("a text of XML is no name of a raster; write it to a .vrt file")
        return name
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
