"""Area statistics against an independent computation with geopandas and pyproj."""

from __future__ import annotations

import json
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from commands import invoke
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from output_tables import WHOLE
from pyproj import CRS, Geod
from tries import tries

from geoseg.earth.reproject import areas_m2
from geoseg.errors import OutputExistsError, UnreadableVectorError, UsageError
from geoseg.export.frames import FrameLayer
from geoseg.export.gpkg_tables import add_metadata
from geoseg.export.output import write_frame, write_layers
from geoseg.statistics import report
from geoseg.statistics.page import area_page
from geoseg.statistics.table import SIZE_LIMITS_M2, size_classes
from geoseg.vectors.load import load
from geoseg.vectors.within import OUTSIDE, assign

CRS_AND_STEP = {
    "EPSG:32645": (340_000.0, 3_060_000.0, 1.0),
    "EPSG:3857": (9_500_000.0, 3_200_000.0, 1.0),
    "EPSG:2263": (980_000.0, 200_000.0, 3.28),
    "EPSG:4326": (85.5, 27.6, 1e-5),
}
CUTS = (0, 310, 640, 1000)
NONE: tuple[str, ...] = ()
FIRST_COLUMNS = [
    "zone", "buildings", "area_m2", "mean_area_m2", "median_area_m2", "observed_km2",
    "coverage_ratio", "density_per_km2", "size_lt_20", "size_20_50", "size_50_100",
    "size_100_200", "size_200_500", "size_500_1000", "size_ge_1000",
]  # fmt: skip


def make_town(crs: str = "EPSG:32645", count: int = 120, seed: int = 0) -> gpd.GeoDataFrame:
    """Random boxes, one in seven with a courtyard, in a square of 1000 units of about a metre."""
    left, bottom, unit = CRS_AND_STEP[crs]
    random = np.random.default_rng(seed)
    x, y = random.uniform(40, 960, (2, count))
    y = np.where(x < 340, 240 + y * 0.7, y)  # off the corner that is not observed
    half = random.uniform(1.5, 20, (2, count))
    boxes = shapely.box(x - half[0], y - half[1], x + half[0], y + half[1])
    yard = shapely.box(x - half[0] / 2, y - half[1] / 2, x + half[0] / 4, y + half[1] / 2)
    shapes = np.where(np.arange(count) % 7 == 0, shapely.difference(boxes, yard), boxes)
    moved = shapely.transform(shapes, lambda xy: xy * unit + (left, bottom))
    columns = {
        "area_m2": areas_m2(moved, CRS(crs)),
        "confidence": random.uniform(0.3, 1, count).astype("float32"),
        "at_edge": random.random(count) < 0.2,
    }
    return gpd.GeoDataFrame(columns, geometry=moved, crs=crs)


def make_extent(crs: str = "EPSG:32645") -> gpd.GeoDataFrame:
    """The square without its lower left corner."""
    left, bottom, unit = CRS_AND_STEP[crs]
    square = shapely.difference(shapely.box(0, 0, 1000, 1000), shapely.box(0, 0, 300, 200))
    moved = shapely.transform(square, lambda xy: xy * unit + (left, bottom))
    return gpd.GeoDataFrame(geometry=[shapely.MultiPolygon([moved])], crs=crs)


def make_zones(
    crs: str = "EPSG:32645", to: str = "EPSG:4326", cuts: tuple[int, ...] = CUTS
) -> gpd.GeoDataFrame:
    """Upright strips of the square, in another CRS."""
    left, bottom, unit = CRS_AND_STEP[crs]
    strips = [
        shapely.transform(shapely.box(low, -50, high, 1050), lambda xy: xy * unit + (left, bottom))
        for low, high in pairwise(cuts)
    ]
    names = [f"strip {number}" for number in range(len(strips))]
    return gpd.GeoDataFrame({"name": names}, geometry=strips, crs=crs).to_crs(to)


