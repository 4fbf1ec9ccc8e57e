"""Areas of interest as users give them, and what identifies them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.tiles.given import GivenArea

SQUARE = shapely.box(0, 0, 4, 4)
OTHER = shapely.box(9, 9, 12, 12)


def sha256(area: Any) -> str:
    given = GivenArea.of(area)
    assert given is not None
    return given.record.sha256


def test_one_area_in_every_form_has_one_identity() -> None:
    backwards = shapely.Polygon([(4, 4), (0, 4), (0, 0), (4, 0)])
    forms = [SQUARE, backwards, shapely.force_3d(SQUARE, 7), (0, 0, 4, 4), np.array([0, 0, 4, 4])]
    assert len({sha256(form) for form in forms}) == 1
    assert sha256(OTHER) != sha256(SQUARE)


def test_order_and_missing_rows_of_a_table_do_not_count_but_its_crs_does() -> None:
    table = gpd.GeoDataFrame(geometry=[SQUARE, None, OTHER], crs=32645)
    other = gpd.GeoSeries([OTHER, SQUARE], crs=32645)
    assert sha256(table) == sha256(other)
    assert sha256(other) != sha256(other.set_crs(32646, allow_override=True))


def test_a_file_is_known_by_path_layer_and_content(tmp_path: Path) -> None:
    path = tmp_path / "area.gpkg"
    for layer, shape in (("one", SQUARE), ("two", OTHER)):
        gpd.GeoSeries([shape], crs=32645).to_file(path, layer=layer)
    with pytest.raises(UnreadableVectorError, match="several polygon layers"):
        GivenArea.of(path)
    given = GivenArea.of(path, "two")
    assert given is not None
    assert (given.record.path, given.record.layer) == (str(path), "two")
    assert given.record.bounds == (9, 9, 12, 12)
    assert given.record.sha256 == sha256(gpd.GeoSeries([OTHER], crs=32645))


def test_no_area() -> None:
    assert GivenArea.of(None) is None


@pytest.mark.parametrize(
    ("area", "error", "message"),
    [
        ((0, 0, 4), UsageError, "bounds"),
        ((4, 0, 0, 4), UsageError, "the lower ones first"),
        ((0, 0, float("nan"), 4), UsageError, "bounds"),
        (5, UsageError, "got a int"),
        (gpd.GeoSeries([SQUARE]), UnreadableVectorError, "set_crs"),
        (gpd.GeoSeries([], crs=32645), UnreadableVectorError, "is empty"),
        (shapely.Polygon(), UnreadableVectorError, "is empty"),
        (Path("absent.gpkg"), UnreadableVectorError, "no such file"),
    ],
    ids=str,
)
def test_what_is_no_area(area: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        GivenArea.of(area)


@pytest.mark.parametrize("area", [None, SQUARE, (0, 0, 4, 4), gpd.GeoSeries([SQUARE], crs=32645)])
def test_a_layer_needs_a_file(area: Any) -> None:
    with pytest.raises(UsageError, match="one"):
        GivenArea.of(area, "one")


@pytest.mark.parametrize(
    "text",
    ["-5,0,4,4.5", " -5.0, 0, 4, 4.5", "-5,0,4,4.5,4326", "-5,0,4,4.5,EPSG:4326", "-.5e1,0,4,4.5,"],
)
def test_bounds_as_a_text(text: str) -> None:
    given = GivenArea.of(text)
    assert given is not None
    assert given.record.bounds == (-5, 0, 4, 4.5)
    assert given.record.path is None
    assert given.record.crs == ("EPSG:4326" if "4326" in text else None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3", "bounds are minx,miny,maxx,maxy"),
        ("4,4,0,0", "the lower ones first"),
        ("0,0,4,4,99999999", "there is no CRS 'EPSG:99999999'|there is no CRS '99999999'"),
        ("0,0,4,4,7,8", "there is no such file"),
        ("1,2.gpkg", "there is no such file"),
    ],
)
def test_texts_that_are_no_bounds(text: str, message: str) -> None:
    with pytest.raises((UsageError, UnreadableVectorError), match=message):
        GivenArea.of(text)


def test_bounds_in_another_crs_are_those_of_a_table() -> None:
    table = gpd.GeoSeries([SQUARE], crs=32645)
    assert sha256("0,0,4,4,32645") == sha256((0, 0, 4, 4, 32645)) == sha256(table)
