"""Formats that a town uses: what is written is read again, by geoseg and by others, and what is lost is said."""

from __future__ import annotations

import datetime as dt
import json
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import pytest
import shapely
from ezdxf.lldxf.encoding import decode_dxf_unicode
from hypothesis import given
from hypothesis import strategies as st
from output_tables import WHOLE
from pmtiles.reader import MmapSource, Reader
from tries import tries

import geoseg
from geoseg.errors import OutputError, OutputExistsError, UnreadableVectorError, UsageError
from geoseg.export import pmtiles, shapefile
from geoseg.export.frames import FrameLayer
from geoseg.export.opening import open_output
from geoseg.export.output import (
    WRITERS,
    require_held,
    write_frame,
    write_layers,
    write_output,
)
from geoseg.export.schema import SCHEMA
from geoseg.vectors.buildings import open_buildings
from geoseg.vectors.layers import open_layer, read_frame
from geoseg.vectors.load import load

MakeTable = Callable[..., pa.Table]
UTM = "EPSG:32645"
TABLES = (".shp", ".shp.zip", ".gdb", ".kml", ".csv")
"""Formats of towns that geoseg reads, too."""
TOWN = (*TABLES, ".dxf", ".pmtiles")
PLACES_M = {".kml": 1e-4, ".gdb": 2e-4, ".csv": 1e-8, ".shp": 0.0, ".shp.zip": 0.0}
"""How far a corner may move."""


def test_every_format_is_tested_here_or_among_those_that_keep_all() -> None:
    assert {*TOWN, *WHOLE} == {*WRITERS}


# --- there and back


TEXTS = st.text(st.sampled_from("ab'\"\\`,;{}[]<>&%éß漢 \n\t"), min_size=1, max_size=8).map(
    lambda text: f"x{text}x"  # KML readers strip
)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "building_id": st.integers(-(10**16), 10**17),
    "long": st.none() | TEXTS.map(lambda text: (text * 40)[:80] + "x"),
    "größe in m²": st.none()
    | st.floats(-(2.0**50), 2.0**50, width=32).filter(lambda x: abs(x) > 1e-3),
    "whole": st.none() | st.integers(-(2**31), 2**31 - 1),
    "at_edge": st.none() | st.booleans(),
    "a day of the year": st.none() | DAYS,
    "a day of the yeast": DAYS,
}


@st.composite
def frames(draw: st.DrawFn) -> gpd.GeoDataFrame:
    count = draw(st.integers(1, 4))
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True))
    kinds = {"whole": "Int64", "at_edge": "boolean"}
    data: dict[str, Any] = {"row": pd.Series(range(count), dtype="int32")}
    for name in names:
        values = draw(st.lists(VALUES[name], min_size=count, max_size=count))
        data[name] = pd.Series(values, dtype=kinds.get(name, "object" if "day" in name else None))
    shapes: list[Any] = []
    for row in range(count):
        side = draw(st.floats(1, 90))
        box = shapely.box(3e5 + 100 * row, 3e6, 3e5 + 100 * row + side, 3e6 + 7.123456)
        court = shapely.box(3e5 + 100 * row + 0.2, 3e6 + 1, 3e5 + 100 * row + 0.8, 3e6 + 2)
        shapes.append(box.difference(court) if draw(st.booleans()) else box)
    if draw(st.booleans()):
        shapes[0] = shapely.MultiPolygon([shapes[0], shapely.box(3e5, 3e6 + 50, 3e5 + 9, 3e6 + 60)])
    return gpd.GeoDataFrame(data, geometry=shapes, crs=UTM)


def told(value: Any, suffix: str) -> Any:
    """A value as a format gives it back: text for what it has no type of, 1 and 0 for the truth."""
    if pd.isna(value):
        return None
    if isinstance(value, (dt.date, pd.Timestamp)):
        return str(value)[:10]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return value.lstrip("'")
    return float(f"{float(value):.14g}") if suffix == ".kml" else float(value)


