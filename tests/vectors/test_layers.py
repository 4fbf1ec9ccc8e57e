"""One way of reading for every format: GDAL's and GeoParquet alike."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from conftest import transform_at
from output_tables import WHOLE
from pyproj import CRS

import geoseg
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.export.output import write_output
from geoseg.tiles.area import Area
from geoseg.tiles.given import AreaInput, GivenArea
from geoseg.types import Grid
from geoseg.vectors.buildings import open_buildings
from geoseg.vectors.exact import load_exact
from geoseg.vectors.layers import geometry_of, open_layer, polygon_layers, read_frame
from geoseg.vectors.load import load
from geoseg.vectors.metadata import read_metadata
from geoseg.vectors.observed import EXTENT_ATTRIBUTE, read_extent

UTM = "EPSG:32645"
LEFT, TOP = 345_600.0, 3_072_000.0
FORMATS = [".gpkg", ".geojson", ".fgb", ".shp", ".parquet", ".geoparquet"]


def squares() -> gpd.GeoDataFrame:
    shapes = [shapely.box(LEFT + x, TOP - 9, LEFT + x + 5, TOP - 4) for x in (1, 11, 51)]
    columns = {"name": ["a", "b", "c"], "area_m2": [25.0, np.nan, 24.0], "floors": [1, 2, 3]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=UTM)


def write(path: Path, frame: gpd.GeoDataFrame | None = None, layer: str | None = None) -> Path:
    frame = squares() if frame is None else frame
    if path.suffix in {".parquet", ".geoparquet", ".bin"}:
        frame.to_parquet(path)
    else:
        frame.to_file(path, layer=layer)
    return path


def area_of(source: AreaInput, layer: str | None = None) -> Area:
    given = GivenArea.of(source, layer)
    assert given is not None
    return Area.of(given, grid(), grid().crs)


def grid() -> Grid:
    return Grid(CRS(UTM), transform_at(1.0), 100, 100, 1.0)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_reads_the_same(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"b{suffix}")
    layer = open_layer(path)
    assert (layer.features, layer.crs.to_epsg() in {32645, 4326}) == (3, True)
    assert set(layer.numbers) == {"area_m2", "floors"}
    assert path.name in layer.label
    frame = read_frame(layer).to_crs(UTM).sort_values("name", ignore_index=True)
    assert frame["name"].tolist() == ["a", "b", "c"]
    assert shapely.hausdorff_distance(geometry_of(frame), geometry_of(squares())).max() < 0.01
    assert list(read_frame(layer, ["floors", "absent"]).columns) == ["floors", "geometry"]
    for given in (path, str(path), squares()):
        loaded = load(given, "zones").frame
        assert sorted(loaded["name"]) == ["a", "b", "c"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_box_chooses_rows(tmp_path: Path, suffix: str) -> None:
    layer = open_layer(write(tmp_path / f"b{suffix}"))
    box = tuple(squares().iloc[:2].to_crs(layer.crs).total_bounds)
    assert sorted(read_frame(layer, ["floors"], box)["floors"]) == [1, 2]


@pytest.mark.parametrize("suffix", FORMATS)
def test_buildings_come_in_batches_with_bounds(tmp_path: Path, suffix: str) -> None:
    source = open_buildings(write(tmp_path / f"b{suffix}"), None)
    assert source.columns == ("area_m2",)
    batches = list(source.batches())
    assert sum(len(batch.geometry) for batch in batches) == source.rows == 3
    area_m2 = np.concatenate([batch.columns["area_m2"] for batch in batches])
    assert sorted(area_m2.tolist())[:1] == [24.0] or np.isnan(area_m2).sum() == 1
    expected = squares().to_crs(source.crs).total_bounds
    assert source.bounds() == pytest.approx(tuple(expected), abs=1e-6)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_area_of_interest_of_any_format(tmp_path: Path, suffix: str) -> None:
    area = area_of(write(tmp_path / f"b{suffix}"))
    assert shapely.area(area.shape) == pytest.approx(75, rel=1e-3)
    assert area.holds(np.array([shapely.Point(3, 6), shapely.Point(30, 6)])).tolist() == [
        True,
        False,
    ]


def test_an_area_of_interest_in_memory_and_by_layer(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", layer="all")
    write(path, squares().iloc[:1], layer="one")
    with pytest.raises(UnreadableVectorError, match=r"all, one\); name one"):
        area_of(path)
    assert shapely.area(area_of(path, "one").shape) == pytest.approx(25)
    assert shapely.area(area_of(squares()).shape) == pytest.approx(75)


def test_parquet_is_known_by_its_content_too(tmp_path: Path) -> None:
    layer = open_layer(write(tmp_path / "b.bin"))
    assert (layer.name, layer.features) == (None, 3)
    assert polygon_layers(tmp_path / "b.bin") == ()


def test_a_column_called_as_the_geometry_is_kept(tmp_path: Path) -> None:
    frame = squares().rename_geometry("geom").assign(geometry=["x", "y", "z"])
    pyogrio.write_dataframe(frame, tmp_path / "b.gpkg")
    found = read_frame(open_layer(tmp_path / "b.gpkg"))
    assert found["geometry"].tolist() == ["x", "y", "z"]
    assert found.geometry.area.tolist() == pytest.approx([25.0] * 3)
    assert found.crs == UTM


@pytest.mark.parametrize("suffix", WHOLE)
def test_the_runs_metadata_and_extent_come_back(
    tmp_path: Path, suffix: str, make_table: object
) -> None:
    told = {"model": 'lite "0"', "counts": {"buildings": 2}}
    path = tmp_path / f"b{suffix}"
    extent = [shapely.to_wkb(shapely.box(3e5, 3e4, 3.1e5, 3.1e4))]
    batches = make_table([1, 2]).to_batches()  # type: ignore[operator]
    write_output(path, batches, crs=CRS(UTM), run_metadata=told, extent=extent)
    assert read_metadata(path) == told
    source = open_buildings(path, None)
    assert source.layer is not None
    found = read_extent(source.layer)
    assert (found is not None) == (suffix in {".gpkg", ".parquet"})


@pytest.mark.parametrize("note", ["{", "[]", "{}", '{"wkb": "00", "crs": "EPSG:32645"}'])
def test_a_note_of_geoparquet_that_is_no_area_is_a_sentence(tmp_path: Path, note: str) -> None:
    path = write(tmp_path / "b.parquet")
    table = pq.read_table(path)
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, EXTENT_ATTRIBUTE: note}), path
    )
    with pytest.raises(UnreadableVectorError, match="notes as geoseg_extent is no observed area"):
        read_extent(open_layer(path))


@pytest.mark.parametrize("suffix", [*FORMATS, ".txt"])
def test_files_without_metadata_have_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"b{suffix}"
    assert read_metadata(path) == {}
    path.write_text("{" if suffix == ".geojson" else "nonsense")
    assert read_metadata(path) == {}
    path.write_text(json.dumps({"type": "FeatureCollection", "geoseg": [1], "features": []}))
    assert read_metadata(path) == {}


def one_sentence(error: pytest.ExceptionInfo[Exception]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert "duckdb" not in text
    return text


@pytest.mark.parametrize("suffix", FORMATS)
def test_nonsense_is_one_sentence(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"b{suffix}"
    with pytest.raises(UnreadableVectorError) as error:
        open_layer(path)
    assert "no such file" in one_sentence(error)
    path.write_text("nonsense")
    with pytest.raises(UnreadableVectorError) as error:
        open_layer(path)
    assert path.name in one_sentence(error)


def test_parquet_that_is_no_geoparquet_is_one_sentence(tmp_path: Path) -> None:
    squares().drop(columns="geometry").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(UnreadableVectorError, match="no GeoParquet"):
        load(tmp_path / "b.parquet", "zones")
    whole = write(tmp_path / "c.parquet").read_bytes()
    (tmp_path / "c.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableVectorError, match="no GeoParquet"):
        load(tmp_path / "c.parquet", "zones")


@pytest.mark.parametrize("suffix", FORMATS)
def test_points_are_refused(tmp_path: Path, suffix: str) -> None:
    points = squares().set_geometry(squares().centroid)
    with pytest.raises(UnreadableVectorError, match=r"has no polygon layer|holds Point; polygons"):
        open_layer(write(tmp_path / f"b{suffix}", points))


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".shp"])
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_file_without_crs_is_refused(tmp_path: Path, suffix: str) -> None:
    nowhere = squares().set_crs(None, allow_override=True)
    with pytest.raises(UnreadableVectorError, match=r"no CRS|Undefined"):
        open_layer(write(tmp_path / f"b{suffix}", nowhere))


def test_naming_a_layer(tmp_path: Path) -> None:
    gpkg = write(tmp_path / "b.gpkg", layer="houses")
    assert open_layer(gpkg, "houses").features == 3
    with pytest.raises(UnreadableVectorError, match=r"no layer 'roofs'; it has houses"):
        open_layer(gpkg, "roofs")
    with pytest.raises(
        UsageError, match="GeoParquet, which has no layers; leave out the layer 'x'"
    ):
        open_layer(write(tmp_path / "b.parquet"), "x")
    with pytest.raises(UsageError, match="the zones are a table, which has no layers"):
        load(squares(), "zones", layer="x")


def test_tables_that_cannot_be_used() -> None:
    with pytest.raises(UsageError, match="must be a path or a GeoDataFrame; got 'list'"):
        load([1], "zones")  # type: ignore[arg-type]
    with pytest.raises(UnreadableVectorError, match="set_crs"):
        load(squares().set_crs(None, allow_override=True), "zones")
    with pytest.raises(UnreadableVectorError, match="set_geometry"):
        load(gpd.GeoDataFrame({"a": [1]}), "zones")


OSM_TEXT = """<?xml version="1.0"?><osm version="0.6">
<node id="1" lat="27.63" lon="85.52" version="1"/><node id="2" lat="27.63" lon="85.53" version="1"/>
<node id="3" lat="27.64" lon="85.53" version="1"/><way id="1" version="1"><nd ref="1"/><nd ref="2"/>
<nd ref="3"/><nd ref="1"/><tag k="landuse" v="residential"/></way></osm>"""


@pytest.mark.parametrize("layer", [None, "multipolygons"])
def test_openstreetmap_as_it_is_holds_more_than_buildings(
    tmp_path: Path, layer: str | None
) -> None:
    path = tmp_path / "town.osm"
    path.write_text(OSM_TEXT)
    with pytest.raises(UnreadableVectorError, match="areas of every kind; take the buildings out"):
        load(path, "buildings", layer=layer, preferred="buildings")
    assert len(load(path, "zones", layer="multipolygons").frame) == 1


@pytest.mark.parametrize("name", ["town", "town.parquet"])
def test_a_folder_of_parquet_is_told_how_to_become_a_file(tmp_path: Path, name: str) -> None:
    """As engines for large tables write them, in folders by the value of a column."""
    folder = tmp_path / name
    for number in (1, 2):
        part = folder / f"quarter={number}"
        part.mkdir(parents=True)
        squares().to_parquet(part / "part-0.parquet")
    for layer in (None, "town"):
        with pytest.raises(UnreadableVectorError, match="is a folder of Parquet files") as told:
            load(folder, "zones", layer=layer if name == "town" else None)
    code = str(told.value).split('"')[1].replace("one.parquet", f"{tmp_path}/one.parquet")
    exec(code, {})  # noqa: S102  # what it says to do
    assert len(load(tmp_path / "one.parquet", "zones").frame) == 6


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_not_the_current_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "others.shp")
    monkeypatch.chdir(tmp_path)
    for use in (lambda: load(name, "zones"), lambda: GivenArea.of(name, None)):
        with pytest.raises(UsageError, match="the name of a layer's file is empty"):
            use()


@pytest.mark.parametrize("ending", FORMATS)
def test_columns_in_capitals_are_those_that_verbs_reckon_with(
    ending: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As desktop programs write shapefiles; said once, and other columns stay as they are."""
    frame = squares().rename(columns={"area_m2": "AREA_M2", "name": "NAME"})
    frame = frame.assign(CONFIDENCE=[0.5, 0.9, 0.7], Presence=[0.75, 1, 1], AT_EDGE=0)
    path = tmp_path / f"b{ending}"
    if "parquet" in ending:
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio")
    found = geoseg.report(path)
    assert found.table["mean_confidence"].iloc[-1] == pytest.approx(0.7)
    assert found.table["expected_buildings"].iloc[-1] == pytest.approx(2.75)
    assert caplog.text.count("the column CONFIDENCE is taken for confidence") == 1
    assert {"NAME", "area_m2", "confidence", "presence", "at_edge"} <= set(open_layer(path).columns)
    read = read_frame(open_layer(path), ["confidence"])
    assert sorted(read["confidence"]) == [0.5, 0.7, 0.9]
    for column in ("CONFIDENCE", "confidence"):
        assert geoseg.evaluate(path, path, confidence=column).total.ece >= 0
    written = gpd.read_file(geoseg.convert(path, tmp_path / "c.geojson").output)
    assert written.set_index("NAME")["area_m2"][["a", "c"]].tolist() == [25, 24]


