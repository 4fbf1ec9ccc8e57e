"""geoseg's own file after somebody edited it: measures that fit, ids once, all else kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from own_layer import own_file
from shapely.geometry import box

import geoseg
from geoseg.attributes.measure import MEASURES
from geoseg.errors import UsageError
from geoseg.vectors.metadata import KEY, read_metadata


def edit(path: Path) -> Path:
    """A moved wall, a bow tie, a copy with the same id, a new row, and one without a shape."""
    rows = pyogrio.read_dataframe(path, layer="buildings")
    shapes = list(rows.geometry)
    left, bottom, right, top = shapes[1].bounds
    shapes[1] = shapely.Polygon([(left, bottom), (right, top), (right, bottom), (left, top)])
    more = [rows.iloc[0].copy(), rows.iloc[0].copy(), rows.iloc[0].copy()]
    more[1]["building_id"], more[2]["building_id"] = np.nan, np.nan
    shapes += [box(left, top + 5, right, top + 15), box(left, top + 20, right, top + 31), None]
    table = gpd.GeoDataFrame([*(row for _, row in rows.iterrows()), *more], crs=rows.crs)
    table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=rows.crs))
    table.to_file(path, layer="buildings", driver="GPKG")
    return path


def test_measures_follow_and_ids_are_kept_or_new(tmp_path: Path) -> None:
    source = own_file(tmp_path / "own.gpkg")
    once = tmp_path / "once.gpkg"
    first = geoseg.recompute(source, once)
    assert (first.edited, first.new_ids, first.repaired) == (3, 0, 0)  # its measures were stale
    before = pyogrio.read_dataframe(once, layer="buildings")
    edit(once)
    told = geoseg.recompute(once, tmp_path / "twice.gpkg")
    after = pyogrio.read_dataframe(tmp_path / "twice.gpkg", layer="buildings")
    assert (told.rows, told.edited, told.new_ids) == (6, 3, 3)
    assert (told.repaired, told.empty) == (1, 1)
    assert after.building_id.is_unique
    assert after.building_id.tolist()[:3] == before.building_id.tolist()
    grid_keys = 1 << 20
    assert after.building_id.max() < grid_keys or after.building_id.iloc[3:].min() > 3
    for name in ("area_m2", "perimeter_m", "length_m", "orientation_deg"):
        assert after[name].iloc[0] == before[name].iloc[0]
    assert after.area_m2.iloc[4] == pytest.approx(after.geometry.iloc[4].area, rel=2e-3)
    assert np.isnan(after.area_m2.iloc[5])
    assert after["shape"].iloc[4] == "edited"


def test_all_else_in_the_file_stays(tmp_path: Path) -> None:
    source = own_file(tmp_path / "own.gpkg")
    out = tmp_path / "out.gpkg"
    geoseg.recompute(source, out)
    assert set(gpd.list_layers(out).name) == set(gpd.list_layers(source).name)
    for query in ("SELECT * FROM layer_styles", "SELECT * FROM gpkg_data_columns"):
        rows = []
        for path in (source, out):
            with closing(sqlite3.connect(path)) as connection:
                rows.append(connection.execute(query).fetchall())
        assert rows[0] == rows[1]
    with closing(sqlite3.connect(out)) as connection:
        (told,) = connection.execute("SELECT metadata FROM gpkg_metadata").fetchone()
    assert '"recompute"' in told


@pytest.mark.parametrize("ending", ["gpkg", "geojson"])
def test_measures_that_are_not_there_are_added(tmp_path: Path, ending: str) -> None:
    plain, out = tmp_path / f"plain.{ending}", tmp_path / f"out.{ending}"
    gpd.GeoDataFrame(
        {"name": ["a"]}, geometry=[box(3e5, 3e6, 3e5 + 10, 3e6 + 20)], crs=32645
    ).to_file(plain)
    assert geoseg.recompute(plain, out).edited == 1
    (row,) = pyogrio.read_dataframe(out).to_dict("records")
    assert row.keys() >= {"name", "building_id", *MEASURES}
    assert row["length_m"] == pytest.approx(20, rel=2e-3)


def test_a_foreign_layer_is_measured_too(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"name": ["a", "b"]}, geometry=[box(3e5, 3e6, 3e5 + 10, 3e6 + 20), None], crs=32645
    ).to_crs(4326)
    found = geoseg.recompute(frame)
    assert found.area_m2.iloc[0] == pytest.approx(200, rel=2e-3)
    assert found.length_m.iloc[0] == pytest.approx(20, rel=2e-3)
    assert found.width_m.iloc[0] == pytest.approx(10, rel=2e-3)
    assert found.building_id.tolist() == [1, 2]
    assert found.name.tolist() == ["a", "b"]
    path = tmp_path / "foreign.gpkg"
    frame.to_file(path, driver="GPKG")
    geoseg.recompute(path, tmp_path / "out.gpkg")
    again = pyogrio.read_dataframe(tmp_path / "out.gpkg")
    assert again.building_id.tolist() == [1, 2]
    assert again.building_id.dtype == np.int64


def test_ids_that_are_no_numbers_are_one_sentence() -> None:
    frame = gpd.GeoDataFrame({"building_id": ["x"]}, geometry=[box(0, 0, 9, 9)], crs=32645)
    with pytest.raises(UsageError, match="'x' is no whole number"):
        geoseg.recompute(frame)


@pytest.mark.parametrize(
    "lost", ["image_date", "confidence", "at_edge", "shape", "source", "width_m"]
)
def test_a_layer_that_lost_a_column_is_still_of_its_run(tmp_path: Path, lost: str) -> None:
    source = own_file(tmp_path / "own.gpkg")
    rows = gpd.read_file(source, layer="buildings").drop(columns=lost)
    rows["building_id"] = [1, 2, np.nan]
    rows.attrs[KEY] = read_metadata(source)
    found = geoseg.recompute(rows)
    assert found["building_id"].tolist() == [1, 2, 100 * 300]  # beyond all keys of its grid
    assert (lost in found) == (lost in MEASURES)
    assert lost == "shape" or set(found["shape"]) == {"edited"}
    geoseg.recompute(rows, tmp_path / "out.parquet")
    assert read_metadata(tmp_path / "out.parquet")["recompute"]["new_ids"] == 1


def test_what_another_verb_noted_makes_no_layer_geosegs_own() -> None:
    frame = gpd.GeoDataFrame(
        {"building_id": [1], "source": ["survey"], "shape": ["hipped"]},
        geometry=[box(3e5, 3e6, 3e5 + 10, 3e6 + 20)],
        crs=32645,
    )
    frame.attrs[KEY] = {"software": "geoseg", "heights": {"dsm": "dsm.tif"}}
    assert geoseg.recompute(frame)["shape"].tolist() == ["hipped"]