def same(one: Any, other: Any, suffix: str) -> bool:
    left, right = told(one, suffix), told(other, suffix)
    if isinstance(left, bool) or isinstance(right, bool):
        return (None if left is None else float(left)) == (None if right is None else float(right))
    if isinstance(left, str) != isinstance(right, str) and None not in (left, right):
        left, right = float(left), float(right)  # whole numbers that are text
    if left in {None, ""} and right in {None, ""}:
        return True
    if isinstance(left, float) and isinstance(right, float):
        return left == pytest.approx(right, rel=1e-13, abs=1e-15)
    return bool(left == right)


@pytest.mark.parametrize("suffix", TABLES)
@tries(12)
@given(frame=frames())
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, frame: gpd.GeoDataFrame
) -> None:
    path = tmp_path_factory.mktemp("there") / f"t{suffix}"
    assert write_frame(frame, path) == len(frame)
    found = load(path, "rows").frame.to_crs(UTM)
    found = found.drop(columns=[name for name in found if name == "WKT"])
    if suffix == ".kml":  # whose readers add a dozen
        found = found.iloc[:, 12:]
    found = found.sort_values("row", ignore_index=True)
    assert len(found) == len(frame)
    assert "building_id" not in frame or "building_id" in found
    kept = frame.drop(columns="geometry")
    back = found.drop(columns=found.active_geometry_name)
    assert back.shape == kept.shape
    for place, name in enumerate(kept.columns):
        for one, other in zip(kept[name], back.iloc[:, place], strict=True):
            assert same(one, other, suffix), (name, one, other)
    apart = shapely.hausdorff_distance(found.geometry.to_numpy(), frame.geometry.to_numpy())
    assert (apart <= PLACES_M[suffix]).all()
    rings = [
        sum(len(one.interiors) + 1 for one in shapely.get_parts(shape)) for shape in frame.geometry
    ]
    assert rings == [
        sum(len(one.interiors) + 1 for one in shapely.get_parts(shape)) for shape in found.geometry
    ]


@pytest.mark.parametrize("suffix", [".gdb", ".csv", ".kml"])
def test_64_bits_are_kept(tmp_path: Path, suffix: str) -> None:
    ids = [2**63 - 1, 2**53 + 1, None]
    frame = gpd.GeoDataFrame(
        {"building_id": pd.array(ids, dtype="Int64")}, geometry=boxes(3), crs=UTM
    )
    write_frame(frame, tmp_path / f"t{suffix}")
    with pyogrio.open_arrow(tmp_path / f"t{suffix}", use_pyarrow=True) as (_, reader):
        found = reader.read_all()["building_id"].to_pylist()
    assert [None if one is None else int(one) for one in found] == ids


def boxes(count: int) -> list[Any]:
    return [shapely.box(3e5 + 20 * i, 3e6, 3e5 + 20 * i + 10, 3e6 + 7) for i in range(count)]


def frame_of(**columns: Any) -> gpd.GeoDataFrame:
    rows = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=boxes(rows), crs=UTM)


@pytest.mark.parametrize("suffix", TABLES)
def test_the_columns_of_the_contract_come_back(
    tmp_path: Path, make_table: MakeTable, suffix: str
) -> None:
    path = tmp_path / f"b{suffix}"
    write_output(path, make_table([1, 5, 700]).to_batches(), crs=pyproj.CRS(UTM), run_metadata={})
    source = open_buildings(path, None)
    assert source.columns == ("building_id", "area_m2", "confidence", "presence", "at_edge")
    (batch,) = source.batches()
    assert sorted(map(int, batch.ids)) == [1, 5, 700]
    assert sorted(batch.columns["at_edge"]) == [0, 1, 1]
    assert {*SCHEMA.names} - {"geometry"} <= {*load(path, "buildings").frame.columns}
    assert read_frame(open_layer(path), ["perimeter_m"]).columns[0] == "perimeter_m"


