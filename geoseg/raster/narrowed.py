"""VRTs whose pixels hold less than those of their parts: GDAL cuts every larger value without a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from geoseg.addresses.urls import is_local
from geoseg.raster.remote import is_vrt
from geoseg.raster.vrt import name_in, path_in, root_of

_SCALED = ("LUT", "ScaleOffset", "ScaleRatio", "DstMin", "Exponent")
"""Elements of a source that bring its values into another range."""
_PLAIN = ("SimpleSource", "AveragedSource", "ComplexSource", "KernelFilteredSource")
_WARP = "GDALWarpOptions"


def narrowed(path: str) -> tuple[str, str] | None:
    """Types of a part of a local VRT and of the VRT, where the second cannot hold what the first can.

    Returns:
        Such as ("uint16", "uint8"); None where all values come through, or are scaled.
    """
    if not (is_local(path) and is_vrt(path)):
        return None
    root = root_of(path)
    for part, shown in () if root is None else dict.fromkeys(_types(root, path)):
        if part and _largest(part) > _largest(shown):
            return part, shown
    return None


def _types(root: ET.Element, vrt: str) -> Iterator[tuple[str, str]]:
    """Type of a part, empty where it cannot be told, and of the band that shows it."""
    held: dict[Path, str] = {}
    warped = root.find(f"{_WARP}/SourceDataset")
    for band in root.findall("VRTRasterBand"):  # not those of masks
        shown = _name(band.get("dataType", "Byte"))
        if warped is not None:
            yield _type_of_file(warped, vrt, held), shown
        elif band.get("subClass") is None:
            for source in band:
                if source.tag in _PLAIN and all(source.find(tag) is None for tag in _SCALED):
                    yield _type_of_source(source, vrt, held), shown


def _type_of_source(source: ET.Element, vrt: str, held: dict[Path, str]) -> str:
    told = source.find("SourceProperties")
    if told is not None and told.get("DataType"):
        return _name(told.get("DataType", ""))
    file = source.find("SourceFilename")
    return "" if file is None else _type_of_file(file, vrt, held)


def _type_of_file(element: ET.Element, vrt: str, held: dict[Path, str]) -> str:
    """The same of a file on this machine, opened where it is not among those ``held``."""
    name = name_in(element)
    if not name or not is_local(name):
        return ""
    path = path_in(element, vrt)
    if path not in held:
        held[path] = ""
        with suppress(RasterioError), rasterio.open(path) as dataset:
            held[path] = str(dataset.dtypes[0])
    return held[path]


def _name(gdal: str) -> str:
    """A type as numpy calls it."""
    return "uint8" if gdal == "Byte" else gdal.lower()


def _largest(kind: str) -> float:
    """The largest value of a type; of one that is no number, that of all."""
    try:
        dtype = np.dtype(kind)
    except TypeError:
        return np.inf
    return float(np.iinfo(dtype).max if dtype.kind in "iu" else np.inf)
