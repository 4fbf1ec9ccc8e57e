"""Towns in 3D: every solid closed and seen from without, walls shared, files that others read."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from commands import exit_code, invoke
from conftest import LEFT_M, TOP_M, UTM
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from tries import tries

import geoseg
from geoseg.errors import GeosegError, OutputExistsError, UsageError
from geoseg.export.frames import FrameLayer
from geoseg.export.output import WRITERS, write_layers
from geoseg.vectors.layers import open_layer, read_frame
from geoseg.vectors.metadata import read_metadata

FLAT_M = 0.01
"""val3dity's own tolerance of planes."""


def town(*outlines: shapely.Geometry, **columns: Any) -> gpd.GeoDataFrame:
    """Footprints in metres from a corner, 10 m high unless ``height_m`` says otherwise."""
    shapes = [None if one is None else translate(one, LEFT_M + 0.123, TOP_M) for one in outlines]
    told = {"height_m": 10.0, "ground_m": 100.0, **columns}
    return gpd.GeoDataFrame(told, index=range(len(shapes)), geometry=shapes, crs=UTM)


def mixed_town() -> gpd.GeoDataFrame:
    court = shapely.box(30, 0, 60, 30) - shapely.box(40, 10, 50, 20)
    touching = shapely.box(30, 40, 50, 60) - shapely.Polygon([(40, 40), (45, 50), (35, 50)])
    parts = shapely.MultiPolygon([shapely.box(100, 0, 105, 5), shapely.box(105, 5, 110, 10)])
    return town(
        shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), court, touching, parts,
        shapely.Point(80, 20).buffer(6), rotate(shapely.box(70, 40, 90, 52), 33),
        height_m=[5.0, 8, 10.5, 4, 3, 12.25, 6.125], ground_m=[100.0, 100.2, 101, 99, 100, 101, 98],
    )  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text())
    return told


def shells(told: dict[str, Any]) -> list[list[list[list[int]]]]:
    found = []
    for one in told["CityObjects"].values():
        for geometry in one["geometry"]:
            if geometry["type"] == "Solid":
                found += geometry["boundaries"]
            elif geometry["type"] == "MultiSolid":
                found += [shell for solid in geometry["boundaries"] for shell in solid]
    return found


def places(told: dict[str, Any]) -> np.ndarray:
    steps = np.array(told["vertices"], dtype=float).reshape(-1, 3)
    return steps * told["transform"]["scale"]  # near the origin: small numbers are exact


def normal_of(points: np.ndarray) -> np.ndarray:
    """Newell's normal, as long as the area."""
    return np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0) / 2


def faults(told: dict[str, Any]) -> list[int]:
    """Numbers of val3dity's errors that the solids have."""
    at, found = places(told), set()
    for shell in shells(told):
        found |= {number for face in shell for number in face_faults(face, at)}
        rings = [ring for face in shell for ring in face]
        edges = Counter(pair for ring in rings for pair in sides(ring))
        if any(edges[b, a] == 0 for a, b in [*edges]):
            found.add(302)
        if any(edges[a, b] + edges[b, a] > 2 for a, b in [*edges]):
            found.add(303)
        if any(count > 1 for count in edges.values()):
            found.add(307)
        if sum(at[ring[0]] @ normal_of(at[ring]) / 3 for ring in rings) <= 0:
            found.add(405)
    return sorted(found)


def sides(ring: list[int]) -> list[tuple[int, int]]:
    return list(zip(ring, ring[1:] + ring[:1], strict=True))


def face_faults(face: list[list[int]], at: np.ndarray) -> Iterator[int]:
    if any(a == b for ring in face for a, b in sides(ring)):
        yield 102
    outer = normal_of(at[face[0]])
    size = np.linalg.norm(outer)
    if size == 0:
        yield 104
        return
    unit, flat = outer / size, at[np.concatenate(face)]
    middle = flat.mean(axis=0)
    if not shapely.Polygon(*_in_plane(face, at, unit, middle)).is_valid:
        yield 104
    if np.abs((flat - middle) @ unit).max() > FLAT_M:
        yield 203
    if any(_turned(at[ring], unit, FLAT_M) for ring in face):
        yield 204
    if any(normal_of(at[ring]) @ unit > 0 for ring in face[1:]):
        yield 307


