"""Buildings of painted rasters in metres, feet, degrees and grads: clean, in place and truly measured."""

from pathlib import Path

import geopandas as gpd
import pytest
from conftest import RasterMaker
from painted import PaintedModel, paint_town
from predict_fuzz import painted, troubles
from rasterio import Affine

import geoseg

AT_180 = [4, 5, 10]
"""Seeds of rasters that lie across 180 degrees."""


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "seeds",
    [
        [*range(4), *AT_180, 15, 29],
        *(pytest.param(range(n, n + 100), marks=pytest.mark.slow) for n in range(0, 1000, 100)),
    ],
    ids=["few", *(f"{n}-{n + 100}" for n in range(0, 1000, 100))],
)
def test_buildings_come_back_clean_and_true(seeds: list[int], tmp_path: Path) -> None:
    wrong = {seed: found for seed in seeds if (found := troubles(painted(seed), tmp_path)[0])}
    assert wrong == {}


@pytest.mark.parametrize("lon", [180.0, -180.0])
def test_across_180_degrees_buildings_and_extent_lie_where_the_raster_does(
    lon: float, make_raster: RasterMaker, tmp_path: Path
) -> None:
    town, houses = paint_town(90, 120)
    town[2] += 40  # else its ground counts as blank
    step = 3e-6
    place = Affine(step, 0, lon - 60 * step, 0, -step, -16.8)
    raster = make_raster("town.tif", town, crs="EPSG:4326", transform=place)
    geoseg.predict(raster, tmp_path / "b.gpkg", model=PaintedModel(), shape="raw")
    wanted = [lon - 60 * step, -16.8 - 90 * step, lon + 60 * step, -16.8]
    for layer in ("buildings", "extent"):
        drawn = gpd.read_file(tmp_path / "b.gpkg", layer=layer)
        assert len(drawn) == (houses if layer == "buildings" else 1)
        assert drawn.total_bounds == pytest.approx(wanted, abs=25 * step)
        assert drawn.is_valid.all()
