"""What people checked goes into the next result, with id and outline, however the run is cut."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import RasterMaker, transform_at
from geopandas.testing import assert_geodataframe_equal
from painted import PaintedModel, paint_town
from stopped_runs import StoppedModel
from tries import first

import geoseg
from geoseg.errors import GeosegError, ResumeError, UsageError
from geoseg.export.schema import COLUMN_NAMES

NEW = ["review", "reviewer", "reviewed_at"]
HOUSE_M = 14 * 0.3


def run(source: Any, output: Path | None = None, **options: Any) -> Any:
    options = {"tile_px": 64, "shape": "raw", "model": PaintedModel(), **options}
    return geoseg.predict(source, output, **options)


@dataclass(frozen=True, slots=True)
class Town:
    """A photo, what is found in it, and what a person said of it."""

    photo: Path
    found: gpd.GeoDataFrame
    checked: Path
    right: int
    wrong: int
    redrawn: int
    added: shapely.Polygon


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Six rows of houses; a plot around the first two rows' west is checked, and one house elsewhere."""
    image, _ = paint_town(150, 200)
    tmp_path = tmp_path_factory.mktemp("town")
    photo = RasterMaker(tmp_path)("town.tif", image)
    run(photo, tmp_path / "b.gpkg")
    found = gpd.read_file(tmp_path / "b.gpkg", layer="buildings")
    path = tmp_path / "plots.gpkg"
    geoseg.review(tmp_path / "b.gpkg", path, plots=4, queue=3, plot_size_m=15)
    rows = gpd.read_file(path, layer="buildings")
    plots = gpd.read_file(path, layer="plots")
    one = int(rows.plot_id.mode()[0])
    mine = rows.index[rows.plot_id == one]
    others = rows.index[rows.plot_id != one]
    rows.loc[mine, "review"] = "right"
    rows.loc[mine, "reviewer"] = "Ada"
    rows.loc[mine[1], "review"] = "wrong"
    rows.loc[others[0], "review"] = "redrawn"
    rows.loc[others[0], "geometry"] = shapely.affinity.translate(rows.geometry[others[0]], 0.8, 0.5)
    hole = found.geometry.iloc[-1]
    added = shapely.affinity.translate(hole, HOUSE_M + 0.2, 0)  # between the houses
    new = gpd.GeoDataFrame({"review": ["added"]}, geometry=[added], crs=rows.crs)
    rows = gpd.GeoDataFrame(pd.concat([rows, new], ignore_index=True), crs=rows.crs)
    plots["checked"] = plots.plot_id == one
    rows.to_file(path, layer="buildings", driver="GPKG")
    plots.to_file(path, layer="plots", driver="GPKG")
    ids = [int(rows.building_id[place]) for place in (mine[0], mine[1], others[0])]
    return Town(photo, found, path, *ids, added)