def _in_plane(face: Any, at: np.ndarray, unit: np.ndarray, middle: np.ndarray) -> tuple[Any, Any]:
    along = np.cross(unit, [1, 0, 0] if abs(unit[0]) < 0.9 else [0, 1, 0])
    along /= np.linalg.norm(along)
    across = np.cross(unit, along)
    rings = [np.column_stack([(at[r] - middle) @ along, (at[r] - middle) @ across]) for r in face]
    return rings[0], rings[1:]


def _turned(points: np.ndarray, unit: np.ndarray, tolerance: float) -> bool:
    """Whether a corner of some size looks another way than its face."""
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    corners = np.cross(before, after)
    large = np.linalg.norm(corners, axis=1) > tolerance
    cosines = np.abs(corners[large] @ unit) / np.linalg.norm(corners[large], axis=1)
    return bool((cosines < np.cos(np.radians(20))).any())


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Any]:
    geoseg.convert(mixed_town(), tmp_path / "town.city.json")
    return read(tmp_path / "town.city.json")


def test_solids_are_closed_and_seen_from_without(written: dict[str, Any]) -> None:
    assert faults(written) == []
    assert len(shells(written)) == 8


def test_faults_are_seen_at_all(written: dict[str, Any]) -> None:
    def broken(change: Any) -> list[int]:
        told = json.loads(json.dumps(written))
        change(told, shells(told)[0])
        return faults(told)

    assert 302 in broken(lambda _, shell: shell.pop())
    assert 405 in broken(lambda _, shell: [face[0].reverse() for face in shell])
    assert 307 in broken(lambda _, shell: shell[2][0].reverse())
    assert 303 in broken(lambda _, shell: shell.append(shell[2]))
    assert 102 in broken(lambda _, shell: shell[0][0].insert(0, shell[0][0][0]))
    assert 203 in broken(lambda told, shell: told["vertices"][shell[1][0][0]].__setitem__(2, 0))
    assert 104 in broken(lambda _, shell: shell[0][0].__setitem__(slice(0, 2), shell[0][0][1::-1]))


def test_volumes_are_those_of_the_blocks(written: dict[str, Any]) -> None:
    frame, at = mixed_town(), places(written)
    volumes = [sum(at[r[0]] @ normal_of(at[r]) / 3 for f in s for r in f) for s in shells(written)]
    expected = (frame.area * frame.height_m).to_numpy()
    assert sum(volumes) == pytest.approx(expected.sum(), rel=1e-3)
    assert volumes[0] == pytest.approx(500, rel=1e-4)


def test_common_walls_are_in_both_and_marked(written: dict[str, Any]) -> None:
    assert len({tuple(one) for one in written["vertices"]}) == len(written["vertices"])
    marked = []
    for number in (0, 1):
        solid = written["CityObjects"][f"building_{number}"]["geometry"][1]
        surfaces, (values,) = solid["semantics"]["surfaces"], solid["semantics"]["values"]
        (wall,) = [i for i, value in enumerate(values) if surfaces[value].get("shared")]
        assert surfaces[values[wall]]["type"] == "WallSurface"
        marked.append({tuple(written["vertices"][v][:2]) for v in solid["boundaries"][0][wall][0]})
        assert Counter(surfaces[value]["type"] for value in values) == {
            "GroundSurface": 1, "RoofSurface": 1, "WallSurface": 4,
        }  # fmt: skip
    assert marked[0] == marked[1]


def test_walls_on_other_storeys_are_not_common(tmp_path: Path) -> None:
    above = town(shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), ground_m=[100.0, 110.0])
    assert geoseg.convert(above, tmp_path / "a.json").shared_walls == 0


def test_footprints_are_level_zero(written: dict[str, Any]) -> None:
    for one in written["CityObjects"].values():
        assert one["geometry"][0]["lod"] == "0"
        assert one["geometry"][0]["type"] == "MultiSurface"
        assert one["geometry"][1]["lod"] == "1.2"


CJIO = """
import json, sys
from cjio import cityjson
town = cityjson.reader(open(sys.argv[1]))
before = len(town.j["vertices"])
town.remove_duplicate_vertices(), town.remove_orphan_vertices()
print(json.dumps({"version": town.get_version(), "epsg": town.get_epsg(), "box": town.calculate_bbox(),
                  "buildings": town.number_city_objects_level1(), "lost": before - len(town.j["vertices"])}))
"""
"""In a process of its own: cjio changes how all of Python writes numbers as JSON."""


