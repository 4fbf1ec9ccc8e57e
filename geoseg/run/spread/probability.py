"""Stored maps as a raster of probabilities for people: a cloud-optimised GeoTIFF."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window as RasterWindow

from geoseg.errors import MapsError
from geoseg.files.atomic import output_errors, put_in_place, scratch_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.run.spread.folder import StoredMaps

NODATA = 255
"""Where nothing was seen."""
TOP = 254
"""The level of a probability of 1."""
BLOCK_PX = 512
"""Side of the blocks of the file."""
MEANING = {
    "body": "probability of a building",
    "contact": "probability of a gap between close buildings",
    "edge": "probability of the outer part of a building",
}


def write_probability(stored: StoredMaps, output: Path) -> int:
    """Write all maps, one band each, 0..254 for 0..1.

    Returns:
        How many tiles hold something.

    Raises:
        MapsError: A file is damaged, or tiles are missing.
        OutputError: It cannot be written.
    """
    _require_all(stored)
    identity = stored.identity
    profile = {
        "driver": "GTiff", "dtype": "uint8", "nodata": NODATA, "count": len(identity.heads),
        "height": identity.mosaic.shape[0], "width": identity.mosaic.shape[1],
        "crs": identity.mosaic.crs, "transform": Affine(*identity.mosaic.transform),
        "tiled": True, "blockxsize": BLOCK_PX, "blockysize": BLOCK_PX, "compress": "lzw",
        "BIGTIFF": "IF_SAFER", "SPARSE_OK": True,
    }  # fmt: skip
    with output_errors(output), scratch_folder(output) as scratch:
        plain, cloud = scratch / "plain.tif", scratch / "cloud.tif"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            tiles = _write_plain(stored, plain, profile)
            copy_raster(
                plain, cloud, driver="COG", COMPRESS="DEFLATE", BLOCKSIZE=BLOCK_PX,
                OVERVIEW_RESAMPLING="AVERAGE", BIGTIFF="IF_SAFER",
            )  # fmt: skip
        put_in_place(cloud, output)
    return tiles


def _write_plain(stored: StoredMaps, path: Path, profile: dict[str, Any]) -> int:
    identity, tiles = stored.identity, 0
    with rasterio.open(path, "w", **profile) as raster:
        for band, head in enumerate(identity.heads, 1):
            raster.set_band_description(band, f"{head}: {MEANING.get(head, 'probability')}")
        raster.scales = (1 / TOP,) * len(identity.heads)
        raster.update_tags(
            GEOSEG_MODEL=identity.name, GEOSEG_MODEL_SHA256=identity.model.sha256,
            GEOSEG_VERSION=identity.version,
        )  # fmt: skip
        for _, files in sorted(stored.rows.items()):
            for core, valid, maps in (tile for file in files for tile in file.tiles()):
                window = RasterWindow(core.col_off, core.row_off, core.width, core.height)
                levels = shown(maps.whole(), valid.whole())
                raster.write(levels, window=window)
                tiles += 1
    return tiles


def shown(maps: NDArray[np.uint8], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Levels 0..255 of (heads, rows, columns) as 0..254, and NODATA where not valid."""
    levels = (maps.astype(np.uint16) * TOP + 127) // 255
    found: NDArray[np.uint8] = np.where(valid, levels, NODATA).astype(np.uint8)
    return found


def _require_all(stored: StoredMaps) -> None:
    core = stored.identity.lattice[0]
    height, width = stored.identity.mosaic.shape
    there = {core for files in stored.rows.values() for file in files for core in file.header.cores}
    wanted = -(-height // core) * -(-width // core)
    if len(there) < wanted:
        raise MapsError(
            f"{wanted - len(there)} of {wanted} tiles are missing in {stored.folder}; store all parts first"
        )
