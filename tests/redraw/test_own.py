"""geoseg's own file, and foreign ones, redrawn: what must not change does not."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
import town
from hypothesis import given
from hypothesis import strategies as st
from own_layer import own_file, ragged
from right_angles import BEVELLED, has_right_angles_alone
from shapely.geometry import MultiPolygon, Polygon, box
from tries import tries

from geoseg.earth.geodesy import Ground
from geoseg.redraw import own, regularize
from geoseg.shaping import RegularizeSettings
from geoseg.vectors.metadata import KEY, read_metadata

UTM = pyproj.CRS(32645)


def rows_of(path: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute(query).fetchall()


def test_an_own_file_keeps_layers_style_and_metadata_and_is_measured_again(tmp_path: Path) -> None:
    source, out = own_file(tmp_path / "in.gpkg"), tmp_path / "out.gpkg"
    regularize(source, out)
    for query in (
        "SELECT table_name, data_type, identifier, description FROM gpkg_contents",
        "SELECT f_table_name, f_geometry_column, styleQML FROM layer_styles",
        "SELECT * FROM gpkg_data_columns",
        "PRAGMA user_version",
        "SELECT geom FROM extent",
    ):
        assert rows_of(out, query) == rows_of(source, query)
    ((stored,),) = rows_of(out, "SELECT metadata FROM gpkg_metadata")
    run = json.loads(str(stored))
    assert run["grid"]["gsd_m"] == 0.5
    assert run["regularize"]["rows"] == 3
    drawn, given = gpd.read_file(out, layer="buildings"), gpd.read_file(source, layer="buildings")
    assert drawn["shape"].tolist() == ["regularized"] * 3
    ground = Ground.under(UTM)
    assert ground is not None
    area_m2, perimeter_m = ground.area_and_perimeter(np.asarray(drawn.geometry.array))
    np.testing.assert_allclose(drawn["area_m2"], area_m2)
    np.testing.assert_allclose(drawn["perimeter_m"], perimeter_m)
    np.testing.assert_allclose(drawn["length_m"], 15, atol=1)
    np.testing.assert_allclose(drawn["width_m"], 9, atol=1)
    np.testing.assert_allclose(drawn["orientation_deg"], 90, atol=2)
    for kept in ("building_id", "confidence", "at_edge", "source"):
        assert drawn[kept].equals(given[kept])


def test_an_own_file_is_drawn_at_the_pixels_of_its_run(tmp_path: Path) -> None:
    source = own_file(tmp_path / "in.gpkg")
    own, told = regularize(source), regularize(source, gsd_m=0.5)
    assert own.geometry.geom_equals_exact(told.geometry, 0).all()
    assert not own.geometry.geom_equals_exact(regularize(source, gsd_m=2.0).geometry, 0).all()


@pytest.mark.parametrize("lost", ["image_date", "width_m", "perimeter_m", "shape"])
def test_a_layer_that_lost_a_column_is_drawn_as_its_own(tmp_path: Path, lost: str) -> None:
    source = own_file(tmp_path / "in.gpkg")
    rows = gpd.read_file(source, layer="buildings").drop(columns=lost)
    rows.attrs[KEY] = read_metadata(source)
    drawn = regularize(rows)
    assert drawn.geometry.geom_equals_exact(regularize(source).geometry, 0).all()
    assert drawn.attrs[KEY]["regularize"]["rows"] == 3
    assert (lost in drawn) == (lost == "shape")
    np.testing.assert_allclose(drawn["length_m"], 15, atol=1)


@pytest.mark.parametrize("measure", ["area_m2", "length_m"])
def test_measures_that_are_texts_or_missing_are_drawn_and_measured_again(
    tmp_path: Path, measure: str
) -> None:
    source = own_file(tmp_path / "in.gpkg", shape="regularized")
    expected = regularize(source)
    rows = gpd.read_file(source, layer="buildings")
    rows.attrs[KEY] = read_metadata(source)
    for values in (["64.1 m2", "", "n/a"], pd.array([None, 1.5, None], dtype="Float64")):
        drawn = regularize(rows.assign(**{measure: values}))
        assert drawn.geometry.geom_equals_exact(expected.geometry, 0).all()
        np.testing.assert_array_equal(drawn[measure], expected[measure])


def bevelled_house() -> Polygon:
    """A house along pixels of half a metre whose corner a network bevelled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(town.BUILDERS, "bevelled", lambda *_: [BEVELLED])
        (seen,) = town.build_town(town.TownSpec(1, ("bevelled",), jitter_px=0.5)).raw
    return shapely.transform(seen, lambda xy: xy * 0.5 + (300_000, 5_000_000))


def is_square(frame: gpd.GeoDataFrame) -> bool:
    return has_right_angles_alone(frame.geometry.iloc[0])