def test_capitals_that_may_mean_either_stay(tmp_path: Path) -> None:
    path = tmp_path / "b.geojson"
    squares().assign(CONFIDENCE=0.5, Confidence=0.6, AREA_M2=7.0).to_file(path, engine="pyogrio")
    assert {"CONFIDENCE", "Confidence", "AREA_M2", "area_m2"} <= set(open_layer(path).columns)


@pytest.mark.parametrize("suffix", [".fgb", ".geojson", ".parquet"])
def test_columns_that_differ_in_case_alone_are_read_apart(tmp_path: Path, suffix: str) -> None:
    """GDAL is told by name which columns to leave out, and leaves out the other one: nulls, or none at all."""
    first = pd.Timestamp("2024-05-17T12:00:00")
    frame = squares().assign(confidence=[0.5, 0.9, 0.7], CONFIDENCE=0.1, at_edge=0, AT_EDGE=1)
    frame = frame.assign(building_id=[1, 2, 3], BUILDING_ID=7, seen=first, SEEN=first)
    path = write(tmp_path / f"b{suffix}", frame)
    found = geoseg.report(path)
    assert found.table["mean_confidence"].iloc[-1] == pytest.approx(0.7)
    assert sorted(read_frame(open_layer(path), ["building_id"])["building_id"]) == [1, 2, 3]
    assert geoseg.evaluate(path, path, confidence="CONFIDENCE").total.ece == pytest.approx(0.9)
    assert geoseg.compare(path, path).as_dict()["unchanged"] == 3
    assert (
        load_exact(path, "buildings", layer=None, preferred="buildings").frame["SEEN"].notna().all()
    )


