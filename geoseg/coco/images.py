"""The rasters that COCO calls images."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio
from affine import Affine
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from geoseg.addresses.secrets import without_secrets
from geoseg.addresses.urls import unfolded
from geoseg.coco.document import Document, Key, Listed
from geoseg.errors import (
    DatasetError,
    UnreadableRasterError,
    UnsupportedRasterError,
    UsageError,
)
from geoseg.files.matching import Matches, match_files, unique_names
from geoseg.raster.source import crs_of


@dataclass(frozen=True, slots=True)
class Image:
    """Size and place of a raster."""

    path: str
    """The file or address."""
    name: str
    """Its own among the rasters: that of the file, with as many folders as tell it apart."""
    height: int
    """Rows, pixels."""
    width: int
    """Columns, pixels."""
    transform: Affine
    """(column, row) of pixel corners to (x, y)."""
    crs: CRS
    """CRS of ``transform``."""

    def entry(self, number: int) -> dict[str, Any]:
        """Its record in a COCO file."""
        return {
            "id": number,
            "file_name": self.name,
            "width": self.width,
            "height": self.height,
        }


def read_images(rasters: str | Path | Sequence[str | Path]) -> list[Image]:
    """Size and place of one raster or several; no pixel is read.

    Raises:
        UsageError: none is given.
        UnreadableRasterError: one cannot be opened.
        UnsupportedRasterError: one has no place on the ground.
    """
    given = [rasters] if isinstance(rasters, (str, Path)) else list(rasters)
    paths = [unfolded(path) for path in given]
    if not paths:
        raise UsageError("COCO counts in the pixels of images; name their rasters with --raster")
    names = unique_names([without_secrets(_absolute(path)) for path in paths])
    return [_read_image(path, name) for path, name in zip(paths, names, strict=True)]


def require_once(images: Sequence[Image]) -> None:
    """Refuse a raster that is given twice.

    Raises:
        UsageError: One is.
    """
    seen: set[str] = set()
    for image in images:
        place = _absolute(image.path)
        if place in seen:
            raise UsageError(f"{image.path} is given twice; name every raster once")
        seen.add(place)


def _absolute(path: str) -> str:
    """Addresses and GDAL's virtual files as they are."""
    return (
        path
        if "://" in path or path.startswith("/vsi")
        else os.path.normpath(Path(path).absolute())
    )


def _read_image(path: str, name: str) -> Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
        with dataset:
            if dataset.crs is None:
                way = (
                    "its place is given by control points alone; warp it with gdalwarp"
                    if dataset.gcps[1] is not None
                    else "assign one with gdal_edit.py"
                )
                raise UnsupportedRasterError(f"{path} has no CRS, so pixels have no place; {way}")
            if dataset.transform == Affine.identity():
                raise UnsupportedRasterError(
                    f"{path} has a CRS but no corner and pixel size, so its pixels have no place; "
                    "assign them with gdal_edit.py -a_ullr"
                )
            crs = crs_of(str(path), dataset.crs)
            return Image(path, name, dataset.height, dataset.width, dataset.transform, crs)
    except RasterioIOError as error:
        raise UnreadableRasterError(f"{path} cannot be opened as a raster: {error}") from error


def find_rasters(document: Document, rasters: Sequence[str]) -> tuple[dict[Key, int], int]:
    """The raster of every listed image that is there, and how many have another name there.

    Args:
        document: What lists the images.
        rasters: Paths or addresses.

    Returns:
        The number of the raster by the image's id; images that are not there are left out.

    Raises:
        DatasetError: An image fits several rasters, or several images fit one.
    """
    listed = document.images
    if len(listed) == len(rasters) == 1:
        return {listed[0].key: 0}, 0
    places = [_absolute(raster) for raster in rasters]
    matches = match_files([image.file_name for image in listed], places)
    _require_clear(matches, listed, places, document)
    files = dict(matches.files)
    renamed = len(matches.renamed)
    lost = [n for n, image in enumerate(listed) if n not in files and image.original]
    if lost:
        free = [n for n in range(len(places)) if n not in set(files.values())]
        again = match_files([listed[n].original or "" for n in lost], [places[n] for n in free])
        files |= {lost[name]: free[file] for name, file in again.files.items()}
        renamed += len(again.files)
    return {listed[name].key: file for name, file in files.items()}, renamed


def _require_clear(
    matches: Matches, listed: Sequence[Listed], places: Sequence[str], document: Document
) -> None:
    for file, names in matches.shared.items():
        first = listed[names[0]].file_name
        name = unique_names([places[file]])[0]
        raise DatasetError(
            f"{document.path.name} lists several images of the name {name} "
            f"({', '.join(listed[one].file_name for one in names[:3])}), and {first} is there once; "
            "give every image a name of its own, or write the folders that tell them apart"
        )
    for number, files in matches.ambiguous.items():
        ends = unique_names([places[file] for file in files])
        if len(set(ends)) == 1:
            raise DatasetError(f"{ends[0]} is given twice; name every raster once, with --raster")
        raise DatasetError(
            f"{document.path.name} lists {listed[number].file_name}, which may be "
            f"{' or '.join(ends[:3])}; write the folders that tell them apart into its file_name"
        )


def require_sizes(document: Document, found: Mapping[Key, int], images: Sequence[Image]) -> None:
    """Refuse images that have another size than the file says.

    Raises:
        UsageError: One has.
    """
    for entry in document.images:
        image = images[found[entry.key]] if entry.key in found else None
        if image and (entry.height, entry.width) != (image.height, image.width):
            raise UsageError(
                f"{entry.file_name} has {entry.height} x {entry.width} pixels in {document.path}, "
                f"the raster {image.path} has {image.height} x {image.width}; annotate the raster "
                "itself, or bring both to one size"
            )
