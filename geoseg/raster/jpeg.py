"""Whether this GDAL decodes JPEG as the one did that the built-in model was tuned with.

GDAL's builds carry different JPEG libraries, and those spread and round the colours differently, so one
file has other pixels in one installation than in another. A tiny file tells which kind this is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from geoseg.raster.source import GDAL_ERRORS, Source, open_dataset

PROBE = Path(__file__).with_name("jpeg_probe.tif")
"""Patches and noise in red, green and blue, 48 x 48 px, as JPEG of quality 75 with halved colours."""
KNOWN_SHA256 = "ec486e78bc1d0db03a0bc2c7ebc4f51024cd4f38e40cde24b353c6f823c8d233"
"""Of its bytes (3, 48, 48), as GDAL 3.10.3 of rasterio 1.4.4 decodes them, the tuning's."""
COMPRESSIONS = ("JPEG", "YCbCr JPEG")
"""As GDAL names them; JPEG 2000 is another thing."""


def jpeg_warnings(sources: Sequence[Source]) -> list[str]:
    """One sentence where a raster is stored as JPEG and this decoder is another; mostly none.

    Rasters within a VRT or a service are not looked at.
    """
    names = [source.name for source in sources if _is_jpeg(source)]
    if not names or decodes_as_tuned():
        return []
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    here = rasterio.__gdal_version__
    return [
        (
            f"{names[0]}{others}: stored as JPEG, which GDAL {here} decodes to slightly other pixels here than "
            "the GDAL that the built-in model was tuned with (3.10.3 of rasterio 1.4.4), so a few percent of the "
            "buildings differ; for the same ones everywhere use one rasterio, or store the photo without loss"
        )
    ]


@cache
def decodes_as_tuned() -> bool:
    """Whether the probe comes out as it did then; not where it cannot be read at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with MemoryFile(PROBE.read_bytes()) as memory, memory.open() as probe:
                return sha256(probe.read().tobytes()).hexdigest() == KNOWN_SHA256
        except GDAL_ERRORS:
            return False


def _is_jpeg(source: Source) -> bool:
    with open_dataset(source.path) as dataset:
        return dataset.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION") in COMPRESSIONS