@pytest.mark.parametrize("suffix", TOWN)
def test_no_building_makes_a_valid_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"b{suffix}"
    assert write_output(path, [], crs=pyproj.CRS(UTM), run_metadata={}) == 0
    if suffix == ".dxf":
        drawing = ezdxf.readfile(path)
        assert (len(drawing.modelspace()), drawing.audit().errors) == (0, [])
    elif suffix == ".pmtiles":
        assert pyogrio.read_info(path, force_feature_count=True)["features"] == 0
        with path.open("rb") as file:
            reader = Reader(MmapSource(file))
            assert reader.header()["addressed_tiles_count"] == 0
            assert reader.metadata()["vector_layers"][0]["id"] == "buildings"
    else:
        assert open_buildings(path, None).rows == 0


# --- DXF


def drawn(path: Path) -> tuple[Any, list[dict[str, str]]]:
    """The polylines of a DXF, and their attributes."""
    drawing = ezdxf.readfile(path)
    assert drawing.audit().errors == []
    lines = list(drawing.modelspace())
    texts: list[dict[str, str]] = []
    for line in lines:
        joined: list[str] = []
        for tag in line.get_xdata("GEOSEG"):
            text = decode_dxf_unicode(tag.value).encode("utf-16", "surrogatepass").decode("utf-16")
            joined = (
                [*joined[:-1], joined[-1] + text[1:]] if text.startswith("+") else [*joined, text]
            )
        pairs = (text.replace("^J", "\n").replace("^ ", "^").split("=", 1) for text in joined)
        texts.append(dict(pairs))
    return lines, texts


def test_a_dxf_has_closed_polylines_and_all_attributes(
    tmp_path: Path, make_table: MakeTable
) -> None:
    path = tmp_path / "b.dxf"
    write_output(path, make_table([3, 8]).to_batches(), crs=pyproj.CRS(UTM), run_metadata={})
    lines, texts = drawn(path)
    assert [line.dxftype() for line in lines] == ["POLYLINE"] * 4  # each has a courtyard
    assert all(line.is_closed for line in lines)
    assert {line.dxf.layer for line in lines} == {"BUILDINGS_0050_0100_M2"}
    assert [text["building_id"] for text in texts] == ["3", "3", "8", "8"]
    assert texts[0]["source"] == "o'rtho 1 é.tif"
    assert [{*text} for text in texts] == [{*SCHEMA.names} - {"geometry"}] * 4
    corners = [tuple(vertex.dxf.location)[:2] for vertex in lines[0].vertices]
    expected = shapely.from_wkb(make_table([3])["geometry"][0].as_py()).exterior.coords[:-1]
    assert corners == [pytest.approx(corner) for corner in expected]


def test_layers_of_a_dxf_by_class(tmp_path: Path) -> None:
    path = tmp_path / "b.dxf"
    kinds = ["Häuser/alt", "Häuser alt", "SEQEND", None]
    texts = ["^a\nb", "x" * 600, "漢😀", ""]
    write_frame(frame_of(change=kinds, name=texts), path)
    lines, found = drawn(path)
    assert len({line.dxf.layer for line in lines}) == 4
    assert {line.dxf.layer for line in lines} == {"HAUSER_ALT", "HAUSER_ALT_1", "SEQEND", "0"}
    assert [one["name"] for one in found] == texts


@pytest.mark.parametrize("crs", [4326, 3857, 2263])
def test_a_dxf_is_in_metres_on_the_ground(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, crs: int
) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4.5e6, 500_100, 4_500_100)], crs=32618)
    write_frame(frame.to_crs(crs), tmp_path / "b.dxf")
    (line,) = ezdxf.readfile(tmp_path / "b.dxf").modelspace()
    ring = shapely.Polygon([tuple(vertex.dxf.location)[:2] for vertex in line.vertices])
    assert ring.area == pytest.approx(10_000, rel=2e-3)
    assert "UTM zone 18N" in caplog.text
    assert "no metre on the ground" in caplog.text


# --- PMTiles


