"""How much decoded and warped imagery is kept, so that nothing is worked out twice nor for ever."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from weakref import finalize

from rasterio.env import get_gdal_config, getenv, set_gdal_config
from rasterio.errors import EnvError

from geoseg.raster.readers import WARP_BLOCK_PX
from geoseg.raster.source import Source
from geoseg.types import Grid

MEGABYTE = 1 << 20
GDAL_CACHE_MB = (32, 512)
"""Bounds of GDAL's cache of decoded blocks; what a striped file needs lies between them."""
TILED_CACHE_MB = 128
"""What tiled files get at most: to decode some of them twice is cheap."""
WARP_CACHE_MB = 384
"""What the cache of warped blocks gets at most."""
TILED_ROWS = 1024
"""Rows of tiled files to hold decoded: what two rows of tiles share, in whole blocks."""
STRIPED_ROWS = 1536
"""Rows of a striped file to hold decoded, so that tiles side by side need not decode it again."""
WARPED_ROWS = 2 * WARP_BLOCK_PX
"""Rows of warped blocks to hold, so that strips with a halo need not warp it again."""
WARPING_MB = 16
"""And room for blocks that are being read, a megabyte each."""
GDAL_CACHE_OPTION = "GDAL_CACHEMAX"


class CacheLimit:
    """GDAL's block cache bounded for the whole process, until nobody needs it.

    GDAL's own default is a twentieth of the machine's memory, whatever the raster. Nothing happens where
    the environment, or the caller by ``rasterio.Env``, sets it.
    """

    _lock = threading.RLock()
    _holders = 0
    _before = 0
    """Bytes that the cache had when the first of them came."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._end = None
        if not _is_set():
            self._one_more(gdal_cache_bytes(sources))
            self._end = finalize(self, self._one_less)
            self._end.atexit = False

    def close(self) -> None:
        """Need it no longer; so it is where nothing refers to this object any more, too."""
        if self._end is not None:
            self._end()

    @classmethod
    def _one_more(cls, size: int) -> None:
        with cls._lock:
            cls._holders += 1
            now = int(get_gdal_config(GDAL_CACHE_OPTION))
            if cls._holders == 1:
                cls._before, now = now, 0
            set_gdal_config(GDAL_CACHE_OPTION, max(now, size))

    @classmethod
    def _one_less(cls) -> None:
        with cls._lock:
            cls._holders -= 1
            if not cls._holders:
                set_gdal_config(GDAL_CACHE_OPTION, cls._before)


def _is_set() -> bool:
    with suppress(EnvError):
        return GDAL_CACHE_OPTION in os.environ or GDAL_CACHE_OPTION in getenv()
    return False


def gdal_cache_bytes(sources: Sequence[Source]) -> int:
    """Room for the decoded strips that one row of tiles needs, or for the blocks that two share."""
    striped = max((_row_bytes(source) for source in sources if source.striped), default=0)
    tiled = sum(_row_bytes(source) for source in sources if not source.striped)
    shared = min(tiled * TILED_ROWS, TILED_CACHE_MB * MEGABYTE)
    return _bounded(max(striped * STRIPED_ROWS, shared), GDAL_CACHE_MB)


def _row_bytes(source: Source) -> int:
    """Of all bands and the mask."""
    return source.width * (source.count + 1) * source.item_bytes


def warp_cache_bytes(grid: Grid) -> int:
    """Room for the warped blocks that two rows of tiles share, within bounds."""
    shared = grid.width * WARPED_ROWS * 4
    return min(shared + WARPING_MB * MEGABYTE, WARP_CACHE_MB * MEGABYTE)


def _bounded(size: int, bounds_mb: tuple[int, int]) -> int:
    return min(max(size, bounds_mb[0] * MEGABYTE), bounds_mb[1] * MEGABYTE)