def edited(town: Town, layer: str, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Path:
    path = town.checked.with_name("edited.gpkg")
    path.write_bytes(town.checked.read_bytes())
    change(gpd.read_file(path, layer=layer)).to_file(path, layer=layer, driver="GPKG")
    return path


def test_what_was_checked_is_there_as_it_was(town: Town) -> None:
    frame = run(town.photo, keep_reviewed=town.checked)
    assert list(frame.columns) == [*COLUMN_NAMES, *NEW, "geometry"]
    assert frame.building_id.is_monotonic_increasing
    assert frame.building_id.is_unique
    said = gpd.read_file(town.checked, layer="buildings")
    by_id = frame.set_index("building_id")
    for verdict in ("right", "redrawn"):
        for row in said[said.review == verdict].itertuples():
            mine = by_id.loc[int(row.building_id)]
            assert mine.geometry.wkb == shapely.orient_polygons(row.geometry).wkb
            assert mine.review == verdict
    assert town.wrong not in by_id.index
    assert by_id.loc[town.right].reviewer == "Ada"
    new = frame[frame.review == "added"]
    assert len(new) == 1
    assert new.geometry.iloc[0].equals(town.added)
    assert new.building_id.iloc[0] >= 150 * 200
    assert new.area_m2.iloc[0] == pytest.approx(HOUSE_M**2, rel=2e-3)
    assert new["shape"].iloc[0] == by_id.loc[town.redrawn]["shape"] == "edited"
    assert (frame.confidence[frame.review.notna()] == 1).all()
    left = town.found[~town.found.building_id.isin([*said.building_id.dropna()])]
    rest = frame[frame.review.isna()].building_id
    assert set(left.building_id) <= set(rest)
    told = frame.attrs["geoseg"]["keep_reviewed"]
    right = int((said.review == "right").sum())
    assert (told["right"], told["redrawn"], told["added"], told["wrong"]) == (right, 1, 1, 1)
    assert told["checked_plots"] == 1
    assert frame.attrs["geoseg"]["dropped"] == {"in_checked_plots": right + 1, "kept_instead": 1}


@pytest.mark.parametrize(
    "cutting",
    first(1, [{"tile_px": 24}, {"strip_px": 1}, {"executor": ThreadPoolExecutor(2)}]),
    ids=["tiles", "strips", "workers"],
)
def test_no_cutting_shows(town: Town, cutting: dict[str, Any]) -> None:
    whole = run(town.photo, keep_reviewed=town.checked)
    assert_geodataframe_equal(run(town.photo, keep_reviewed=town.checked, **cutting), whole)


@pytest.mark.thorough
def test_the_same_in_a_file_and_in_every_format(town: Town, tmp_path: Path) -> None:
    whole = run(town.photo, keep_reviewed=town.checked)
    for suffix in (".gpkg", ".geojson", ".fgb", ".parquet", ".shp", ".csv", ".gdb", ".kml"):
        output = tmp_path / suffix / f"out{suffix}"
        output.parent.mkdir()
        summary = run(town.photo, output, keep_reviewed=town.checked)
        assert summary.buildings == len(whole)
        read = gpd.read_parquet if suffix == ".parquet" else gpd.read_file
        layer = {"layer": "buildings"} if suffix in {".gpkg", ".gdb"} else {}
        rows = read(output, **layer)
        assert len(rows) == len(whole), suffix
        assert (rows.review.fillna("") == "right").sum() == (whole.review == "right").sum(), suffix
    written = gpd.read_file(tmp_path / ".gpkg/out.gpkg", layer="buildings")
    assert written.geometry.to_wkb().tolist() == whole.geometry.to_wkb().tolist()
    assert (
        geoseg.review(tmp_path / ".gpkg/out.gpkg", plots=2)
        .notes[0]
        .startswith("The buildings have columns")
    )


def test_a_stopped_run_goes_on_with_the_same_review_alone(town: Town, tmp_path: Path) -> None:
    output, options = tmp_path / "out.gpkg", {"tile_px": 48, "keep_reviewed": town.checked}
    with pytest.raises(KeyboardInterrupt):
        run(town.photo, output, **options, model=StoppedModel())
    other = edited(town, "buildings", lambda rows: rows.assign(reviewer="Bob"))
    with pytest.raises(ResumeError, match="keep_reviewed"):
        run(town.photo, output, model=StoppedModel(), resume=True,
            **{**options, "keep_reviewed": other})  # fmt: skip


def test_an_outline_in_the_way_is_cut_and_one_on_top_goes(town: Town) -> None:
    kept = next(one for one in town.found.itertuples() if one.building_id == town.redrawn)

    def grown(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """The redrawn house now reaches into its eastern neighbour."""
        mine = rows.index[rows.building_id == town.redrawn][0]
        left, bottom, right, top = kept.geometry.bounds
        rows.loc[mine, "geometry"] = shapely.box(left, bottom, right + 10 * 0.3 + 1, top)
        return rows

    frame = run(town.photo, keep_reviewed=edited(town, "buildings", grown))
    mine = frame[frame.building_id == town.redrawn].geometry.iloc[0]
    shared = frame[frame.building_id != town.redrawn].intersection(mine).area
    assert shared.max() < 1e-6
    near = frame[(frame.area_m2 < 0.9 * HOUSE_M**2)]
    assert len(near) == frame.attrs["geoseg"]["keep_reviewed"]["cut"] == 1
    assert near.area_m2.iloc[0] == pytest.approx(HOUSE_M * (HOUSE_M - 1), rel=2e-3)


def test_a_number_that_is_taken_is_given_anew(town: Town) -> None:
    """A confirmed building may have the number of one that is found elsewhere."""
    said = set(gpd.read_file(town.checked, layer="buildings").building_id)
    elsewhere = next(one for one in town.found.building_id if one not in said)

    def renamed(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return rows.assign(building_id=rows.building_id.replace(town.right, elsewhere))

    frame = run(town.photo, keep_reviewed=edited(town, "buildings", renamed))
    assert frame.building_id.is_unique
    assert frame.attrs["geoseg"]["keep_reviewed"]["renumbered"] == 1
    assert frame.set_index("building_id").loc[elsewhere].review == "right"
    assert (frame.building_id >= 150 * 200).sum() == 2


@pytest.mark.thorough
def test_areas_of_interest_bound_it_and_other_crs_are_brought(town: Town) -> None:
    plain = run(town.photo, keep_reviewed=town.checked)
    half = town.found.total_bounds
    west = shapely.box(half[0] - 1, half[1] - 1, (half[0] + half[2]) / 2, half[3] + 1)
    frame = run(town.photo, keep_reviewed=town.checked, aoi=west)
    expected = plain[plain.representative_point().within(west)].reset_index(drop=True)
    assert frame.building_id.tolist() == [
        one for one in expected.building_id if one < 150 * 200
    ] + [one for one in frame.building_id if one >= 150 * 200]
    degrees = town.checked.with_name("degrees.gpkg")
    for layer in ("plots", "buildings"):
        gpd.read_file(town.checked, layer=layer).to_crs(4326).to_file(
            degrees, layer=layer, driver="GPKG"
        )
    other = run(town.photo, keep_reviewed=degrees)
    assert other.building_id.tolist() == plain.building_id.tolist()
    assert shapely.hausdorff_distance(
        other.geometry.to_numpy(), plain.geometry.to_numpy()
    ).max() < 1e-5  # fmt: skip


@pytest.mark.thorough
def test_a_photo_of_elsewhere_takes_nothing(
    town: Town, make_raster: Any, caplog: pytest.LogCaptureFixture
) -> None:
    image, houses = paint_town(80, 80)
    far = make_raster("far.tif", image, transform=transform_at(left=345_800))
    frame = run(far, keep_reviewed=town.checked)
    assert len(frame) == houses
    assert frame.review.isna().all()
    assert "confirmed buildings lies on the ground of this run" in caplog.text
    both = run([far, town.photo], keep_reviewed=town.checked)
    assert (both.review.notna()).sum() == run(
        town.photo, keep_reviewed=town.checked
    ).review.notna().sum()


@pytest.mark.thorough
def test_a_surface_does_not_overrule_a_person(town: Town, make_raster: Any) -> None:
    flat = make_raster("dsm.tif", np.full((150, 200), 100, np.float32), transform=transform_at())
    frame = run(town.photo, keep_reviewed=town.checked, dsm=flat)
    assert frame.review.notna().all()
    assert list(frame.columns)[-4:] == [*NEW, "geometry"]
    assert len(frame) == run(town.photo, keep_reviewed=town.checked).review.notna().sum()


def test_all_wrong_and_nothing_else(town: Town) -> None:
    def wrong(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return rows[rows.building_id.notna()].assign(review="wrong")

    path = edited(town, "buildings", wrong)
    frame = run(town.photo, keep_reviewed=path)
    said = gpd.read_file(path, layer="buildings")
    assert not set(said.building_id) & set(frame.building_id)
    assert len(frame) == len(town.found) - len(said)


def unlooked(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return rows.assign(review=None)


@pytest.mark.parametrize(
    ("layer", "change", "told"),
    [
        ("buildings", lambda rows: rows.assign(review="maybe"), "verdict 'maybe' is unknown"),
        ("buildings", unlooked, "without a verdict"),
        ("buildings", lambda rows: rows.assign(plot_id=99), "of plots that are not there"),
        ("buildings", lambda rows: rows.assign(building_id=0.5), "whole numbers"),
        ("buildings", lambda rows: rows.drop(columns="review"), "lacks the column 'review'"),
        ("plots", lambda rows: rows.assign(plot_id=1), "there twice"),
        ("plots", lambda rows: rows.assign(checked="perhaps"), "takes true or false"),
    ],
    ids=["verdict", "none", "plots", "ids", "column", "twice", "checked"],
)
def test_what_is_no_review_is_refused_before_the_work(
    town: Town, layer: str, change: Any, told: str
) -> None:
    with pytest.raises(GeosegError, match=told):
        run(
            town.photo, keep_reviewed=edited(town, layer, change), model=StoppedModel(lambda: 1 / 0)
        )


def test_files_that_are_none_are_refused(town: Town, tmp_path: Path) -> None:
    with pytest.raises(GeosegError, match="no such file"):
        run(town.photo, keep_reviewed=tmp_path / "nowhere.gpkg")
    town.found.rename_geometry("geom").to_file(tmp_path / "x.gpkg", layer="houses", driver="GPKG")
    with pytest.raises(UsageError, match="no file under review"):
        run(town.photo, keep_reviewed=tmp_path / "x.gpkg")
    with pytest.raises(UsageError, match="is an input"):
        run(town.photo, town.checked, keep_reviewed=town.checked, overwrite=True)
