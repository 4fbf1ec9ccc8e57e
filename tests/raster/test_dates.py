"""Dates that rasters state."""

from __future__ import annotations

from typing import Any

import pytest
import rasterio
from conftest import RasterMaker, draw_scene, transform_at
from painted import PaintedModel, paint_town

import geoseg
from geoseg.errors import UsageError
from geoseg.raster.dates import day_taken
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


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ({"EXIF_DateTimeOriginal": "2019:05:04 10:11:12"}, "2019-05-04"),
        ({"ACQUISITIONDATETIME": "2021-12-31T23:59:59Z"}, "2021-12-31"),
        ({"NITF_IDATIM": "20180102030405"}, "2018-01-02"),
        ({"TIFFTAG_DATETIME": "2024:01:01 00:00:00", "DATE_ACQUIRED": "2023-07-08"}, "2023-07-08"),
        ({"TIFFTAG_DATETIME": "2024:01:01 00:00:00"}, None),
        ({"EXIF_DateTimeOriginal": "0000:00:00 00:00:00"}, None),
        ({"ACQUISITION_DATE": "in spring"}, None),
        ({}, None),
    ],
)
def test_the_day_is_that_of_the_photo_and_not_of_its_processing(
    dates: dict[str, str], day: str | None
) -> None:
    assert day_taken(dates) == day


def test_the_day_is_a_column_of_the_buildings(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", paint_town(60, 60)[0])
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ACQUISITIONDATETIME="2021-12-31T23:59:59Z")
    other = make_raster("b.tif", paint_town(60, 60)[0], transform=transform_at(col=64))
    found = geoseg.predict([path, other], model=PaintedModel())
    told = found["image_date"].astype(object).where(found["image_date"].notna(), None)
    days = dict(zip(found["source"], told, strict=True))
    assert days == {"a.tif": "2021-12-31", "b.tif": None}
    found = geoseg.predict([path, other], model=PaintedModel(), date="2024-05-17")
    assert set(found["image_date"]) == {"2024-05-17"}
    assert found.attrs["geoseg"]["parameters"]["date"] == "2024-05-17"
    with pytest.raises(UsageError, match=r"--date: give a day as year-month-day"):
        geoseg.predict(path, model=PaintedModel(), date="May 2024")