def test_every_id_is_in_the_highest_zoom_and_zooms_suit_the_area(tmp_path: Path) -> None:
    xs, ys = np.meshgrid(np.arange(100), np.arange(60))
    left, bottom = 3e5 + 4 * xs.ravel(), 3e6 + 4 * ys.ravel()
    shapes = shapely.box(left, bottom, left + 2.5, bottom + 2.5)
    frame = gpd.GeoDataFrame({"building_id": np.arange(len(shapes))}, geometry=shapes, crs=UTM)
    path = tmp_path / "b.pmtiles"
    write_frame(frame, path)
    with path.open("rb") as file:
        reader = Reader(MmapSource(file))
        header, about = reader.header(), reader.metadata()
    assert (header["min_zoom"], header["max_zoom"]) == (16, 16)
    assert about["vector_layers"][0]["id"] == "buildings"
    found = pyogrio.read_dataframe(path, read_geometry=False, ZOOM_LEVEL="16")
    assert {*found["building_id"]} == {*range(len(shapes))}
    assert {*found["tile_id"]} == {*range(len(shapes))}


@pytest.mark.parametrize("verb", ["update", "recompute", "convert", "compare", "report"])
def test_zooms_of_verbs(tmp_path: Path, verb: str) -> None:
    frame = gpd.GeoDataFrame({"id": range(30)}, geometry=boxes(30), crs=UTM)
    path = tmp_path / "b.pmtiles"
    inputs = (frame, frame) if verb in {"update", "compare"} else (frame,)
    getattr(geoseg, verb)(*inputs, path, zoom=(12, 14))
    with path.open("rb") as file:
        header = Reader(MmapSource(file)).header()
    assert (header["min_zoom"], header["max_zoom"]) == (12, 14)
    with pytest.raises(UsageError, match=r"\.pmtiles"):
        getattr(geoseg, verb)(*inputs, tmp_path / "b.gpkg", zoom=(12, 14))


def test_zooms_that_are_asked_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame, path = frame_of(row=[0, 1]), tmp_path / "b.pmtiles"
    write_frame(frame, path, zoom=(2, 4))
    with path.open("rb") as file:
        header = Reader(MmapSource(file)).header()
    assert (header["min_zoom"], header["max_zoom"]) == (2, 4)
    assert "left out: 2 rows too small for zoom 4, and --zoom 2,5 shows more" in caplog.text


