"""Dates that rasters state."""

from __future__ import annotations

from typing import Any

import rasterio
from conftest import draw_scene

from geoseg.raster.source import inspect


def test_dates_are_told_under_the_name_of_their_tag(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(30, 40))
    assert dict(inspect(str(path)).dates) == {}
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(TIFFTAG_DATETIME="2019:05:04 10:11:12", TIFFTAG_ARTIST="me")
        dataset.update_tags(ns="IMAGERY", ACQUISITIONDATETIME=" 2018-01-02 03:04:05 " + "x" * 99)
    dates = dict(inspect(str(path)).dates)
    assert dates.pop("IMAGERY.ACQUISITIONDATETIME").startswith("2018-01-02 03:04:05 x")
    assert dates == {"TIFFTAG_DATETIME": "2019:05:04 10:11:12"}