@pytest.mark.parametrize("verb", ["report", "evaluate", "convert"])
def test_a_file_with_a_column_twice_is_told(verb: str, tmp_path: Path) -> None:
    """As a CSV file or a join leaves it."""
    rows = [f'"{shape.wkt}",0.1,0.2' for shape in squares().geometry]
    (tmp_path / "b.csv").write_text("\n".join(["WKT,confidence,confidence", *rows]))
    layer = f'<SrcDataSource relativeToVRT="1">b.csv</SrcDataSource><LayerSRS>{UTM}</LayerSRS>'
    field = '<GeometryType>wkbPolygon</GeometryType><GeometryField encoding="WKT" field="WKT"/>'
    path = tmp_path / "b.vrt"
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="b">{layer}{field}</OGRVRTLayer></OGRVRTDataSource>'
    )
    others = {"report": (), "evaluate": (path,), "convert": (tmp_path / "c.gpkg",)}
    with pytest.raises(UnreadableVectorError, match="has two columns called 'confidence'; remove"):
        getattr(geoseg, verb)(path, *others[verb])


def test_parquet_without_a_place_is_told_what_it_lacks(tmp_path: Path) -> None:
    """As a table of outlines that another program wrote; it was told by a key in Python's notation."""
    path = tmp_path / "b.parquet"
    pq.write_table(pa.table({"geometry": shapely.to_wkb(squares().geometry)}), path)
    with pytest.raises(UnreadableVectorError, match=r"^\S+ is no GeoParquet file \(it lacks the"):
        geoseg.report(path)