def test_cjio_reads_it(tmp_path: Path) -> None:
    geoseg.convert(mixed_town(), tmp_path / "town.city.json")
    command = [sys.executable, "-W", "ignore", "-c", CJIO, str(tmp_path / "town.city.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["version"], told["buildings"], told["lost"]) == ("2.0", 7, 0)
    extent = read(tmp_path / "town.city.json")["metadata"]["geographicalExtent"]
    assert told["box"] == pytest.approx(extent, abs=1e-6)
    left, bottom, right, top = mixed_town().total_bounds
    assert told["box"] == pytest.approx([left, bottom, 98, right, top, 113.25], abs=0.001)


def test_attributes_and_names(tmp_path: Path) -> None:
    frame = town(
        shapely.box(0, 0, 9, 9), shapely.box(20, 0, 29, 9), building_id=[7, 4], roof=["flat", None],
        area_m2=[1.5, np.nan],
    )  # fmt: skip
    geoseg.convert(frame, tmp_path / "a.json")
    objects = read(tmp_path / "a.json")["CityObjects"]
    assert list(objects) == ["building_7", "building_4"]
    assert objects["building_7"]["attributes"]["roof"] == "flat"
    assert set(objects["building_4"]["attributes"]) == {"building_id", "height_m", "ground_m"}


def test_what_is_not_known_is_counted(tmp_path: Path) -> None:
    frame = town(
        shapely.box(0, 0, 9, 9), shapely.box(20, 0, 29, 9), shapely.box(40, 0, 49, 9), None,
        height_m=[5, np.nan, 6, 7], ground_m=[100, 101, np.nan, 100],
    )  # fmt: skip
    done = geoseg.convert(frame, tmp_path / "a.json")
    assert (done.rows, done.solids, done.without_height, done.left_out) == (4, 1, 1, 2)
    told = read(tmp_path / "a.json")
    assert list(told["CityObjects"]) == ["building_0", "building_1"]
    assert len(told["CityObjects"]["building_1"]["geometry"]) == 1


def test_invalid_outlines_stand_once_as_they_are_when_repaired(tmp_path: Path) -> None:
    """Floor and roof of a solid lie on each other; two halves of an eight are two blocks of one building."""
    house, eight = (
        shapely.box(0, 0, 9, 9),
        shapely.Polygon([(20, 0), (29, 9), (29, 0), (20, 9), (20, 0)]),
    )
    broken = town(shapely.MultiPolygon([house, house]), eight)
    for name in ("a.city.json", "a.gpkg"):
        done = geoseg.convert(broken, tmp_path / name)
        assert (done.rows, done.solids, done.left_out) == (2, 3, 0)
        assert "2 invalid polygons of the table of buildings were repaired." in done.notes
    told = read(tmp_path / "a.city.json")
    assert [len(shell) for shell in shells(told)] == [6, 5, 5]


def test_without_elevations_the_town_stands_on_a_plain(tmp_path: Path) -> None:
    done = geoseg.convert(town(shapely.box(0, 0, 9, 9), ground_m=np.nan), tmp_path / "a.json")
    assert "stand at 0" in done.notes[0]
    assert done.solids == 1


# --- CRS ---


def test_a_3d_crs_or_none(tmp_path: Path) -> None:
    frame = town(shapely.box(0, 0, 9, 9)).set_crs(28992, allow_override=True)
    done = geoseg.convert(frame, tmp_path / "a.json")
    assert "no referenceSystem" in done.notes[0]
    assert "referenceSystem" not in read(tmp_path / "a.json")["metadata"]
    done = geoseg.convert(frame, tmp_path / "b.json", crs="EPSG:7415")
    assert done.notes == ()
    system = read(tmp_path / "b.json")["metadata"]["referenceSystem"]
    assert system == "https://www.opengis.net/def/crs/EPSG/0/7415"
    for wrong, said in (
        ("EPSG:28992", "not a 3D CRS"),
        ("EPSG:4979", "but the buildings"),
        ("x", "no CRS"),
    ):
        with pytest.raises(UsageError, match=said):
            geoseg.convert(frame, tmp_path / "c.json", crs=wrong)


def test_the_surface_may_state_it(tmp_path: Path, make_raster: Any) -> None:
    surface = np.full((60, 60), 100, np.float32)
    surface[20:40, 20:40] = 110
    dsm = make_raster("dsm.tif", surface, crs="EPSG:7415")
    outline = shapely.box(LEFT_M + 6, TOP_M - 12, LEFT_M + 12, TOP_M - 6)
    frame = gpd.GeoDataFrame(geometry=[outline], crs=28992)
    geoseg.add_heights(frame, tmp_path / "h.gpkg", dsm=dsm)
    done = geoseg.convert(tmp_path / "h.gpkg", tmp_path / "a.city.json")
    assert done.notes == ()
    assert read(tmp_path / "a.city.json")["metadata"]["referenceSystem"].endswith("/7415")


def test_degrees(tmp_path: Path) -> None:
    frame = mixed_town().to_crs(4326)
    geoseg.convert(frame, tmp_path / "a.json")
    told = read(tmp_path / "a.json")
    assert told["transform"]["scale"] == [1e-8, 1e-8, 0.001]
    extent = told["metadata"]["geographicalExtent"]
    assert extent[:2] == pytest.approx(frame.total_bounds[:2], abs=1e-8)


# --- polygons in space ---


def test_polygons_in_space(tmp_path: Path) -> None:
    geoseg.convert(mixed_town(), tmp_path / "town.gpkg")
    back = gpd.read_file(tmp_path / "town.gpkg", layer="buildings")
    assert pyogrio.read_info(tmp_path / "town.gpkg", layer="buildings")["geometry_type"] == (
        "MultiPolygon Z"
    )
    assert len(back) == 7
    assert len(back.geometry[0].geoms) == 6
    heights = shapely.get_coordinates(back.geometry[0], include_z=True)[:, 2]
    assert sorted(set(heights.round(6))) == [100, 105]
    with sqlite3.connect(tmp_path / "town.gpkg") as connection:
        (style,) = connection.execute("SELECT styleQML FROM layer_styles").fetchone()
    assert "renderer-3d" in style
    assert "extrusionHeight" not in style


# --- any footprints ---


@tries(20)  # of some ten cells each
@given(seed=st.integers(0, 10**6))
def test_random_coverages_have_no_faults(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = np.random.default_rng(seed)
    points = shapely.MultiPoint(rng.uniform(0, 60, (12, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    cells = shapely.intersection(cells, shapely.box(0, 0, 60, 60))
    holed = [
        cell - cell.centroid.buffer(2, quad_segs=2) if rng.random() < 0.3 else cell
        for cell in cells
    ]
    polygons = [one for one in holed if one.geom_type == "Polygon"]
    count = len(polygons)
    frame = town(*polygons, height_m=rng.uniform(2, 9, count), ground_m=rng.uniform(98, 102, count))
    path = tmp_path_factory.mktemp("town") / "a.json"
    done = geoseg.convert(frame, path)
    assert done.solids == count
    assert faults(read(path)) == []


# --- other formats ---


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_outlines_come_in_any_format(tmp_path: Path, suffix: str) -> None:
    frame = gpd.GeoDataFrame(
        {"id": pd.array([2**53 + 1, None, 7], "Int64"), "name": ["a", None, "ß"]},
        geometry=[shapely.box(x, 0, x + 9, 9) for x in (0, 20, 40)],
        crs=UTM,
    )
    frame.to_file(tmp_path / "in.gpkg")
    out = tmp_path / f"out{suffix}"
    done = geoseg.convert(tmp_path / "in.gpkg", out)
    assert (done.outlines, done.solids, done.notes) == (3, 0, ())
    if suffix in {".gpkg", ".fgb", ".gdb", ".parquet"}:
        read_ = pq.read_table if suffix == ".parquet" else lambda path: pyogrio.read_arrow(path)[1]
        assert {*read_(out)["id"].to_pylist()} == {2**53 + 1, None, 7}
    if suffix not in {".dxf", ".pmtiles"}:
        back = gpd.read_parquet(out) if suffix == ".parquet" else read_frame(open_layer(out, None))
        assert back.to_crs(UTM).area.to_numpy() == pytest.approx([81, 81, 81], rel=1e-3)


def test_outlines_keep_their_heights_where_there_is_room(tmp_path: Path) -> None:
    tall = shapely.force_3d([shapely.box(0, 0, 9, 9)], 4.0)
    gpd.GeoDataFrame({"id": [1]}, geometry=tall, crs=UTM).to_file(tmp_path / "in.gpkg")
    geoseg.convert(tmp_path / "in.gpkg", tmp_path / "out.fgb")
    assert gpd.read_file(tmp_path / "out.fgb").geometry.has_z.all()


def test_blocks_or_outlines(tmp_path: Path) -> None:
    tall = town(shapely.box(0, 0, 9, 9))
    tall.to_file(tmp_path / "in.gpkg")
    for asked, kind in ((None, "MultiPolygon Z"), (True, "MultiPolygon Z"), (False, "Polygon")):
        out = tmp_path / f"{asked}.gpkg"
        done = geoseg.convert(tmp_path / "in.gpkg", out, solids=asked)
        assert pyogrio.read_info(out, layer="buildings")["geometry_type"] == kind
        assert bool(done.solids) == (asked is not False)
        assert any("--outlines" in note for note in done.notes) == (asked is None)
    assert geoseg.convert(tmp_path / "in.gpkg", tmp_path / "a.parquet").outlines == 1
    for given_, output, words in (
        ({"solids": True}, "a.shp", "neither"),
        ({"solids": False}, "a.city.json", r"outlines .* \.geojson"),
        ({"crs": "EPSG:7415"}, "a.fgb", "3D CRS of a town"),
        ({"solids": True}, "b.gpkg", "no column height_m"),
    ):
        from_ = tall.drop(columns="height_m") if output == "b.gpkg" else tall
        with pytest.raises(UsageError, match=words):
            geoseg.convert(from_, tmp_path / output, **given_)
        assert not (tmp_path / output).exists()


def test_what_predict_wrote_keeps_its_metadata(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.box(0, 0, 9, 9)], crs=UTM)
    own = FrameLayer("buildings", frame, run={"geoseg": "0"})
    write_layers([own, FrameLayer("extent", frame)], tmp_path / "in.gpkg")
    done = geoseg.convert(tmp_path / "in.gpkg", tmp_path / "out.parquet")
    assert read_metadata(tmp_path / "out.parquet") == {"geoseg": "0"}
    assert done.notes == ()
    done = geoseg.convert(tmp_path / "in.gpkg", tmp_path / "out.fgb")
    assert done.notes == ("the layer buildings alone is written, without extent",)


# --- bad input ---


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    frame = town(shapely.box(0, 0, 9, 9))
    (tmp_path / "there.json").touch()
    for given_, output, error, said in (
        (frame.drop(columns="height_m"), "a.json", UsageError, "no column height_m"),
        (frame, "a.obj", UsageError, "extension"),
        (frame, "there.json", OutputExistsError, "there already"),
        (tmp_path / "none.gpkg", "a.json", GeosegError, "no such file"),
    ):
        with pytest.raises(error, match=said):
            geoseg.convert(given_, tmp_path / output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.json"]


def test_no_rows(tmp_path: Path) -> None:
    done = geoseg.convert(town(shapely.box(0, 0, 9, 9)).iloc[:0], tmp_path / "a.json")
    assert done.solids == 0
    assert read(tmp_path / "a.json")["vertices"] == []


def test_the_command(tmp_path: Path) -> None:
    mixed_town().to_file(tmp_path / "in.gpkg")
    told = invoke("convert", tmp_path / "in.gpkg", tmp_path / "town.city.json", "--json")
    assert json.loads(told.stdout)["solids"] == 8
    assert exit_code("convert", tmp_path / "in.gpkg", tmp_path / "town.city.json") == 2


@pytest.mark.parametrize("suffix", [".city.json", ".gpkg"])
def test_what_an_update_found_gone_stands_no_more(tmp_path: Path, suffix: str) -> None:
    houses = town(*(shapely.box(20 * i, 0, 20 * i + 10, 10) for i in range(3)))
    houses["decision"] = ["kept", "gone", "new"]
    done = geoseg.convert(houses, tmp_path / f"t{suffix}", solids=True)
    assert (done.rows, done.solids) == (2, 2)
    assert any("1 building is gone" in note for note in done.notes)
    if suffix == ".gpkg":
        assert set(gpd.read_file(tmp_path / "t.gpkg", layer="buildings").decision) == {
            "kept",
            "new",
        }
    else:
        objects = read(tmp_path / "t.city.json")["CityObjects"]
        assert len(objects) == 2
        assert "gone" not in json.dumps(objects)
