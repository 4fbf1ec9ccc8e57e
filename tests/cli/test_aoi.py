"""--aoi as bounds, the same in every verb that has it."""

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from commands import invoke
from conftest import RasterMaker, transform_at
from painted import PaintedModel, paint_town

import geoseg

HOUSES = [shapely.box(-20 + 10 * i, -20, -15 + 10 * i, -15) for i in range(5)]


def aoi(form: str, bounds: str) -> list[str]:
    return [f"--aoi={bounds}"] if form == "=" else ["--aoi", bounds]


@pytest.mark.parametrize("form", ["=", " "])
@pytest.mark.parametrize("bounds", ["-21,-30,1,0", "-21,-30,1,0,32645"])
def test_evaluate_in_bounds_that_begin_below_zero(tmp_path: Path, form: str, bounds: str) -> None:
    path = tmp_path / "houses.gpkg"
    gpd.GeoDataFrame(geometry=HOUSES, crs=32645).to_file(path)
    done = invoke("evaluate", path, path, *aoi(form, bounds), "--json")
    assert done.exception is None, done.output
    (row,) = json.loads(done.stdout)["places"]
    assert row["true"] == 2


@pytest.mark.parametrize("form", ["=", " "])
def test_predict_in_bounds_that_begin_below_zero(make_raster: RasterMaker, form: str) -> None:
    path = make_raster(
        "a.tif",
        paint_town(120, 150)[0],
        crs="EPSG:3857",
        transform=transform_at(0.3, left=-30, top=20),
    )
    whole = geoseg.predict(path, model=PaintedModel())
    inside = whole[whole.representative_point().x < 0]
    assert 0 < len(inside) < len(whole)
    out = make_raster.folder / "b.gpkg"
    done = invoke(
        "predict",
        path,
        out,
        "--model",
        "painted:PaintedModel",
        *aoi(form, "-30,-40,0,20"),
        "--quiet",
    )
    assert done.exception is None, done.output
    assert sorted(gpd.read_file(out, layer="buildings")["building_id"]) == sorted(
        inside["building_id"]
    )