def test_walls_aslant_are_dearer_where_geoseg_predicted_them_and_where_it_is_asked_for(
    tmp_path: Path,
) -> None:
    foreign = gpd.GeoDataFrame(geometry=[bevelled_house()], crs=UTM)
    assert not is_square(regularize(foreign, gsd_m=0.5))
    assert is_square(regularize(foreign, gsd_m=0.5, oblique=2.0))
    source = own_file(tmp_path / "in.gpkg")
    mine = gpd.read_file(source, layer="buildings").iloc[:1]
    mine = mine.set_geometry([bevelled_house()], crs=UTM).assign(shape="raw")
    mine.attrs[KEY] = read_metadata(source)
    assert is_square(regularize(mine))
    assert not is_square(regularize(mine, oblique=1))


@pytest.mark.parametrize("suffix", [".fgb", ".parquet", ".geojson"])
def test_what_is_known_of_the_run_goes_into_other_formats(tmp_path: Path, suffix: str) -> None:
    done = regularize(own_file(tmp_path / "in.gpkg"), tmp_path / f"out{suffix}")
    assert read_metadata(done.output)["grid"]["gsd_m"] == 0.5


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"gsd_m": 0.4},
        {"snap_m": 1.0},
        {"oblique": 1.5},
        {"oblique": 4.0, "settings": RegularizeSettings(noise_px=1.0)},
        {"settings": RegularizeSettings(noise_px=1.0, correlation_px=3.0)},
    ],
    ids=str,
)
def test_a_second_run_with_the_files_own_settings_moves_nothing(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    source = own_file(tmp_path / "in.gpkg")
    regularize(source, tmp_path / "once.gpkg", **how)
    table = 'SELECT * FROM "buildings"'
    for so in ({}, how):
        done = regularize(tmp_path / "once.gpkg", tmp_path / "twice.gpkg", overwrite=True, **so)
        assert done.kept == 3
        assert rows_of(tmp_path / "once.gpkg", table) == rows_of(tmp_path / "twice.gpkg", table)
    assert regularize(tmp_path / "once.gpkg", gsd_m=0.7).attrs["regularize"]["kept"] == 0


def test_columns_of_any_type_survive_in_a_geopackage(tmp_path: Path) -> None:
    source, out = tmp_path / "in.gpkg", tmp_path / "out.gpkg"
    shapes = [ragged(3e5, 0.3), MultiPolygon([ragged(3e5 + 40, 0.3), ragged(3e5 + 80, 0.3)])]
    given = gpd.GeoDataFrame(
        {"day": ["2024-05-06"] * 2, "text": ["x" * 100_000, None], "Shape": ["flat", "gable"]},
        geometry=shapes, crs=UTM,
    )  # fmt: skip
    given.to_file(source, layer="town", driver="GPKG")
    given[["geometry"]].to_file(source, layer="other", driver="GPKG")
    with sqlite3.connect(source) as connection:
        connection.execute("ALTER TABLE town ADD COLUMN count INTEGER DEFAULT 9007199254740993")
        connection.execute("ALTER TABLE town ADD COLUMN none INTEGER")
        connection.execute("ALTER TABLE town ADD COLUMN seen DATE DEFAULT '2023-01-02'")
    done = regularize(source, out, layer="town")
    assert done.rows == 2
    kept = "SELECT fid, day, text, Shape, count, none, seen FROM town"
    assert rows_of(out, kept) == rows_of(source, kept)
    assert rows_of(out, "SELECT * FROM other") == rows_of(source, "SELECT * FROM other")
    assert [name for (name,) in rows_of(out, "SELECT shape_1 FROM town")] == ["regularized"] * 2
    assert pyogrio.read_info(out, layer="town")["geometry_type"] == "MultiPolygon"
    assert len(pyogrio.read_dataframe(out, layer="town", bbox=(3e5, 3e6, 3e5 + 20, 3e6 + 9))) == 1


def test_a_foreign_column_of_the_same_name_is_not_written_over() -> None:
    given = gpd.GeoDataFrame({"shape": ["hipped"]}, geometry=[box(0, 0, 20, 10)], crs=UTM)
    drawn = regularize(given)
    assert drawn["shape"].tolist() == ["hipped"]
    assert drawn["shape_1"].notna().all()
    assert list(regularize(drawn.drop(columns="shape").rename(columns={"shape_1": "shape"}))) == [
        "geometry", "shape",
    ]  # fmt: skip


def test_parts_of_one_row_with_a_narrow_gap_become_one_valid_part() -> None:
    two = MultiPolygon([box(0, 0, 20, 10), box(20.1, 0, 40, 10)])
    (drawn,) = regularize(gpd.GeoDataFrame(geometry=[two], crs=UTM)).geometry
    assert drawn.is_valid
    assert drawn.geom_type == "Polygon"


def test_rows_at_the_180th_meridian_stay_where_they_are() -> None:
    metre = 1 / 111_320
    sides = [(179.99990, 180.00010), (-179.99980, -179.99970), (179.99960, 179.99980)]
    given = gpd.GeoDataFrame(
        geometry=[box(left, 0, right, 15 * metre) for left, right in sides], crs="EPSG:4326"
    )
    drawn = regularize(given).geometry
    assert shapely.hausdorff_distance(drawn.array, given.geometry.array).max() < metre
    torn = Polygon([(179.9999, 0), (-179.9999, 0), (-179.9999, 1e-4), (179.9999, 1e-4)])
    (whole,) = regularize(gpd.GeoDataFrame(geometry=[torn], crs="EPSG:4326")).geometry
    assert whole.is_valid
    assert whole.bounds[2] - whole.bounds[0] == pytest.approx(2e-4)


def test_what_a_run_drew_stays_unless_it_was_changed_by_hand(tmp_path: Path) -> None:
    source = own_file(tmp_path / "in.gpkg", shape="regularized")
    drawn = gpd.read_file(source, layer="buildings")
    ground = Ground.under(UTM)
    assert ground is not None
    measured = ground.area_and_perimeter(np.asarray(drawn.geometry.array))
    drawn["area_m2"], drawn["perimeter_m"] = measured
    drawn.attrs["geoseg"] = {
        "software": "geoseg",
        "parameters": {"shape": "regularized"},
        "grid": {"crs": "EPSG:32645", "transform": [0.5, 0, 3e5, 0, -0.5, 3e6], "gsd_m": 0.5},
    }
    again = regularize(drawn)
    assert again.geometry.geom_equals_exact(drawn.geometry, 0).all()
    assert again.attrs["regularize"]["kept"] == 3
    changed = drawn.copy()
    changed.loc[1, "geometry"] = ragged(3e5 + 40, 0.5)
    some = regularize(changed)
    assert some.geometry.geom_equals_exact(changed.geometry, 0).tolist() == [True, False, True]
    assert not regularize(drawn, gsd_m=0.6).geometry.geom_equals_exact(drawn.geometry, 0).any()


def test_a_crs_newer_than_the_register_is_understood_in_the_metadata() -> None:
    stored = {"crs": "EPSG:10792", "transform": [0.3, 0, 4e5, 0, -0.3, 1e5], "gsd_m": 0.3}
    grid = own._grid({"grid": stored})
    assert grid is not None
    assert grid.crs.is_projected


def test_a_geopackage_without_rows_stays_one(tmp_path: Path) -> None:
    nothing = gpd.GeoDataFrame({"name": np.array([], dtype=object)}, geometry=[], crs=UTM)
    pyogrio.write_dataframe(nothing, tmp_path / "in.gpkg", geometry_type="Polygon")
    assert regularize(tmp_path / "in.gpkg", tmp_path / "out.gpkg").rows == 0
    assert list(gpd.read_file(tmp_path / "out.gpkg").columns) == ["name", "shape", "geometry"]


@pytest.fixture(scope="module")
def layer_of_a_run(tmp_path_factory: pytest.TempPathFactory) -> gpd.GeoDataFrame:
    path = own_file(tmp_path_factory.mktemp("run") / "in.gpkg", gsd_m=0.3)
    layer = gpd.read_file(path, layer="buildings")
    layer.attrs[KEY] = read_metadata(path)
    return layer


@tries(12)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["terrace", "ell", "bay"]),
    st.sampled_from([None, 0.25, 0.4]),
    st.sampled_from([None, 0.0, 0.8]),
)
def test_what_geoseg_drew_is_its_own_drawing(
    layer_of_a_run: gpd.GeoDataFrame,
    seed: int,
    kind: str,
    gsd_m: float | None,
    snap_m: float | None,
) -> None:
    seen = town.build_town(town.TownSpec(2, (kind,), correlation_px=3.0, seed=seed))
    metres = shapely.transform(np.asarray(seen.raw), lambda xy: 0.3 * xy + np.array([3e5, 3e6]))
    found = layer_of_a_run.iloc[np.zeros(len(metres), dtype=int)].set_geometry(metres, crs=UTM)
    once = regularize(found, gsd_m=gsd_m, snap_m=snap_m)
    assert once.attrs["regularize"]["kept"] == 0
    for how in ({}, {"gsd_m": gsd_m, "snap_m": snap_m}):
        again = regularize(once, **how)
        assert again.attrs["regularize"]["kept"] == len(found)
        assert again.geometry.geom_equals_exact(once.geometry, 0).all()
