"""A folder of one vector file per raster is one set of labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from conftest import transform_at
from labelled_town import houses, on_ground, photo

import geoseg
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.labelled.folders import united
from geoseg.scenes.scene import load_scenes
from geoseg.vectors.standing import only_standing

SIDE = 300
TOWN = houses(SIDE, 2 * SIDE)
Maker = Callable[..., Path]


@pytest.fixture
def halves(make_raster: Maker, tmp_path: Path) -> tuple[Path, Path]:
    """Two rasters side by side, and a folder with the labels of each."""
    image = photo(TOWN, SIDE, 2 * SIDE)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    place = transform_at()
    for number, left in enumerate((0, SIDE)):
        where = place * place.translation(left, 0)
        make_raster(f"images/tile_{number}.tif", image[:, :, left : left + SIDE], transform=where)
    frame = on_ground(TOWN, crs="EPSG:4326")
    middle = frame.geometry.centroid.x.median()
    west = frame.geometry.representative_point().x < middle
    for number, rows in enumerate((frame[west], frame[~west])):
        rows.to_file(tmp_path / "labels" / f"buildings_{number}.geojson")
    return tmp_path / "images", tmp_path / "labels"


@pytest.mark.filterwarnings("ignore:Geometry is in a geographic CRS")
def test_a_file_per_raster_is_one_layer(halves: tuple[Path, Path], tmp_path: Path) -> None:
    images, labels = halves
    (labels / "buildings_2.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    packed = geoseg.pack_dataset(images, labels, tmp_path / "c", chip_px=256, val_share=0)
    scenes = load_scenes(tmp_path / "c", "train")
    assert sum(int(scene.labels.max()) for scene in scenes) >= len(TOWN)
    (found,) = packed.findings.values()
    assert found["features"] == len(TOWN)
    for scene in scenes:
        known = ~scene.ignore
        roofs = scene.image.mean(axis=2) > 135
        assert (roofs == (scene.labels > 0))[known].mean() > 0.97


@pytest.mark.filterwarnings("ignore:Geometry is in a geographic CRS")
def test_folders_that_cannot_be_labels(halves: tuple[Path, Path], tmp_path: Path) -> None:
    images, labels = halves
    (labels / "buildings_1.geojson").rename(tmp_path / "kept")
    with pytest.raises(UsageError, match="1 files of labels for 2 images"):
        geoseg.pack_dataset(images, labels, tmp_path / "c")
    (labels / "buildings_1.geojson").write_text("{")
    with pytest.raises(UnreadableVectorError, match="buildings_1"):
        geoseg.pack_dataset(images, labels, tmp_path / "c")
    for file in labels.iterdir():
        file.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(UsageError, match="none of the 2 files"):
        geoseg.pack_dataset(images, labels, tmp_path / "c")


def test_labels_of_several_crss_go_by_one_transformation_of_datums(tmp_path: Path) -> None:
    # PROJ takes another one, by ten metres, for points of Arc 1950 beyond this longitude.
    edge = 29.38
    house = shapely.box(edge - 1e-4, -20.0001, edge + 1e-4, -19.9999)
    for name, crs in (("a", 4326), ("b", 4209)):
        gpd.GeoDataFrame(geometry=[house], crs=crs).to_file(tmp_path / f"{name}.gpkg")
    first, moved = united(tmp_path, 2).geometry
    west, _, east, _ = moved.bounds
    assert first.equals(house)
    assert east - west == pytest.approx(2e-4, abs=1e-7)


def test_what_an_update_found_gone_is_no_label(tmp_path: Path) -> None:
    shapes = [shapely.box(3e5 + x, 3e6, 3e5 + x + 9, 3e6 + 9) for x in (0, 20, 40)]
    frame = gpd.GeoDataFrame({"decision": ["kept", "gone", "kept"]}, geometry=shapes, crs=32645)
    frame.to_file(tmp_path / "a.gpkg")
    frame[["geometry"]].to_file(tmp_path / "b.gpkg")
    left, gone = only_standing(united(tmp_path, 2))
    assert (len(left), gone) == (5, 1)
