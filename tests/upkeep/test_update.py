"""An old layer brought up to date, against towns whose changes are known and against other tools."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from changed_town import F1_60, PERFECT, ChangedTown, TownSettings, build, seen
from commands import exit_code, invoke
from numpy.typing import NDArray
from pyproj import CRS, Geod

import geoseg
from geoseg.accuracy.layers import read_buildings
from geoseg.errors import GeosegError, OutputExistsError, UnreadableVectorError, UsageError
from geoseg.export.output import WRITERS
from geoseg.progress import ignored
from geoseg.upkeep.new import read_new
from geoseg.upkeep.rows import NAMES
from geoseg.vectors.buildings import DECISIONS
from geoseg.vectors.load import load
from geoseg.vectors.standing import standing

UTM = "EPSG:32645"
LEFT, BOTTOM = 340_000.0, 3_060_000.0


def squares(
    cells: NDArray[np.intp], side: float = 12.0, pitch: float = 30.0
) -> NDArray[np.object_]:
    x, y = LEFT + pitch * (cells % 10), BOTTOM + pitch * (cells // 10)
    return np.asarray(shapely.box(x, y, x + side, y + side), dtype=object)


def moved(shapes: NDArray[np.object_], x: float, y: float) -> NDArray[np.object_]:
    return np.asarray(shapely.transform(shapes, lambda xy: xy + np.array([x, y])), dtype=object)


def roofs(walls: NDArray[np.object_], eaves: float = 0.6) -> NDArray[np.object_]:
    return np.asarray(shapely.buffer(walls, eaves, join_style="mitre"), dtype=object)


def old_frame(shapes: NDArray[np.object_], crs: str = UTM) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"id": 100 + np.arange(len(shapes))}, geometry=shapes, crs=crs)


def new_frame(shapes: NDArray[np.object_], crs: str = UTM) -> gpd.GeoDataFrame:
    columns = {"building_id": np.arange(len(shapes)), "confidence": 0.995, "at_edge": False}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


class Nothing:
    """Maps of open ground everywhere."""

    level = 0.0

    def under(
        self, outlines: NDArray[np.object_], crs: CRS, progress: object = ignored
    ) -> NDArray[np.float64]:
        assert crs.is_projected
        assert callable(progress)
        return np.full(len(outlines), self.level)


class Doubt(Nothing):
    level = 0.2


@pytest.fixture(scope="module")
def town() -> ChangedTown:
    return build(TownSettings(lots=300, seed=41, split=0.03, merged=0.03, moved=0.04))


def decided(result: geoseg.Updated) -> NDArray[np.object_]:
    return result.rows["decision"].to_numpy(dtype=object)


def test_known_changes_are_found(town: ChangedTown) -> None:
    frame, maps = seen(town, PERFECT, 1)
    result = geoseg.update(town.old, frame, maps=maps)
    size = len(town.old)
    said = decided(result)
    looked_up = town.truth != "gone"  # of open ground, the maps of the town are not always sure
    assert (said[:size][looked_up] == town.truth[looked_up]).mean() >= 0.98
    assert set(said[:size][~looked_up]) <= {"gone", "kept"}
    assert (said[:size][town.truth == "kept"] == "kept").all()
    assert len(result.rows) - size == town.is_new.sum()
    assert result.counts == {name: Counter(said)[name] for name in DECISIONS}
    assert list(result.rows["id"][:size]) == list(town.old["id"])


def test_what_stays_keeps_its_outline_to_the_last_bit(town: ChangedTown) -> None:
    frame, maps = seen(town, F1_60, 1)
    result = geoseg.update(town.old, frame, maps=maps)
    size = len(town.old)
    still = ~np.isin(decided(result)[:size], ["changed", "moved"])
    mine = result.rows.geometry.to_numpy()[:size]
    assert shapely.equals_identical(mine[still], town.old.geometry.to_numpy()[still]).all()


def test_the_shift_of_a_quarter_is_found_and_told() -> None:
    cells = np.arange(100)
    west, east = squares(cells), moved(squares(cells), 3000, 0)
    seen_today = np.concatenate([moved(roofs(west), 1.5, -0.5), moved(roofs(east), -1.0, 2.0)])
    result = geoseg.update(old_frame(np.concatenate([west, east])), new_frame(seen_today))
    by = result.rows[["shift_x_m", "shift_y_m"]].to_numpy(dtype=float)
    assert np.allclose(by[:100], [1.5, -0.5], atol=0.05)
    assert np.allclose(by[100:], [-1.0, 2.0], atol=0.05)
    assert set(decided(result)) == {"kept"}
    assert "1.58" in " ".join(result.notes) or "2.24" in " ".join(result.notes)
    assert sorted(result.shifts["shift_m"].round(1).unique()) == [1.6, 2.2]


def test_presence_tells_which_new_ones_are_buildings() -> None:
    walls = squares(np.arange(100))
    layer = new_frame(squares(np.arange(120))).assign(confidence=0.6)
    doubted = geoseg.update(old_frame(walls), layer)
    assert "new" not in decided(doubted)
    usual = np.array([0.7, 0.85, 0.93, 0.97, 0.98, 0.985, 0.985, 0.99, 0.99, 0.99])
    presence = usual[np.arange(120) % 10]
    presence[100:] = [0.99] * 18 + [0.6, 0.5]
    told = geoseg.update(old_frame(walls), layer.assign(presence=presence))
    assert decided(told)[100:].tolist() == ["new"] * 18  # neither of the two that hardly are there
    for nothing in (np.nan, "high", 7.0):
        same = geoseg.update(old_frame(walls), layer.assign(presence=nothing))
        assert decided(same).tolist() == decided(doubted).tolist()


def test_new_outlines_are_moved_to_fit_the_old_layer() -> None:
    walls = squares(np.arange(60))
    seen_today = moved(squares(np.arange(61)), 1.5, -0.5)
    result = geoseg.update(old_frame(walls), new_frame(seen_today))
    added = result.rows.geometry.iloc[60]
    assert decided(result)[60] == "new"
    assert shapely.hausdorff_distance(added, squares(np.arange(61))[60]) < 0.01


def test_changed_and_moved_say_by_how_much() -> None:
    walls = squares(np.arange(60))
    today = walls.copy()
    today[3] = shapely.union(walls[3], shapely.box(*(walls[3].bounds + np.array([11, 0, 8, 0]))))
    today[7] = moved(walls[7:8], 3.0, 0)[0]
    result = geoseg.update(old_frame(walls), new_frame(today), eaves_m=0.0, tolerance_m=0.5)
    assert decided(result)[[3, 7]].tolist() == ["changed", "moved"]
    # By hand: 7.5 m of the wing of 8 m stand out by more than the tolerance, along 12 m of wall.
    assert result.rows["ev_added"].iloc[3] == pytest.approx(7.5 * 12, rel=1e-6)
    assert result.rows["moved_x_m"].iloc[7] == pytest.approx(3.0, abs=0.05)
    assert shapely.equals_exact(result.rows.geometry.iloc[7], today[7], 0.05)
    assert shapely.equals_exact(result.rows.geometry.iloc[3], today[3], 0.05)


def test_iou_and_cover_are_those_of_shapely(town: ChangedTown) -> None:
    frame, _ = seen(town, F1_60, 1)
    result = geoseg.update(town.old, frame)
    rows = result.rows.iloc[: len(town.old)]
    for index in range(0, len(rows), 17):
        by = rows[["shift_x_m", "shift_y_m"]].iloc[index].to_numpy(dtype=float)
        wall, today = town.old.geometry.iloc[index], moved(frame.geometry.to_numpy(), *-by)
        shared = shapely.area(shapely.intersection(wall, today))
        assert rows["ev_covered"].iloc[index] == pytest.approx(
            min(shared.sum() / wall.area, 1), abs=0.01
        )
        if rows["ev_iou"].iloc[index] > 0:
            found = shared / (wall.area + shapely.area(today) - shared)
            assert np.isclose(found, rows["ev_iou"].iloc[index], atol=0.01).any()


def test_absence_alone_is_no_proof() -> None:
    walls = squares(np.arange(80))
    today = new_frame(roofs(walls[4:]))
    alone = geoseg.update(old_frame(walls), today)
    assert alone.counts["gone"] == 0
    assert "4 old buildings not found" in " ".join(alone.notes)
    assert list(alone.review["proposal"][:4]) == ["gone"] * 4
    looked = geoseg.update(old_frame(walls), today, maps=Nothing())
    assert decided(looked)[:4].tolist() == ["gone"] * 4
    assert looked.rows["ev_prob"].iloc[:4].tolist() == [0.0] * 4
    doubtful = geoseg.update(old_frame(walls), today, maps=Doubt())
    assert doubtful.counts["gone"] == 0
    known = geoseg.update(old_frame(walls), today, recall=1.0)
    assert known.counts["gone"] == 4


def test_unsure_new_buildings_are_asked_about_and_not_written() -> None:
    walls = squares(np.arange(700))
    today = new_frame(roofs(squares(np.arange(710))))
    today.loc[700:704, "confidence"] = 0.3
    today.loc[705, "confidence"] = 0.001
    today.loc[706, "at_edge"] = True
    result = geoseg.update(old_frame(walls), today)
    assert len(result.rows) == 703
    assert result.doubtful == 1
    asked = result.review[result.review["proposal"] == "new"]
    assert len(asked) == 6
    assert (result.review["review"] == np.arange(1, len(result.review) + 1)).all()


def test_a_height_makes_a_building() -> None:
    walls = squares(np.arange(60))
    today = new_frame(roofs(squares(np.arange(62))))
    today.loc[60:, "confidence"] = 0.8
    today["height_m"] = 5.0
    today.loc[61, "height_m"] = 0.2
    result = geoseg.update(old_frame(walls), today)
    assert len(result.rows) == 61
    assert result.rows["ev_height"].iloc[60] == 5.0


def test_out_of_sight_is_unseen() -> None:
    walls = squares(np.arange(60))
    inside = (LEFT - 5, BOTTOM - 5, LEFT + 400, BOTTOM + 100)
    result = geoseg.update(
        old_frame(walls), new_frame(roofs(walls[:20])), aoi=inside, maps=Nothing()
    )
    said = decided(result)
    assert set(said[:20]) == {"kept"}
    assert set(said[20:30]) == {"gone"}
    assert set(said[40:]) == {"unseen"}
    assert result.rows["ev_covered"].iloc[40:].isna().all()


def test_split_and_merged_name_their_parts_and_keep_the_old_outline() -> None:
    walls = squares(np.arange(60), side=16)
    walls[1] = moved(walls[:1], 20.5, 0)[0]
    today = roofs(walls, 0.0)
    x0, y0, x1, y1 = walls[5].bounds
    halves = [shapely.box(x0, y0, x0 + 6, y1), shapely.box(x1 - 6, y0, x1, y1)]
    joined = shapely.box(
        walls[0].bounds[0], walls[0].bounds[1], walls[1].bounds[2], walls[1].bounds[3]
    )
    shapes = np.array([joined, *today[2:5], *halves, *today[6:]], dtype=object)
    result = geoseg.update(old_frame(walls), new_frame(shapes), eaves_m=0.2)
    assert decided(result)[[0, 1, 5]].tolist() == ["merged", "merged", "split"]
    assert result.rows["ev_new_ids"].iloc[[0, 1, 5]].tolist() == ["[0]", "[0]", "[4, 5]"]
    assert len(result.rows) == 60
    touching = np.array([*halves[:1], shapely.box(x0 + 6, y0, x1, y1)], dtype=object)
    shapes = np.concatenate([today[:5], touching, today[6:]])
    assert set(decided(geoseg.update(old_frame(walls), new_frame(shapes)))) == {"kept"}


def odd_rows() -> gpd.GeoDataFrame:
    """Everything that is easily lost."""
    flat = squares(np.arange(40))
    shapes = shapely.force_3d(flat, 1412.25)
    shapes[1] = shapely.MultiPolygon([shapes[1], shapely.force_3d(moved(flat[1:2], 13, 0)[0], 9.5)])
    shapes[2] = None
    frame = gpd.GeoDataFrame(geometry=shapes, crs=UTM)
    nothing = [None] * 38
    for name, values, kind in (
        ("zone", [2**53 + 1, None, *range(38)], pa.int64()),
        ("built", [dt.date(1871, 2, 28), None, *nothing], pa.date32()),
        (
            "checked",
            [1_709_251_198_123, None, *nothing],
            pa.timestamp("ms"),
        ),
        ("story", ["ä" * 5000, "", *nothing], pa.string()),
        ("small", [True, None, *nothing], pa.bool_()),
        ("egid", [f"CH{i}" for i in range(40)], pa.string()),
        ("blob", [b"\x00\xff", None, *nothing], pa.binary()),
    ):
        frame[name] = gpd.pd.Series(gpd.pd.arrays.ArrowExtensionArray(pa.array(values, kind)))
    return frame[["zone", "built", "checked", "story", "geometry", "small", "egid", "blob"]]


def test_everything_of_the_old_layer_survives_in_a_geopackage(tmp_path: Path) -> None:
    from geoseg.export.frames import FrameLayer
    from geoseg.export.output import write_layers

    old, out = tmp_path / "old.gpkg", tmp_path / "out.gpkg"
    write_layers([FrameLayer("town", odd_rows(), heights=True)], old)
    seen_today = roofs(squares(np.arange(41)))
    seen_today[1] = shapely.union(seen_today[1], moved(seen_today[1:2], 13, 0)[0])
    result = geoseg.update(old, new_frame(seen_today), out)
    assert result.record["id_column"] == "egid"
    before = pyogrio.read_arrow(old, layer="town")[1]
    after = pyogrio.read_arrow(out, layer="buildings")[1]
    names = [name for name in before.column_names if name != "geom"]
    assert after.column_names[: len(names)] == names
    assert after.column_names[len(names) :] == [*NAMES, "geom"]
    for name in (*names, "geom"):
        assert after[name].type == before[name].type, name
        assert after[name].slice(0, 40).equals(before[name].cast(after[name].type)), name
    assert after["zone"][0].as_py() == 2**53 + 1
    assert pyogrio.read_info(out, layer="buildings")["geometry_type"] == "MultiPolygon Z"
    assert pyogrio.list_layers(out)[:3, 0].tolist() == ["buildings", "review", "shifts"]
    assert after["decision"].to_pylist()[2] == "unseen"  # no geometry, nothing to be said
    with closing(sqlite3.connect(out)) as file:
        (style,) = file.execute(
            "SELECT styleQML FROM layer_styles WHERE f_table_name = 'buildings'"
        ).fetchone()
        assert 'attr="decision"' in style
        assert all(f'value="{name}"' in style for name in DECISIONS)
        (run,) = file.execute("SELECT metadata FROM gpkg_metadata").fetchone()
    assert json.loads(run)["update"]["id_column"] == "egid"


@pytest.mark.thorough
def test_lists_become_json_text_and_come_back(tmp_path: Path) -> None:
    frame = old_frame(squares(np.arange(30)))
    frame["tags"] = [["a", "b"], None, *[["c"]] * 28]
    old, out = tmp_path / "old.parquet", tmp_path / "out.gpkg"
    frame.to_parquet(old)
    geoseg.update(old, new_frame(roofs(squares(np.arange(30)))), out)
    assert pyogrio.read_arrow(out, layer="buildings")[1]["tags"].to_pylist()[:2] == [
        '["a", "b"]',
        None,
    ]
    again = tmp_path / "again.gpkg"
    geoseg.update(out, new_frame(roofs(squares(np.arange(30)))), again, old_layer="buildings")
    assert pyogrio.read_arrow(again, layer="buildings")[1]["tags"].to_pylist()[0] == '["a", "b"]'
    first, second = (pyogrio.read_info(one, layer="buildings")["fields"] for one in (out, again))
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize(
    "suffix", [one for one in WRITERS if one in (".geojson", ".fgb", ".parquet")]
)
def test_other_formats_hold_the_rows(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    walls = squares(np.arange(30))
    geoseg.update(old_frame(walls), new_frame(roofs(squares(np.arange(31)))), out)
    read = gpd.read_parquet(out) if suffix == ".parquet" else gpd.read_file(out)
    assert sorted(read["id"].dropna().astype(int)) == list(range(100, 130))
    assert Counter(read["decision"]) == {"kept": 30, "new": 1}


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:2263"])
def test_any_crs_gives_the_same_decisions(crs: str) -> None:
    walls = squares(np.arange(70))
    today = new_frame(moved(roofs(walls[6:]), 1.2, -0.7))
    place = "EPSG:32618" if crs == "EPSG:2263" else UTM
    by = (583_000 - LEFT, 4_507_000 - BOTTOM) if crs == "EPSG:2263" else (0, 0)
    old = old_frame(moved(walls[:60], *by), place).to_crs(crs)
    new = today.set_geometry(moved(today.geometry.to_numpy(), *by), crs=place)
    result = geoseg.update(old, new, maps=Nothing())
    assert Counter(decided(result)) == {"kept": 54, "gone": 6, "new": 10}
    assert result.rows.crs == old.crs
    assert np.hypot(result.record["shift_x_m"], result.record["shift_y_m"]) == pytest.approx(
        np.hypot(1.2, 0.7), abs=0.05
    )


@pytest.mark.parametrize("crs", ["EPSG:2053", "EPSG:2065"])  # southings and westings
def test_east_is_east_where_a_crs_counts_to_the_west(crs: str) -> None:
    place = "EPSG:32735" if crs == "EPSG:2053" else "EPSG:32633"
    by = (700_000 - LEFT, (7_100_000 if crs == "EPSG:2053" else 5_550_000) - BOTTOM)
    walls = moved(squares(np.arange(70)), *by)
    today = moved(roofs(walls), 1.2, -0.7)
    today[40] = moved(today[40:41], 4, 0)[0]
    old = old_frame(walls, place).to_crs(crs)
    result = geoseg.update(old, new_frame(today).set_crs(place, allow_override=True))
    assert Counter(decided(result)) == {"kept": 69, "moved": 1}
    shift = [result.record["shift_x_m"], result.record["shift_y_m"]]
    assert shift == pytest.approx([1.2, -0.7], abs=0.08)  # the grids are turned a little
    assert result.rows["moved_x_m"][40] == pytest.approx(4, abs=0.05)
    there = result.rows.geometry.to_crs(place)[40]
    assert there.centroid.distance(moved(walls[40:41], 4, 0)[0].centroid) < 0.1


def test_proposals_are_geojson_and_say_the_licence(tmp_path: Path) -> None:
    walls = squares(np.arange(60))
    josm, tasks = tmp_path / "josm.geojson", tmp_path / "tasks.geojsonl"
    result = geoseg.update(
        old_frame(walls[:58]),
        new_frame(roofs(walls[2:])),
        maps=Nothing(),
        josm=josm,
        maproulette=tasks,
    )
    assert result.counts["gone"] == 2
    collection = json.loads(josm.read_text(encoding="utf-8"))
    assert "ODbL" in collection["licence"]
    kinds = Counter("fixme" in one["properties"] for one in collection["features"])
    assert kinds == {True: 2, False: 2}
    assert {one["properties"].get("building") for one in collection["features"]} == {"yes", None}
    lines = tasks.read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert len(lines) == 4
    for line in lines:
        assert line.startswith("\x1e")
        (feature,) = json.loads(line[1:])["features"]
        assert feature["properties"]["decision"] in {"new", "gone"}
        assert "ODbL" in feature["properties"]["licence"]
        lon, lat = feature["geometry"]["coordinates"][0][0]
        assert 84 < lon < 87
        assert 27 < lat < 28


def test_the_command_line_and_the_report(tmp_path: Path) -> None:
    walls = squares(np.arange(60))
    old, new, out = (tmp_path / f"{name}.gpkg" for name in ("old", "new", "out"))
    old_frame(walls).to_file(old)
    new_frame(roofs(squares(np.arange(63)))).to_file(new)
    done = invoke("update", old, new, "-o", out, "--json", "--recall", "0.9")
    said = json.loads(done.stdout)
    assert said["output"] == str(out)
    assert (said["kept"], said["new"], said["rows"]) == (60, 3, 63)
    assert exit_code("update", old, new, "-o", out) == 2
    told = json.loads(invoke("report", out, "--json").stdout)
    assert (told["decision_kept"], told["decision_new"], told["decision_gone"]) == (60, 3, 0)
    assert told["buildings"] == 63


def test_gone_ones_are_not_counted_as_buildings(tmp_path: Path) -> None:
    walls = squares(np.arange(60))
    out = tmp_path / "out.gpkg"
    geoseg.update(old_frame(walls), new_frame(roofs(walls[5:])), out, maps=Nothing())
    total = geoseg.report(out).as_dict()
    assert (total["buildings"], total["decision_gone"]) == (55, 5)
    assert any("gone" in note for note in total["notes"])


@pytest.mark.parametrize("suffix", ["gpkg", "parquet"])
def test_gone_ones_are_left_out_beside_a_column_decision_of_the_older_layer(
    tmp_path: Path, suffix: str
) -> None:
    walls = squares(np.arange(60))
    old, out = old_frame(walls).assign(decision="demolish"), tmp_path / f"out.{suffix}"
    result = geoseg.update(old, new_frame(roofs(walls[5:])), out, maps=Nothing())
    for given in (out, result.rows):
        total = geoseg.report(given).as_dict()
        assert (total["buildings"], total["decision_gone"]) == (55, 5)
        assert len(read_buildings(given, role="rows", layer=None, columns=()).geometry) == 55
        assert len(read_new(given, None).outlines) == 55
        assert (~standing(load(given, "rows", preferred="buildings").frame)).sum() == 5
    again = geoseg.update(out, new_frame(roofs(walls)))
    assert list(again.rows.columns) == list(result.rows.columns)
    assert again.counts["kept"] == 60
    assert set(again.rows["decision"]) == {"demolish"}


def test_the_observed_area_comes_along(tmp_path: Path) -> None:
    walls = squares(np.arange(60))
    old, new, out = (tmp_path / f"{name}.gpkg" for name in ("old", "new", "out"))
    new_frame(roofs(walls)).to_file(new, layer="buildings")
    around = shapely.box(*shapely.total_bounds(walls)).buffer(10, join_style="mitre")
    gpd.GeoDataFrame(geometry=[around], crs=UTM).to_file(new, layer="extent")
    old_frame(walls).to_file(old, layer="buildings")
    geoseg.update(old, new, out)
    (written,) = gpd.read_file(out, layer="extent").geometry
    assert written.geom_type == "MultiPolygon"
    assert written.symmetric_difference(around).area < 1e-3
    density = 60 / (Geod(ellps="WGS84").geometry_area_perimeter(
        gpd.GeoSeries([shapely.segmentize(around, 10)], crs=UTM).to_crs(4326).iloc[0])[0] / 1e6)  # fmt: skip
    assert geoseg.report(out).as_dict()["density_per_km2"] == pytest.approx(abs(density), rel=1e-6)

    # A row beyond it: the area that holds all rows is not known ...
    beyond = np.append(walls, moved(walls[:1], 5_000, 0))
    old_frame(beyond).to_file(old, layer="buildings")
    geoseg.update(old, new, out, overwrite=True)
    assert "extent" not in set(pyogrio.list_layers(out)[:, 0])
    # ... unless the old layer knows of its own.
    there = shapely.box(*shapely.total_bounds(beyond))
    gpd.GeoDataFrame(geometry=[there], crs=UTM).to_file(old, layer="extent")
    geoseg.update(old, new, out, overwrite=True)
    (written,) = gpd.read_file(out, layer="extent").geometry
    assert written.area == pytest.approx(there.union(around).area, rel=1e-9)


BAD = {
    "an empty old layer": (
        lambda: old_frame(squares(np.arange(0))),
        UnreadableVectorError,
        "no rows",
    ),
    "points": (
        lambda: old_frame(shapely.centroid(squares(np.arange(3)))),
        UnreadableVectorError,
        "points or lines",
    ),
    "a point among polygons": (
        lambda: old_frame(np.array([*squares(np.arange(3)), shapely.Point(LEFT, BOTTOM)], object)),
        UsageError,
        "row 3 .* Point",
    ),
    "no CRS": (
        lambda: gpd.GeoDataFrame({"id": [1]}, geometry=squares(np.arange(1))),
        UnreadableVectorError,
        "no CRS",
    ),
    "another town": (
        lambda: old_frame(moved(squares(np.arange(9)), 90_000, 0)),
        UsageError,
        "no place in common",
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_is_told_in_a_sentence(name: str) -> None:
    make, kind, words = BAD[name]
    with pytest.raises(kind, match=words) as caught:
        geoseg.update(make(), new_frame(squares(np.arange(5))))
    assert isinstance(caught.value, GeosegError)
    assert "\n" not in str(caught.value)


def test_ids_twice_or_missing_are_told_and_kept(tmp_path: Path) -> None:
    walls = squares(np.arange(30))
    frame = old_frame(walls)
    frame["id"] = [7, 7, *range(28)]
    today = new_frame(roofs(walls))
    result = geoseg.update(frame, today, id_column="id")
    assert list(result.rows["id"]) == list(frame["id"])
    assert "2 rows of the table of old buildings with the id of an earlier one." in result.notes
    unnamed = geoseg.update(frame, today)
    assert unnamed.record["id_column"] == "old_fid"
    assert any("2 rows without id, or with that of an earlier one" in one for one in unnamed.notes)
    without = tmp_path / "old.gpkg"
    frame[["geometry"]].assign(name="a").to_file(without)
    result = geoseg.update(without, today)
    assert result.record["id_column"] == "old_fid"
    assert list(result.rows["old_fid"]) == list(range(1, 31))
    with pytest.raises(UsageError, match="no column 'egid'"):
        geoseg.update(frame, today, id_column="egid")


@pytest.mark.thorough
def test_a_thousand_columns_survive(tmp_path: Path) -> None:
    walls = squares(np.arange(5))
    frame = old_frame(walls)
    many = gpd.pd.DataFrame({f"c{i}": np.arange(5) + i for i in range(1000)})
    wide = gpd.GeoDataFrame(gpd.pd.concat([frame, many], axis=1), crs=UTM)
    out = tmp_path / "out.gpkg"
    geoseg.update(wide, new_frame(roofs(walls)), out)
    assert len(pyogrio.read_info(out, layer="buildings")["fields"]) == 1001 + len(NAMES)


def test_a_column_called_decision_stays() -> None:
    walls = squares(np.arange(30))
    frame = old_frame(walls).assign(decision="demolish", sure=1)
    result = geoseg.update(frame, new_frame(roofs(walls)))
    assert set(result.rows["decision"]) == {"demolish"}
    assert result.record["decision_column"] == "decision_1"
    assert any("decisions stand in decision_1" in note for note in result.notes)
    assert standing(result.rows.assign(decision_1="gone")).sum() == 0
    # A column of the older layer's own under the other name.
    renamed = old_frame(walls).assign(decision_1=["gone", *["demolish"] * 29])
    assert standing(geoseg.update(renamed, new_frame(roofs(walls))).rows).all()
    assert result.counts["kept"] == 30


def test_layers_of_which_no_outline_fits_another_are_answered() -> None:
    old, new = squares(np.arange(0, 20, 2)), squares(np.arange(1, 20, 2))
    result = geoseg.update(old_frame(old), new_frame(new), recall=1)
    assert len(result.rows) >= len(old)
    assert result.rows["ev_new_ids"][: len(old)].isna().all()


def test_nothing_seen_and_wrong_options_are_refused(tmp_path: Path) -> None:
    walls = squares(np.arange(5))
    with pytest.raises(UnreadableVectorError, match="holds no building"):
        geoseg.update(old_frame(walls), new_frame(squares(np.arange(0))))
    with pytest.raises(UsageError, match="--eaves"):
        geoseg.update(old_frame(walls), new_frame(walls), eaves_m=-1.0)
    with pytest.raises(UsageError, match="needs the method under"):
        geoseg.update(old_frame(walls), new_frame(walls), maps=3)  # type: ignore[arg-type]
    there = tmp_path / "there.gpkg"
    there.touch()
    with pytest.raises(OutputExistsError):
        geoseg.update(old_frame(walls), new_frame(walls), there)
    with pytest.raises(UsageError, match="extension"):
        geoseg.update(old_frame(walls), new_frame(walls), josm=tmp_path / "x.osm")


def test_exchanged_layers_are_told_first() -> None:
    walls = squares(np.arange(30))
    old, new = old_frame(walls), new_frame(roofs(walls))
    swapped = geoseg.update(new, old).notes
    assert "exchange them if they are swapped" in swapped[0]
    for notes in (geoseg.update(old, new).notes, geoseg.update(new, new).notes):
        assert not any("exchange" in note for note in notes)


def test_columns_that_a_shapefile_has_no_room_for_are_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walls = squares(np.arange(30))
    columns = {f"c{number}": np.zeros(len(walls)) for number in range(250)}
    wide = gpd.GeoDataFrame(columns, geometry=walls, crs=UTM)
    monkeypatch.setattr("geoseg.upkeep.build.build_update", None)
    with pytest.raises(UsageError, match="255 columns at most"):
        geoseg.update(wide, new_frame(walls), tmp_path / "u.shp")
    assert list(tmp_path.iterdir()) == []
