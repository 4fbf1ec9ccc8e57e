"""How much decoded imagery is kept for rasters of some sizes and layouts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from geoseg.raster.memory import MEGABYTE, gdal_cache_bytes


def source(width: int, *, striped: bool = False, count: int = 3, item_bytes: int = 1) -> Any:
    return SimpleNamespace(width=width, striped=striped, count=count, item_bytes=item_bytes)


@pytest.mark.parametrize(
    ("sources", "megabytes"),
    [
        ([], 64),
        ([source(4096)], 64),
        ([source(24 * 1024)], 96),  # 1,024 rows of four bytes
        ([source(8 * 1024)] * 3, 96),
        ([source(100_000)], 128),
        ([source(16 * 1024, striped=True)], 96),  # 1,536 rows
        ([source(16 * 1024, striped=True), source(100_000)], 128),
        ([source(16 * 1024, striped=True, count=7, item_bytes=2)], 384),
        ([source(200_000, striped=True)], 512),
    ],
)
def test_room_for_what_rows_of_tiles_share(sources: list[Any], megabytes: int) -> None:
    assert gdal_cache_bytes(sources) == megabytes * MEGABYTE