def test_tiles_that_were_not_written_are_not_rows_too_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk GDAL ends without a word, and without a tile."""
    monkeypatch.setattr(pmtiles, "write_with_gdal", lambda *_, **__: None)
    with pytest.raises(OutputError, match=r"holds 0 of 2 rows.*the disk may be full"):
        write_frame(frame_of(row=[0, 1]), tmp_path / "b.pmtiles")
    assert not list(tmp_path.iterdir())
    frame = frame_of(row=[0, 1])
    tiny = frame.set_geometry(frame.scale(1e-3, 1e-3))
    write_frame(tiny, tmp_path / "b.pmtiles")
    with (tmp_path / "b.pmtiles").open("rb") as file:
        assert Reader(MmapSource(file)).header()["max_zoom"] == 16


@pytest.mark.parametrize("verb", ["convert", "regularize", "recompute", "update"])
def test_the_outlines_of_a_csv_are_no_column_beside_them(tmp_path: Path, verb: str) -> None:
    write_frame(frame_of(row=[0, 1]), tmp_path / "a.csv")
    others = [tmp_path / "a.csv"] if verb == "update" else []
    for suffix in (".gpkg", ".csv"):  # the same format, too
        getattr(geoseg, verb)(tmp_path / "a.csv", *others, tmp_path / f"b{suffix}")
        rows = load(tmp_path / f"b{suffix}", "buildings", preferred="buildings").frame
        assert "row" in rows
        assert "WKT" not in rows
        assert rows.geometry.geom_equals(load(tmp_path / "a.csv", "buildings").frame.geometry).all()


def test_tiles_are_not_read_as_buildings(tmp_path: Path) -> None:
    write_frame(frame_of(row=[0]), tmp_path / "b.pmtiles")
    with pytest.raises(UnreadableVectorError, match="holds map tiles, in which buildings are cut"):
        load(tmp_path / "b.pmtiles", "buildings")


# --- what does not fit


@pytest.mark.parametrize(
    ("suffix", "columns", "expected"),
    [
        (".shp", {"x": ["ü" * 128, "b"]}, "text of 256 bytes, above 254"),
        (".shp.zip", {"x": ["ü" * 128, "b"]}, "text of 256 bytes, above 254"),
        (".shp", {"x": [10**18, 1]}, "whole numbers of more than 18 characters"),
        (".shp", {"x": [-1e22, 1]}, "numbers such as 1e[+]22, not below 1e[+]22"),
        (".shp", {"x": [b"a", b"b"]}, "bytes"),
        (".kml", {"x": ["a\x01", "b"]}, "control characters"),
        (".csv", {"wkt": [1, 2]}, "called WKT in a CSV"),
        (".gdb", {"x": [dt.time(1), None]}, "type time"),
        (".dxf", {"x": [b"a", b"b"]}, "bytes"),
        (".pmtiles", {"x": [np.inf, 1.0]}, "infinite numbers"),
        (".shp", {f"c{i}": [1, 2] for i in range(256)}, "255 columns at most, and there are 256"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, suffix: str, columns: dict[str, Any], expected: str
) -> None:
    with pytest.raises(UsageError, match=expected) as error:
        write_frame(frame_of(**columns), tmp_path / f"t{suffix}")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_long_text_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="above 254"):
        require_held(frame_of(x=["a" * 255, "b"]), tmp_path / "t.shp")


@pytest.mark.parametrize("suffix", [".shp", ".shp.zip"])
def test_too_many_columns_are_refused_before_any_work(tmp_path: Path, suffix: str) -> None:
    frame = frame_of(**{f"c{number}": [1, 2] for number in range(250)})
    require_held(frame, tmp_path / f"t{suffix}", added=5)
    require_held(frame, tmp_path / "t.gpkg", added=6)
    with pytest.raises(UsageError, match="255 columns at most, and there are 256"):
        require_held(frame, tmp_path / f"t{suffix}", added=6)


def test_a_stream_is_checked_like_a_table(tmp_path: Path, make_table: MakeTable) -> None:
    table = make_table([1, 2])
    long = table.set_column(
        table.column_names.index("source"), "source", pa.array(["a", "b" * 255])
    )
    with pytest.raises(UsageError, match="'source' holds text of 255 bytes"):
        write_output(tmp_path / "b.shp", long.to_batches(), crs=pyproj.CRS(UTM), run_metadata={})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".shp", ".shp.zip"])
def test_empty_outlines_are_no_sign_of_a_full_disk(suffix: str, tmp_path: Path) -> None:
    shapes = [shapely.box(0, 0, 9, 9), shapely.Polygon(), None, shapely.MultiPolygon()]
    write_frame(
        gpd.GeoDataFrame({"x": range(4)}, geometry=shapes, crs=UTM), tmp_path / f"b{suffix}"
    )
    assert len(load(tmp_path / f"b{suffix}", "rows").frame) == 4


@pytest.mark.parametrize(("most", "file"), [(700, ".shp"), (450, ".shp"), (800, ".dbf")])
def test_more_than_2_gb_are_refused(
    tmp_path: Path, make_table: MakeTable, monkeypatch: pytest.MonkeyPatch, most: int, file: str
) -> None:
    monkeypatch.setattr(shapefile, "MOST_BYTES", most)
    table = make_table([1, 2, 3])  # 100 + 3 * (52 + 8 + 160) bytes of shapes
    with pytest.raises(UsageError, match=rf"3 rows need a {file} of .* write .gpkg"):
        write_output(tmp_path / "b.shp", table.to_batches(), crs=pyproj.CRS(UTM), run_metadata={})
    assert list(tmp_path.iterdir()) == []


def test_the_size_of_a_shapefile_is_known_before(tmp_path: Path, make_table: MakeTable) -> None:
    table, seen = make_table(range(50)), shapefile.Facts(SCHEMA)
    for batch in table.to_batches(max_chunksize=20):
        seen.look(batch, shapely.from_wkb(batch["geometry"].to_numpy(zero_copy_only=False)))
    path = tmp_path / "b.shp"
    write_output(path, table.to_batches(), crs=pyproj.CRS(UTM), run_metadata={})
    assert seen.shape_bytes == path.stat().st_size
    assert seen.table_bytes == path.with_suffix(".dbf").stat().st_size
    assert seen.index_bytes == path.with_suffix(".shx").stat().st_size


def test_what_changes_is_said_once_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    when = pd.to_datetime(["2024-05-06 07:08:09", None])
    frame = frame_of(perimeter_m=[1e-9, 2.0], name=["", "=1+1"], when=when)
    frame.loc[1, "geometry"] = None
    sentences = {
        ".shp": "perimeter_m is perim_m; dates are text: when; 1 empty texts become missing ones; 1 numbers",
        ".gdb": None,
        ".kml": "dates are text: when",
        ".csv": "1 texts that a spreadsheet would run begin with an apostrophe",
        ".dxf": "left out: 1 row without a geometry",
        ".pmtiles": "left out: 1 row without a geometry",
    }
    for suffix, sentence in sentences.items():
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            write_frame(frame, tmp_path / f"t{suffix}")
        assert len(caplog.records) == (sentence is not None)
        assert (sentence or "") in caplog.text
        assert "\n" not in (caplog.messages or [""])[0]
    found = load(tmp_path / "t.shp", "rows").frame
    assert found["when"].tolist()[0] == "2024-05-06T07:08:09.000"
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()[2].split(",")[
        2
    ] == '"\'=1+1"'


@pytest.mark.parametrize("suffix", [".gdb", ".kml", ".shp"])
def test_names_that_a_format_does_not_take(tmp_path: Path, suffix: str) -> None:
    names = ["shape", "select", "1st", 'a<b>&"c', "A_b___c", "x" * 80, "x" * 81, "objectid"]
    frame = frame_of(**{name: [place, 7] for place, name in enumerate(names)})
    write_frame(frame, tmp_path / f"t{suffix}", layer="läyer <1>")
    found = load(tmp_path / f"t{suffix}", "rows").frame
    values = found.drop(columns=found.active_geometry_name).iloc[:, 12 * (suffix == ".kml") :]
    assert [int(one) for one in values.iloc[0]] == [*range(len(names))]
    assert len({name.lower() for name in found.columns}) == len(found.columns)
    if suffix == ".shp":
        assert all(len(name.encode()) <= 10 for name in values.columns)


# --- files beside, and folders


def write(path: Path, rows: int = 1) -> None:
    write_frame(frame_of(row=[*range(rows)]), path)


def test_no_part_of_another_shapefile_is_replaced_or_left(tmp_path: Path) -> None:
    for name in ("b.dbf", "b.QIX", "bb.dbf", "b.qml"):
        (tmp_path / name).write_text("old")
    with pytest.raises(OutputExistsError, match=r"b\.(QIX|dbf) is there already, and b\.shp would"):
        open_output(tmp_path / "b.shp")
    open_output(tmp_path / "b.shp", overwrite=True)
    write(tmp_path / "b.shp", 3)
    kept = {one.name for one in tmp_path.iterdir()}
    assert kept == {"b.shp", "b.shx", "b.dbf", "b.prj", "b.cpg", "bb.dbf", "b.qml"}
    assert len(load(tmp_path / "b.shp", "rows").frame) == 3
    write(tmp_path / "b.shp", 2)
    assert len(load(tmp_path / "b.shp", "rows").frame) == 2
    assert (tmp_path / "b.cpg").read_text().strip() == "UTF-8"


def test_a_csv_and_a_shapefile_share_no_file(tmp_path: Path) -> None:
    write(tmp_path / "b.shp")
    with pytest.raises(UsageError, match=r"b\.csv and b\.shp would share b\.prj"):
        open_output(tmp_path / "b.csv", overwrite=True)


@pytest.mark.parametrize("suffix", [".shp", ".gdb", ".csv"])
def test_what_was_there_comes_back_where_placing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"b{suffix}"
    write(path, 3)
    before = {one.name for one in tmp_path.iterdir()}
    rename = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if Path(target) == path and "aside" not in str(self):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(OutputError, match="Permission denied"):
            write(path, 1)
    assert {one.name for one in tmp_path.iterdir()} == before
    assert len(load(path, "rows").frame) == 3


def test_a_geodatabase_replaces_a_geodatabase_alone(tmp_path: Path) -> None:
    path = tmp_path / "b.gdb"
    path.mkdir()
    (path / "precious.txt").write_text("mine")
    with pytest.raises(OutputError, match="a folder and no File Geodatabase; it is never replaced"):
        open_output(path, overwrite=True)
    with pytest.raises(UnreadableVectorError, match="cannot be read as a vector file"):
        load(path, "rows")
    (tmp_path / "c.gdb").write_text("a file")
    with pytest.raises(OutputError, match="a file and no File Geodatabase"):
        open_output(tmp_path / "c.gdb", overwrite=True)
    write(tmp_path / "d.gdb", 3)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        open_output(tmp_path / "d.gdb")
    open_output(tmp_path / "d.gdb", overwrite=True)
    write(tmp_path / "d.gdb", 2)
    assert len(load(tmp_path / "d.gdb", "rows").frame) == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b.gdb", "c.gdb", "d.gdb"]


# --- archives


@pytest.mark.parametrize("within", ["", "some folder/ümlaut/"])
@pytest.mark.parametrize("suffix", [".shp", ".gdb", ".gpkg"])
def test_the_layer_of_an_archive_is_found(tmp_path: Path, suffix: str, within: str) -> None:
    write(tmp_path / f"b{suffix}", 3)
    path = tmp_path / "a {x}.zip" if suffix == ".gpkg" else tmp_path / "a é.zip"
    files = [one for one in sorted(tmp_path.rglob("*")) if one.is_file()]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
        for file in files:
            archive.write(file, f"{within}{file.relative_to(tmp_path)}")
    assert len(load(path, "rows").frame) == 3
    assert len(load(str(path), "rows").frame) == 3


def test_archives_without_a_layer_or_with_several(tmp_path: Path) -> None:
    for number in (1, 2):
        write(tmp_path / f"b{number}.geojson")
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in (1, 2):
            archive.write(tmp_path / f"b{number}.geojson", f"{number}/b.geojson")
    (tmp_path / "b.zip").write_bytes(b"no archive")
    for one in (path, tmp_path / "b.zip"):
        with pytest.raises(UnreadableVectorError) as error:
            load(one, "rows")
        assert "\n" not in str(error.value)


def test_a_zipped_shapefile_is_one_of_its_layer(tmp_path: Path) -> None:
    write(tmp_path / "b.shp.zip", 3)
    assert [one.name for one in tmp_path.iterdir()] == ["b.shp.zip"]
    with zipfile.ZipFile(tmp_path / "b.shp.zip") as archive:
        assert {*archive.namelist()} == {
            f"buildings.{one}" for one in ("shp", "shx", "dbf", "prj", "cpg")
        }
    assert json.dumps(pyogrio.list_layers(tmp_path / "b.shp.zip")[:, 0].tolist()) == '["buildings"]'


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_heights_are_kept_where_there_is_room_and_else_said_to_be_lost(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    tall = gpd.GeoDataFrame({"row": [0]}, geometry=[shapely.force_3d(boxes(1)[0], 7.0)], crs=UTM)
    path = tmp_path / f"b{suffix}"
    write_layers([FrameLayer("buildings", tall, heights=True)], path)
    kept = suffix in {*WHOLE, ".gdb"}
    assert caplog.text.count("heights of outlines are left out") == (not kept)
    if suffix in {*WHOLE, *TABLES}:
        _, _, wkb, _ = (0, 0, None, 0) if suffix == ".parquet" else pyogrio.raw.read(path)
        shape = gpd.read_parquet(path).geometry[0] if wkb is None else shapely.from_wkb(wkb[0])
        assert shape.has_z == kept