GML_CRSS = {
    "one": ("urn:ogc:def:crs:EPSG::32645", False),
    "another way to write it": ("http://www.opengis.net/gml/srs/epsg.xml#32645", False),
    "two": ("urn:ogc:def:crs:EPSG::32644", True),
}


@pytest.mark.parametrize("schema", [True, False])
@pytest.mark.parametrize(("name", "refused"), GML_CRSS.values(), ids=GML_CRSS)
def test_gml_whose_features_are_in_two_crss_is_refused(
    tmp_path: Path, name: str, refused: bool, schema: bool
) -> None:
    """GDAL took the first for all where a schema lies beside the file, as its own writer leaves it."""
    path = tmp_path / "b.gml"
    boxes = shapely.box([354_000, 354_100], 3_057_000, [354_010, 354_110], 3_057_010)
    gpd.GeoDataFrame(geometry=boxes, crs="EPSG:32645").to_file(path, engine="pyogrio", layer="b")
    told, last, end = path.read_text().rpartition("urn:ogc:def:crs:EPSG::32645")
    assert last
    path.write_text(told + name + end)
    if not schema:
        path.with_suffix(".xsd").unlink()
    if refused:
        words = "EPSG:32645.* and others in EPSG:32644.*; bring them into one CRS"
        with pytest.raises(UnreadableVectorError, match=words):
            open_layer(path)
    elif schema:
        assert open_layer(path).crs.to_epsg() == 32645
