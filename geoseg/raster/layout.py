"""How a raster's pixels lie on disk, as far as it decides how to read them."""

from __future__ import annotations

from geoseg.errors import UnreadableRasterError
from geoseg.raster.identity import is_derived
from geoseg.raster.source import Source, open_dataset

WIDE_PX = 16_384
"""Rows of files this wide, as many as a row of tiles needs, no longer fit into GDAL's cache."""


def lies_in_rows(source: Source) -> bool:
    """Whether a part of a row costs as much to read as all of it.

    True of a raster in strips, and of a VRT of wide ones: its own blocks say nothing. Its first
    file speaks for the others.
    """
    return source.striped or any(_is_wide_and_striped(file) for file in _parts(source)[:1])


def _parts(source: Source) -> list[str]:
    """The rasters that a VRT consists of."""
    if not source.path.lower().endswith(".vrt"):
        return []
    return [file for file in source.files if file != source.path and not is_derived(file)]


def _is_wide_and_striped(path: str) -> bool:
    try:
        with open_dataset(path) as dataset:
            height, width = dataset.block_shapes[0]
            return bool(width >= dataset.width >= WIDE_PX and height < dataset.height)
    except UnreadableRasterError:  # no raster, such as a cutline; or reading will tell
        return False