def write_town(
    path: Path,
    crs: str = "EPSG:32645",
    *,
    extent: bool = True,
    count: int = 120,
    drop: tuple[str, ...] = NONE,
) -> Path:
    make_town(crs, count).drop(columns=list(drop)).to_file(path, layer="buildings", driver="GPKG")
    if extent:
        make_extent(crs).to_file(path, layer="extent", driver="GPKG")
    return path


def independent_area(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Geodesic areas by pyproj alone."""
    geod = CRS(frame.crs).get_geod()
    degrees = frame.to_crs(CRS(frame.crs).geodetic_crs).geometry
    return np.array([abs(geod.geometry_area_perimeter(shapely.normalize(g))[0]) for g in degrees])


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return write_town(tmp_path / "town.gpkg")


@pytest.mark.parametrize("crs", list(CRS_AND_STEP))
def test_figures_equal_an_independent_computation(tmp_path: Path, crs: str) -> None:
    path = write_town(tmp_path / "town.gpkg", crs)
    zones = make_zones(crs)
    table = report(path, zones=zones).table
    assert list(table.columns)[: len(FIRST_COLUMNS)] == FIRST_COLUMNS

    buildings = gpd.read_file(path, layer="buildings")
    buildings["true"] = independent_area(buildings)
    points = buildings.set_geometry(buildings.geometry.representative_point())
    local = zones.to_crs(crs)
    joined = gpd.sjoin(points, local, predicate="within").groupby("name")["true"]
    observed = independent_area(gpd.overlay(local, make_extent(crs)))
    rows = table.set_index("zone")
    for name, area in zip(local["name"], observed, strict=True):
        row, members = rows.loc[name], joined.get_group(name)
        assert row["buildings"] == len(members)
        assert row["area_m2"] == pytest.approx(members.sum(), rel=1e-9)
        assert row["median_area_m2"] == pytest.approx(members.median(), rel=1e-9)
        assert row["observed_km2"] == pytest.approx(area / 1e6, rel=1e-9)
        assert row["density_per_km2"] == pytest.approx(len(members) / area * 1e6, rel=1e-9)
        assert row["coverage_ratio"] == pytest.approx(members.sum() / area, rel=1e-9)
        assert row["size_50_100"] == ((members >= 50) & (members < 100)).sum()


def test_total_is_the_last_row_and_the_sum(town: Path) -> None:
    table = report(town, zones=make_zones()).table
    zones, total = table.iloc[:-1], table.iloc[-1]
    assert total["zone"] == "total"
    for column in ("buildings", "area_m2", "observed_km2", "size_20_50"):
        assert total[column] == pytest.approx(zones[column].sum(), rel=1e-12)
    assert total["buildings"] == 120


def test_confidence_and_edge_figures(town: Path) -> None:
    total = report(town).table.iloc[-1]
    buildings = gpd.read_file(town, layer="buildings")
    assert total["mean_confidence"] == pytest.approx(buildings["confidence"].mean())
    assert not [name for name in total.index if "weighted" in name]
    assert total["at_edge_share"] == pytest.approx(buildings["at_edge"].mean())


def test_buildings_that_are_expected() -> None:
    town = make_town()
    known = town.assign(presence=np.linspace(0, 1, len(town)))
    table = report(known, zones=make_zones()).table
    assert table["expected_buildings"].iloc[-1] == pytest.approx(len(town) / 2)
    assert table["expected_buildings"].iloc[:-1].sum() == pytest.approx(len(town) / 2)
    for unknown in (np.nan, -0.1, 1.5):
        one = known.assign(presence=known["presence"].where(known.index != 7, unknown))
        some = report(one, zones=make_zones()).table["expected_buildings"]
        assert some.iloc[:-1].isna().sum() == 1  # of the zone where it lies
        assert np.isnan(some.iloc[-1])
    nobody = report(known.assign(presence=np.nan))
    assert "expected_buildings" not in nobody.table
    told = [area_page(each).figures[0].detail for each in (report(known), nobody)]
    assert told == [f"about {len(town) / 2:,.0f} real", ""]


def test_the_terminal_says_how_many_are_expected(tmp_path: Path) -> None:
    town = make_town()
    path, bare = tmp_path / "town.gpkg", write_town(tmp_path / "bare.gpkg")
    town.assign(presence=0.75).to_file(path, layer="buildings", driver="GPKG")
    said, unsaid = (invoke("report", one) for one in (path, bare))
    heading, total = (line.split() for line in said.stdout.splitlines()[:2])
    assert heading[:3] == ["zone", "buildings", "expected"]
    assert total[:3] == ["total", "120", "90"]
    assert unsaid.stdout.splitlines()[0].split()[:3] == ["zone", "buildings", "roof"]


def test_missing_columns_are_computed_or_left_out(tmp_path: Path) -> None:
    full = report(write_town(tmp_path / "full.gpkg")).table
    columns = ("area_m2", "confidence", "at_edge")
    result = report(write_town(tmp_path / "bare.gpkg", drop=columns))
    bare = result.table
    assert bare["area_m2"].iloc[-1] == pytest.approx(full["area_m2"].iloc[-1], rel=1e-12)
    assert "mean_confidence" not in bare.columns
    assert any("confidence or at_edge" in note for note in result.notes)


def test_a_table_in_memory_gives_the_same_counts(town: Path) -> None:
    result = report(make_town(), zones=make_zones())
    table = result.table
    stored = report(town, zones=make_zones()).table
    assert table["buildings"].tolist() == stored["buildings"].tolist()
    assert any("no layer 'extent'" in note for note in result.notes)


@pytest.mark.parametrize("crs", list(CRS_AND_STEP))
def test_grid_cells_are_true_to_scale_and_count_all(tmp_path: Path, crs: str) -> None:
    table = report(write_town(tmp_path / "town.gpkg", crs), grid="250m").table
    assert table["buildings"].iloc[:-1].sum() == 120
    cells = table.iloc[:-1]
    inner = cells[cells.geometry.within(make_extent(crs).geometry.iloc[0].buffer(1e-9))]
    # UTM shrinks by up to 0.04 % along and grows towards its border.
    assert inner["observed_km2"].to_numpy() == pytest.approx(0.0625, rel=0.003)
    assert table["zone"].is_unique


def test_h3_cells_count_all(town: Path) -> None:
    h3 = pytest.importorskip("h3")
    table = report(town, h3=9).table
    assert table["buildings"].iloc[:-1].sum() == 120
    points = gpd.read_file(town, layer="buildings").geometry.representative_point().to_crs(4326)
    cells = [h3.latlng_to_cell(point.y, point.x, 9) for point in points]
    rows = table.set_index("zone")["buildings"]
    assert all(rows[cell] == cells.count(cell) for cell in cells)


def test_overlapping_zones_count_once_for_the_first(town: Path) -> None:
    zones = make_zones()
    wide = make_zones(cuts=(0, 400))
    zones.geometry = [wide.geometry.iloc[0], *zones.geometry[1:]]
    with pytest.raises(UsageError, match="overlap"):
        report(town, zones=zones, overlaps="refuse")
    result = report(town, zones=zones)
    table = result.table
    assert any("overlap" in note for note in result.notes)
    whole = report(town).table
    for column in ("buildings", "observed_km2"):
        assert table[column].iloc[-1] == pytest.approx(whole[column].iloc[-1], rel=1e-7)
    assert table["buildings"].iloc[0] == report(town, zones=wide).table["buildings"].iloc[0]


def test_buildings_outside_all_zones_are_told(town: Path) -> None:
    result = report(town, zones=make_zones(cuts=(0, 500)))
    table = result.table
    outside = 120 - table["buildings"].iloc[-1]
    assert any(note.startswith(f"{outside} buildings lie in no zone") for note in result.notes)


def test_the_run_that_made_the_buildings_is_told(town: Path, tmp_path: Path) -> None:
    with sqlite3.connect(town) as connection:
        run = {"model": "lite <0>", "sources": [{"path": "/home/jo/ortho.tif"}]}
        add_metadata(connection, "buildings", json.dumps(run))
    connection.close()
    result = report(town, html=tmp_path / "r.html")
    assert result.provenance["run"] == {"model": "lite <0>", "sources": [{"path": "ortho.tif"}]}
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "lite &lt;0&gt;" in page
    assert "/home/jo" not in page
    assert str(tmp_path) not in page


def test_zones_without_ground_of_their_own_are_told_apart(town: Path) -> None:
    zones = make_zones(to="EPSG:32645")
    left, bottom, right, top = zones.total_bounds
    inner = shapely.box(left + 1, bottom + 1, left + 9, bottom + 9)
    away = shapely.box(right + 5000, bottom, right + 5100, top)
    more = gpd.GeoDataFrame({"name": ["inner", " "]}, geometry=[inner, away], crs=zones.crs)
    result = report(town, zones=pd.concat([zones[["name", "geometry"]], more]))
    assert list(result.table["zone"].iloc[-3:-1]) == ["inner", "(no name)"]
    assert "1 zone lies within earlier ones, which have all its ground: 'inner'." in result.notes
    assert any(
        "lie" in note and "outside" in note and "'(no name)'" in note for note in result.notes
    )
    assert not any("outside" in note and "'inner'" in note for note in result.notes)


def test_zones_far_away_are_not_told_as_covered_by_earlier_ones(town: Path) -> None:
    ends = [shapely.box(-60, 0, -50, 10), shapely.box(-179, -85, 179, 85), shapely.box(0, 0, 1, 1)]
    zones = gpd.GeoDataFrame({"name": ["away", "world", "off"]}, geometry=ends, crs="EPSG:4326")
    notes = report(town, zones=zones).notes
    assert any("2 zones lie outside the observed area: 'away', 'off'" in note for note in notes)
    assert not any("within earlier ones" in note for note in notes)


def test_names_are_found_in_columns_that_are_called_by_numbers(town: Path) -> None:
    zones = make_zones()[["name", "geometry"]]
    named = zones["name"].tolist()
    by_number = zones.rename(columns={"name": 0})
    assert report(town, zones=by_number).table["zone"].tolist()[:-1] == named
    chosen = report(town, zones=by_number, name_column="0")
    assert chosen.table["zone"].tolist()[:-1] == named


def test_a_name_column_that_is_there_twice_is_one_sentence(town: Path) -> None:
    zones = make_zones()[["name", "geometry"]]
    zones["again"] = zones["name"]
    zones.columns = ["name", "geometry", "name"]
    with pytest.raises(UsageError, match="two columns called 'name'") as error:
        report(town, zones=zones)
    one_sentence(error)
    with pytest.raises(UsageError, match="two columns called 'name'"):
        report(town, zones=zones, name_column="name")


def test_names_are_guessed(town: Path) -> None:
    zones = make_zones().rename(columns={"name": "BEZIRK"}).assign(code=[7.0, 8.0, 9.0])
    assert report(town, zones=zones).table["zone"].tolist()[0] == "strip 0"
    assert report(town, zones=zones, name_column="code").table["zone"].tolist()[0] == "7"
    numbered = report(town, zones=zones[["geometry"]]).table
    assert numbered["zone"].tolist() == ["zone 1", "zone 2", "zone 3", "total"]
    gadm = make_zones().rename(columns={"name": "NAME_2"}).assign(GID="x", COUNTRY="y")
    assert report(town, zones=gadm).table["zone"].tolist()[0] == "strip 0"


def test_invalid_zones_are_repaired_and_told(town: Path) -> None:
    bow = shapely.Polygon(
        [(340_000, 3_060_000), (341_000, 3_061_000), (341_000, 3_060_000), (340_000, 3_061_000)]
    )
    zones = gpd.GeoDataFrame({"name": ["bow"]}, geometry=[bow], crs="EPSG:32645")
    result = report(town, zones=zones)
    table = result.table
    assert table["observed_km2"].iloc[-1] == pytest.approx(0.5 - 0.02, rel=1e-3)
    assert any("1 invalid polygon of" in note for note in result.notes)


def one_sentence(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert 20 < len(text) < 250
    return text


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"zones": make_zones().set_crs(None, allow_override=True)}, "no CRS"),
        ({"zones": make_zones().iloc[:0]}, "is empty"),
        ({"zones": make_zones(), "name_column": "mayor"}, "'mayor'"),
        ({"zones": make_zones().set_crs("EPSG:3857", allow_override=True)}, "observed area"),
        ({"zones": make_zones().set_geometry(make_zones().representative_point())}, "polygons"),
        ({"zones": "nowhere.gpkg"}, "no such file"),
        ({"grid": "500 miles"}, "500m"),
        ({"grid": "0.01m"}, "cells"),
        ({"h3": 99}, "0 to 15"),
        ({"h3": 15, "grid": "1km"}, "exclude"),
        ({"sizes": (50, 20)}, "rising"),
        ({"sample": "a.gpkg"}, "together"),
        ({"overlaps": "last"}, "refuse"),
        ({"name_column": "name"}, "--zones"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(town: Path, options: dict[str, Any], expected: str) -> None:
    with pytest.raises((UsageError, UnreadableVectorError)) as error:
        report(town, **options)
    assert expected in one_sentence(error)


def test_bad_buildings_are_one_sentence(tmp_path: Path) -> None:
    no_crs = make_town().set_crs(None, allow_override=True)
    with pytest.raises(UnreadableVectorError, match="no CRS"):
        report(no_crs)
    empty = tmp_path / "empty.gpkg"
    make_town().iloc[:0].to_file(empty, layer="buildings", driver="GPKG")
    with pytest.raises(UnreadableVectorError, match="nothing to report"):
        report(empty)
    text = tmp_path / "text.gpkg"
    text.write_text("no database")
    with pytest.raises(UnreadableVectorError, match="cannot be read"):
        report(text)


def test_zones_of_another_place_are_refused_without_an_extent_too() -> None:
    with pytest.raises(UsageError, match="observed area"):
        report(make_town(), zones=make_zones("EPSG:2263"))


def test_zones_of_the_whole_world_are_welcome(town: Path, tmp_path: Path) -> None:
    world = shapely.box(np.arange(-180, 180, 5), -85, np.arange(-175, 185, 5), 85)
    zones = gpd.GeoDataFrame(geometry=world, crs="EPSG:4326")
    outputs = [tmp_path / "r.html", tmp_path / "r.gpkg"]
    table = report(town, zones=zones, html=outputs[0], output=outputs[1]).table
    assert table["buildings"].tolist() == [120 * (left == 85) for left in range(-180, 180, 5)] + [
        120
    ]
    assert all(path.exists() for path in outputs)


def test_an_observed_area_without_buildings_reports_zeros(tmp_path: Path) -> None:
    path = tmp_path / "empty.gpkg"
    make_town().iloc[:0].to_file(path, layer="buildings", driver="GPKG")
    make_extent().to_file(path, layer="extent", driver="GPKG")
    result = report(path, zones=make_zones(), html=tmp_path / "r.html")
    table = result.table
    assert table["buildings"].tolist() == [0, 0, 0, 0]
    assert table["density_per_km2"].iloc[-1] == 0
    assert np.isnan(table["mean_area_m2"].iloc[-1])
    assert any("holds no buildings" in note for note in result.notes)


def test_zones_off_the_raster_have_no_density(town: Path) -> None:
    zones = make_zones(cuts=(0, 500, 1000, 1500))
    result = report(town, zones=zones)
    table = result.table
    assert table["observed_km2"].iloc[2] == 0
    assert np.isnan(table["density_per_km2"].iloc[2])
    assert any("1 zone lies outside the observed area: 'strip 2'" in n for n in result.notes)


def test_tables_are_written_in_every_format(town: Path, tmp_path: Path) -> None:
    zones = make_zones()
    zones["name"] = ["=1+1", 'O\'Hara "x"', "<script>"]
    outputs = [tmp_path / f"r.{suffix}" for suffix in ("csv", "json", "xlsx", "gpkg")]
    table = report(town, zones=zones, output=outputs).table

    csv = gpd.pd.read_csv(outputs[0])
    assert csv["zone"].tolist() == ["'=1+1", *zones["name"][1:], "total"]
    assert csv["area_m2"].tolist() == table["area_m2"].tolist()
    stored = json.loads(outputs[1].read_text())
    assert [row["buildings"] for row in stored["rows"]] == table["buildings"].tolist()
    assert stored["notes"]
    assert stored["provenance"]["buildings"] == "town.gpkg (layer buildings)"
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(outputs[2])
    sheet = book["zones"]
    assert [cell.value for cell in book["columns"]["B"]][1:] == list(csv.columns)
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")
    assert (
        gpd.read_file(outputs[3], layer="zones")["buildings"].tolist() == csv["buildings"].tolist()
    )
    assert not [path for path in tmp_path.iterdir() if "writing" in path.name]


@pytest.mark.parametrize("suffix", WHOLE)
def test_zones_are_written_in_every_format_of_polygons(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"r{suffix}"
    result = report(make_town(), str(path), zones=make_zones())
    zones = load(path, "zones", layer="zones" if suffix == ".gpkg" else None).frame
    zones = zones.sort_values("zone", ignore_index=True)
    assert zones["zone"].tolist() == ["strip 0", "strip 1", "strip 2", "total"]
    assert zones["buildings"].tolist() == result.table["buildings"].tolist()
    assert zones["area_m2"].tolist() == result.table["area_m2"].tolist()
    assert zones.geometry.isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize("suffix", [".parquet", ".geojson", ".fgb"])
def test_every_input_may_be_of_any_format(tmp_path: Path, suffix: str) -> None:
    plots = make_zones(to="EPSG:32645", cuts=(0, 200, 400))
    tables = {"b": make_town(), "z": make_zones(), "s": make_town(count=60), "p": plots}
    paths = {name: tmp_path / f"{name}{suffix}" for name in tables}
    for name, frame in tables.items():
        write_frame(frame, paths[name])
    found = report(paths["b"], zones=paths["z"], sample=paths["s"], sample_areas=str(paths["p"]))
    in_memory = report(tables["b"], zones=tables["z"], sample=tables["s"], sample_areas=tables["p"])
    assert found.as_dict()["buildings"] == in_memory.as_dict()["buildings"] == 120
    for column in ("buildings", "area_m2", "buildings_corrected", "observed_km2"):
        # The rows of a FlatGeobuf lie in the order of its index.
        one, other = (one.table.sort_values("zone")[column] for one in (found, in_memory))
        assert one.tolist() == pytest.approx(other.tolist(), rel=1e-5, nan_ok=True)


def test_every_input_may_have_several_layers(tmp_path: Path) -> None:
    path = tmp_path / "all.gpkg"
    plots = make_zones(to="EPSG:32645", cuts=(0, 200, 400))
    tables = {"b": make_town(), "z": make_zones(), "s": make_town(count=60), "p": plots}
    write_layers([FrameLayer(name, frame) for name, frame in tables.items()], path)
    names = {"layer": "b", "zones_layer": "z", "sample_layer": "s", "sample_areas_layer": "p"}
    result = report(path, zones=path, sample=path, sample_areas=path, **names)
    assert result.table["buildings"].tolist()[-1] == 120
    assert len(result.table) == 4
    for left_out in names:
        some = {name: layer for name, layer in names.items() if name != left_out}
        with pytest.raises(UnreadableVectorError, match="name one of them"):
            report(path, zones=path, sample=path, sample_areas=path, **some)
    with pytest.raises(UsageError, match="'z' is of zones, which are not given"):
        report(path, layer="b", zones_layer="z")
    with pytest.raises(UsageError, match="has no layers"):
        report(make_town(), layer="b")


def test_a_report_tells_itself_in_a_line(town: Path, tmp_path: Path) -> None:
    result = report(town, tmp_path / "r.csv", zones=make_zones())
    assert repr(result) == "AreaReport(3 zones, 120 buildings)"
    assert json.loads(json.dumps(result.as_dict()))["zones"] == 3


def test_zones_become_a_styled_layer_of_the_buildings_file(town: Path) -> None:
    before = gpd.read_file(town, layer="buildings")
    report(town, zones=make_zones(), output=town)
    assert {"buildings", "extent", "zones"} <= set(pyogrio.list_layers(town)[:, 0])
    assert gpd.read_file(town, layer="buildings").equals(before)
    with sqlite3.connect(town) as connection:
        query = "SELECT f_table_name, styleQML, useAsDefault FROM layer_styles"
        ((layer, qml, default),) = connection.execute(query).fetchall()
        kinds = dict(connection.execute("SELECT table_name, data_type FROM gpkg_contents"))
    connection.close()
    assert (layer, default) == ("zones", 1)
    assert '<renderer-v2 type="graduatedSymbol"' in qml
    assert ' attr="density_per_km2"' in qml
    assert kinds["layer_styles"] == "attributes"
    with pytest.raises(OutputExistsError, match="'zones'"):
        report(town, output=town)
    report(town, output=town, overwrite=True)
    assert len(gpd.read_file(town, layer="zones")) == 2


def test_outputs_are_refused_before_the_work(town: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        report(town, output=[tmp_path / "new.json", tmp_path / "r.csv"])
    assert (tmp_path / "r.csv").read_text() == "mine"
    assert not (tmp_path / "new.json").exists()
    with pytest.raises(UsageError, match="allowed are"):
        report(town, output=tmp_path / "r.doc")
    with pytest.raises(UsageError, match="name it by --html"):
        report(town, output=tmp_path / "r.html")
    with pytest.raises(UsageError, match=r"allowed are \.html"):
        report(town, html=tmp_path / "r.csv")


def test_the_command_line_writes_several_files_and_a_summary(town: Path, tmp_path: Path) -> None:
    zones = tmp_path / "zones.geojson"
    make_zones().to_file(zones, driver="GeoJSON")
    outputs = [tmp_path / "r.csv", tmp_path / "r.html"]
    done = invoke(
        "report", town, "--zones", zones, "-o", outputs[0], "--html", outputs[1], "--json"
    )
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    table = report(town, zones=make_zones()).table
    assert summary["zones"] == 3
    assert summary["area_m2"] == table["area_m2"].iloc[-1]
    assert (summary["output"], summary["html"]) == ([str(outputs[0])], str(outputs[1]))
    assert all(path.exists() for path in outputs)
    again = invoke("report", town, "-o", outputs[0])
    assert isinstance(again.exception, OutputExistsError)


def test_the_command_line_prints_the_table(town: Path) -> None:
    done = invoke("report", town, "--grid", "500m", "--sizes", "50,100")
    assert done.exit_code == 0
    assert "E340000 N3060000" in done.stdout
    assert "total" in done.stdout
    assert "Note: " in done.stderr


@pytest.mark.thorough
def test_real_footprints_in_degrees(shared_data: Path) -> None:
    labels = shared_data / "train" / "banepa_z18" / "labels.geojson"
    real = gpd.read_file(labels)
    table = report(labels, grid="250m").table
    area = independent_area(real)
    assert table["buildings"].iloc[-1] == len(real)
    assert table["area_m2"].iloc[-1] == pytest.approx(area.sum(), rel=1e-9)
    assert table["median_area_m2"].iloc[-1] == pytest.approx(np.median(area), rel=1e-9)
    points = real.set_geometry(real.geometry.representative_point())
    counts = gpd.sjoin(table.iloc[:-1], points, predicate="contains").groupby("zone").size()
    rows = table.iloc[:-1].set_index("zone")["buildings"]
    assert rows[rows > 0].to_dict() == counts.to_dict()


@given(
    points=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30),
    cuts=st.lists(st.integers(1, 11), max_size=4, unique=True),
)
def test_every_point_has_the_first_zone_that_touches_it(
    points: list[tuple[int, int]], cuts: tuple[int, ...]
) -> None:
    edges = [0, *sorted(cuts), 10]
    zones = shapely.box(np.array(edges[:-1]), 0, np.array(edges[1:]), 10)
    found = assign(np.array(points, dtype=float), zones)
    for (x, y), zone in zip(points, found, strict=True):
        touching = [i for i, z in enumerate(zones) if z.intersects(shapely.Point(x, y))]
        assert zone == (touching[0] if touching else OUTSIDE)


@given(st.lists(st.floats(0.1, 5000), max_size=50))
def test_size_classes_are_a_partition(areas: list[float]) -> None:
    classes = size_classes(SIZE_LIMITS_M2)
    held = [sum(c.lower_m2 <= area < c.upper_m2 for c in classes) for area in areas]
    assert held == [1] * len(areas)


@tries(25)
@given(lon=st.floats(-179, 178), lat=st.floats(-80, 79), size=st.floats(1e-4, 0.5))
def test_geodesic_areas_equal_pyproj_with_holes(lon: float, lat: float, size: float) -> None:
    ring = [(lon, lat), (lon + size, lat), (lon + size, lat + size), (lon, lat + size)]
    hole = [(lon + size * a, lat + size * b) for a, b in ((0.2, 0.2), (0.7, 0.3), (0.4, 0.8))]
    shape = shapely.orient_polygons(shapely.Polygon(ring, [hole]))
    expected = Geod(ellps="WGS84").geometry_area_perimeter(shape)[0]
    got = areas_m2(np.array([shape, shapely.Polygon(), shape.reverse()]), CRS(4326))
    # GeographicLib itself rounds by up to 1e-5 m2 here, depending on where a ring begins.
    assert got.tolist() == pytest.approx([expected, 0, expected], rel=1e-9, abs=1e-4)


@pytest.mark.parametrize("suffix", [".fgb", ".gpkg", ".parquet"])
def test_the_total_without_an_outline_is_no_obstacle_to_readers(
    tmp_path: Path, suffix: str
) -> None:
    x = 340_000 + 30.0 * np.arange(20)
    town = gpd.GeoDataFrame(geometry=shapely.box(x, 3_060_000, x + 10, 3_060_010), crs=32645)
    path = tmp_path / f"zones{suffix}"
    first = report(town, path, grid="100m").table
    read = gpd.read_parquet(path) if suffix == ".parquet" else gpd.read_file(path, layer="zones")
    assert sorted(read["zone"]) == sorted(first["zone"])
    assert read["zone"][read.geometry.isna()].tolist() == ["total"]
    again = report(town, zones=path, zones_layer=None if suffix == ".parquet" else "zones")
    counts = [dict(zip(one["zone"], one["buildings"], strict=True)) for one in (first, again.table)]
    assert counts[0] == counts[1]
    assert any("no geometry" in note for note in again.notes)
