"""One rule for the rows of every layer, in every verb."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from commands import exit_code, invoke
from conftest import REPOSITORY
from pyproj import CRS

import geoseg
from geoseg.errors import UnreadableVectorError, UsageError, WrongTypeError
from geoseg.vectors.encoding import encoding_of
from geoseg.vectors.layers import open_layer, read_frame
from geoseg.vectors.rows import usable
from geoseg.vectors.wkb import shapes_of

UTM = "EPSG:32645"
X, Y = 345_600.0, 3_071_000.0
EIGHT = [(0, 0), (10, 10), (10, 0), (0, 10)]


def at(shape: Any) -> Any:
    return shapely.transform(shape, lambda xy: xy + np.array([X, Y]))


def rows() -> gpd.GeoDataFrame:
    """A house, an eight of 50 m2, a row without geometry, an empty one, a point, a flat one."""
    shapes = [
        at(shapely.box(20, 0, 30, 10)), at(shapely.Polygon(EIGHT)), None, shapely.Polygon(),
        at(shapely.Point(1, 1)), at(shapely.Polygon([(0, 0), (5, 5), (0, 0), (0, 0)])),
    ]  # fmt: skip
    return gpd.GeoDataFrame({"name": list("abcdef")}, geometry=shapes, crs=UTM)


def test_a_table_with_a_column_twice_is_told() -> None:
    """As concat or a join leaves it."""
    twice = rows().assign(confidence=0.5)
    twice = gpd.GeoDataFrame(gpd.pd.concat([twice, twice[["confidence"]]], axis=1))
    with pytest.raises(UsageError, match="have two columns called 'confidence'; remove or rename"):
        geoseg.report(twice)


def test_the_rule() -> None:
    found = usable(np.array(rows().geometry.array, dtype=object), CRS(UTM))
    assert dict(found.counts) == {"repaired": 1, "without": 2, "lines": 1, "flat": 1}
    assert shapely.area(found.geometry[found.kept]).tolist() == pytest.approx([100, 50])


@pytest.mark.parametrize("kind", ["report", "compare", "evaluate", "zones"])
def test_repaired_and_counted_everywhere(kind: str) -> None:
    house = gpd.GeoDataFrame(geometry=[at(shapely.box(20, 0, 30, 10))], crs=UTM)
    if kind == "report":
        result = geoseg.report(rows())
        assert result.table["area_m2"].iloc[-1] == pytest.approx(150, rel=2e-3)
    elif kind == "compare":
        result = geoseg.compare(rows(), rows())
        assert result.table["area_old_m2"].iloc[-1] == pytest.approx(150, rel=2e-3)
        assert result.as_dict()["unchanged"] == 2
    elif kind == "evaluate":
        result = geoseg.evaluate(rows(), rows())
        assert (result.total.true, result.total.f1) == (2, 1)
    else:
        result = geoseg.report(house, zones=rows(), name_column="name")
        assert len(result.table) == 3
    said = " ".join(result.notes)
    for words in ("1 invalid polygon of", "2 rows", "1 row of", "points or lines", "no area"):
        assert words in said


def test_an_area_that_is_out_of_date_is_not_believed() -> None:
    stale = gpd.GeoDataFrame({"area_m2": [1e6]}, geometry=[at(shapely.box(0, 0, 10, 10))], crs=UTM)
    result = geoseg.report(stale)
    assert result.table["area_m2"].iloc[-1] == pytest.approx(100, rel=2e-3)
    assert any("out of date" in note for note in result.notes)


@pytest.mark.parametrize(
    ("given", "mean", "words"),
    [
        ([0.5, None, 0.9], 0.7, "1 building has no confidence"),
        ([50, 90, None], 0.7, "taken as percent"),
        (["0.5", "0.9", "high"], 0.7, "1 value of the column confidence is no number"),
        ([1, 2, 3], None, "no probabilities"),
        ([-1, 0.5, 0.5], None, "no probabilities"),
        ([120, 255, 3], None, "no probabilities"),
    ],
)
def test_confidences(given: list[Any], mean: float | None, words: str) -> None:
    boxes = at(shapely.box([0, 20, 40], 0, [10, 30, 50], 10))
    result = geoseg.report(gpd.GeoDataFrame({"confidence": given}, geometry=boxes, crs=UTM))
    figures = result.table.iloc[-1]
    assert any(words in note for note in result.notes)
    if mean is None:
        assert "mean_confidence" not in figures
    else:
        assert figures["mean_confidence"] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        ([0.5, None, 0.9], np.nan, "1 building has no presence; expected_buildings is empty where"),
        ([50, 90, 100], 2.4, "column presence goes up to 100 and was taken as percent"),
        (["0.5", "0.9", "1"], 2.4, None),
        (["0.5", "0.9", "high"], np.nan, "1 value of the column presence is no number"),
        ([0.5, 0.9, 1.2], np.nan, "1 building has no presence; expected_buildings is empty where"),
        (["a", "b", "c"], None, "3 values of the column presence are no numbers"),
        ([None, None, None], None, None),
    ],
)
def test_presences(given: list[Any], expected: float | None, words: str | None) -> None:
    """By the rule of confidences: they were let pass in percent, as text or beyond 1 without a word."""
    boxes = at(shapely.box([0, 20, 40], 0, [10, 30, 50], 10))
    frame = gpd.GeoDataFrame({"presence": given}, geometry=boxes, crs=UTM)
    for language in ("en", "de"):
        result = geoseg.report(frame, language=language)
        figures = result.table.iloc[-1]
        assert figures.get("expected_buildings") == (
            None if expected is None else pytest.approx(expected, nan_ok=True)
        )
        said = [note for note in result.notes if "presence" in note]
        assert len(said) == (0 if words is None else 1 + ("number" in words))
        assert language == "de" or words is None or words in " ".join(said)


def test_ids_of_any_kind_come_back() -> None:
    boxes = at(shapely.box([0, 20, 40], 0, [10, 30, 50], 10))
    for ids, old in (
        (["way/1", "way/2", None], ["way/1", "way/2", ""]),
        ([2**60 + 1, 5, 5], [2**60 + 1, 5, 5]),
    ):
        frame = gpd.GeoDataFrame({"building_id": ids}, geometry=boxes, crs=UTM)
        result = geoseg.compare(frame, frame)
        assert result.changes["old_id"].tolist() == old
        assert any("an earlier one has" in note for note in result.notes) == (5 in ids)


WKT = {
    "TIN Z (((0 0 0, 9 0 0, 0 9 0, 0 0 0)), ((9 0 0, 9 9 0, 0 9 0, 9 0 0)))": 81,
    "POLYHEDRALSURFACE Z (((0 0 0, 9 0 0, 9 9 0, 0 9 0, 0 0 0)), ((0 0 0, 0 0 3, 9 0 3, 9 0 0, 0 0 0)))": 81,
    "TRIANGLE ((0 0, 9 0, 0 9, 0 0))": 40.5,
    "CURVEPOLYGON (CIRCULARSTRING (0 0, 10 0, 0 0))": 25 * np.pi,
    "MULTISURFACE (((0 0, 9 0, 9 9, 0 0)))": 40.5,
    "GEOMETRYCOLLECTION (POINT (1 1), GEOMETRYCOLLECTION (POLYGON ((0 0, 9 0, 9 9, 0 0))))": 40.5,
    "POLYGON ZM ((0 0 5 1, 9 0 5 1, 9 9 6 1, 0 9 6 1, 0 0 5 1))": 81,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Measured")
@pytest.mark.parametrize(("wkt", "area"), WKT.items(), ids=[wkt.split(" ")[0] for wkt in WKT])
def test_shapes_of_any_kind(wkt: str, area: float, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f'id,shape\n1,"{wkt}"\n')
    (tmp_path / "t.vrt").write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="t"><SrcDataSource relativeToVRT="1">t.csv'
        "</SrcDataSource><LayerSRS>EPSG:32645</LayerSRS>"
        '<GeometryField encoding="WKT" field="shape"/></OGRVRTLayer></OGRVRTDataSource>'
    )
    frame = read_frame(open_layer(tmp_path / "t.vrt"), [])
    found = usable(np.array(frame.geometry.array, dtype=object), CRS(UTM))
    assert shapely.area(found.geometry)[0] == pytest.approx(area, rel=1e-3)


@pytest.mark.parametrize("verb", ["regularize", "convert", "town", "heights", "update"])
@pytest.mark.parametrize("in_memory", [False, True])
def test_collections_of_polygons_are_written_again(
    verb: str, in_memory: bool, tmp_path: Path
) -> None:
    """Two houses in one row, one within a collection of its own; two that lie on each other; one."""
    box, collection = shapely.box, shapely.GeometryCollection
    shapes = [
        collection([box(0, 0, 10, 10), collection([box(20, 0, 30, 10)])]),
        collection([box(0, 20, 10, 30), box(5, 20, 15, 30)]),
        collection([shapely.MultiPolygon([box(0, 40, 10, 50)])]),
        shapely.GeometryCollection(),
    ]
    frame = gpd.GeoDataFrame(
        {"n": [1, 2, 3, 4], "height_m": 3.0, "ground_m": 1.0},
        geometry=at(np.array(shapes)),
        crs=UTM,
    )
    given = frame if in_memory else tmp_path / "c.geojson"
    if not in_memory:
        frame.to_file(given, engine="pyogrio", RFC7946="NO")
    out = tmp_path / "out.gpkg"
    if verb == "regularize":
        geoseg.regularize(given, out, gsd_m=0.3)
    elif verb in {"convert", "town"}:
        geoseg.convert(given, out, solids=verb == "town")
    elif verb == "update":
        geoseg.update(given, frame.assign(confidence=0.9), out)
    else:
        surface = tmp_path / "ndsm.tif"
        with rasterio.open(
            surface, "w", driver="GTiff", width=80, height=80, count=1, dtype="float32", crs=UTM,
            transform=rasterio.Affine(1, 0, X - 20, 0, -1, Y + 60),
        ) as dataset:  # fmt: skip
            dataset.write(np.full((80, 80), 4, np.float32), 1)
        geoseg.add_heights(given, out, ndsm=surface)
    found = gpd.read_file(out, layer=0).set_index("n")
    found = found[~(found.geometry.isna() | found.geometry.is_empty)]
    if verb == "town":
        assert found.index.value_counts().to_dict() == {1: 1, 2: 1, 3: 1}
        return
    assert shapely.area(found.geometry.values).tolist() == pytest.approx([200, 150, 100], rel=0.02)
    assert set(found.geom_type) <= {"Polygon", "MultiPolygon"}


@pytest.mark.filterwarnings("ignore:Registering")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_triangles_of_a_geopackage(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('id,WKT\n1,"TRIANGLE ((0 0, 9 0, 0 9, 0 0))"\n')
    meta, _, wkb, _ = pyogrio.raw.read(tmp_path / "t.csv")
    pyogrio.raw.write(
        tmp_path / "t.gpkg", wkb, [], [], driver="GPKG", geometry_type="Unknown", crs=UTM, layer="t"
    )
    for result in (geoseg.evaluate(tmp_path / "t.gpkg", tmp_path / "t.gpkg").total,):
        assert (result.true, result.f1) == (1, 1)
    assert meta["fields"].tolist()


def test_zones_of_a_local_crs_are_refused() -> None:
    local = rows().iloc[:1].set_crs('LOCAL_CS["site",UNIT["metre",1]]', allow_override=True)
    with pytest.raises(UnreadableVectorError, match="not tied to the earth"):
        geoseg.report(rows().iloc[:1], zones=local)


def test_bytes_that_are_no_shape_are_none() -> None:
    good = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    assert [one is None for one in shapes_of(np.array([good, good[:9], b"x", None]))] == [
        False, True, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["UTF-8", None, "nonsense", "ISO-8859-1"])
@pytest.mark.parametrize("written", ["UTF-8", "ISO-8859-1"])
def test_letters_of_a_shapefile(said: str | None, written: str, tmp_path: Path) -> None:
    path = tmp_path / "z.shp"
    names = gpd.GeoDataFrame(
        {"name": ["Tür", "Ñandú"]}, geometry=rows().geometry[[0, 0]].values, crs=UTM
    )
    names.to_file(path, encoding=written)
    page = path.with_suffix(".cpg")
    page.unlink() if said is None else page.write_text(said)
    if said == "ISO-8859-1" and written == "UTF-8":
        return  # what is said is believed where it can be
    assert read_frame(open_layer(path))["name"].tolist() == ["Tür", "Ñandú"]
    assert encoding_of(tmp_path / "z.gpkg") is None


def test_what_lies_in_an_archive(tmp_path: Path) -> None:
    rows().iloc[:2].to_file(tmp_path / "b.gpkg", layer="b")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(tmp_path / "b.gpkg", "in/b.gpkg")
    for name in (f"/vsizip/{tmp_path}/z.zip/in/b.gpkg", f"{tmp_path}/z.zip!in/b.gpkg"):
        assert geoseg.report(name).table["buildings"].iloc[-1] == 2
        assert invoke("report", name, "--json").exit_code == 0


@pytest.mark.filterwarnings("ignore:HTTP response code")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(UnreadableVectorError, match=r"http://127\.0\.0\.1:9/b\.gpkg"):
        geoseg.report("http://127.0.0.1:9/b.gpkg?key=secret")


def test_rows_without_a_place_in_flatgeobuf(tmp_path: Path) -> None:
    path = tmp_path / "b.fgb"
    frame = rows().iloc[:3]
    pyogrio.write_dataframe(frame, path, layer_options={"SPATIAL_INDEX": "NO"})
    for verb in (geoseg.report(path), geoseg.compare(path, path), geoseg.evaluate(path, path)):
        assert any("1 row of" in note and "no geometry" in note for note in verb.notes)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f: geoseg.report(f, sizes="20,50"), "'sizes'"),
        (lambda f: geoseg.compare(f, f, match_iou="a"), "'match_iou'"),
        (lambda f: geoseg.report(f, h3="9"), "'h3'"),
        (lambda f: geoseg.report(f, overwrite="yes"), "'overwrite'"),
        (lambda f: geoseg.evaluate(f, f, gsd_m=[1]), "'gsd_m'"),
        (lambda f: geoseg.report(f, layer=3), "'layer'"),
    ],
)
def test_wrong_types_are_a_sentence(call: Any, words: str) -> None:
    with pytest.raises(WrongTypeError, match=words) as caught:
        call(rows())
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize(
    "command",
    ["report {}", "compare {} {}", "evaluate {} {}", "regularize {} o.gpkg", "report b.gpkg --zones {}",
     "to-coco {} o.json --raster r.tif", "from-coco {} o.gpkg --raster r.tif",
     "dataset r.tif {} -o chips", "evaluate b.gpkg b.gpkg --aoi {}", "info {}", "predict {} o.gpkg"],
)  # fmt: skip
def test_a_missing_file_is_the_same_everywhere(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make_raster: Any,
) -> None:
    make_raster("r.tif", np.full((3, 64, 64), 90, np.uint8), crs=UTM)
    monkeypatch.chdir(tmp_path)
    rows().iloc[:1].to_file("b.gpkg", layer="b")
    assert exit_code(*command.format("gone.gpkg", "gone.gpkg").split()) == 1
    shown = capsys.readouterr()
    assert "gone.gpkg" in shown.err
    assert not shown.out


@pytest.mark.parametrize(
    ("command", "several"),
    [("report b.gpkg -o o.json", True), ("compare b.gpkg b.gpkg -o o.json", True),
     ("evaluate b.gpkg b.gpkg -o o.json", True), ("regularize b.gpkg -o o.gpkg", False),
     ("to-coco b.gpkg -o o.json --raster r.tif", False), ("predict r.tif -o o.gpkg", False)],
)  # fmt: skip
def test_outputs_are_told_alike(
    command: str, several: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_raster: Any
) -> None:
    raster = make_raster("r.tif", np.full((3, 64, 64), 90, np.uint8), crs=UTM)
    with __import__("rasterio").open(raster) as opened:
        middle = shapely.box(*opened.bounds).centroid
    monkeypatch.chdir(tmp_path)
    house = middle.buffer(3)
    gpd.GeoDataFrame(geometry=[house], crs=UTM).to_file("b.gpkg", layer="b")
    words = command.replace("r.tif", str(raster)).split()
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.output
    output = json.loads(done.stdout)["output"]
    (one,) = output if several else [output]
    assert Path(one).is_absolute()
    assert Path(one).exists()
    plain = invoke(*words, "--overwrite")
    assert plain.stdout.strip()


def test_rows_of_several_polygons_are_told() -> None:
    """A layer that somebody dissolved is one building, and nobody would see why."""
    boxes = [shapely.box(x, 0, x + 10, 10) for x in (500_000, 500_020, 500_040)]
    alone = shapely.MultiPolygon(boxes[2:])
    frame = gpd.GeoDataFrame(geometry=[shapely.MultiPolygon(boxes[:2]), alone], crs="EPSG:32633")
    said = "1 row of the table of {} holds several polygons; it counts as one building."
    report = geoseg.report(frame)
    assert report.as_dict()["buildings"] == 2
    assert said.format("buildings") in report.notes
    assert said.format("truth") in geoseg.evaluate(frame, frame).notes
    assert not any("several" in note for note in geoseg.report(frame[1:]).notes)


@pytest.mark.parametrize(
    "verb", ["evaluate", "compare", "recompute", "review", "report", "to-coco", "regularize"]
)
def test_metres_that_are_called_degrees_are_told(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metres, good, out = tmp_path / "metres.gpkg", tmp_path / "good.gpkg", tmp_path / "out"
    houses = gpd.GeoDataFrame(geometry=[at(shapely.box(20, 0, 30, 10))], crs=UTM)
    houses.to_file(good)
    houses.set_crs(4326, allow_override=True).to_file(metres)
    rest: dict[str, list[object]] = {
        "evaluate": [good],
        "compare": [good, "-o", out.with_suffix(".gpkg")],
        "report": ["-o", out.with_suffix(".csv")],
        "to-coco": [
            "--raster",
            REPOSITORY / "examples" / "banepa.tif",
            "-o",
            out.with_suffix(".json"),
        ],
    }
    assert exit_code(verb, metres, *rest.get(verb, ["-o", out.with_suffix(".gpkg")])) > 0
    told = capsys.readouterr().err
    assert "CRS" in told
    assert "metric CRS" not in told
    assert not list(tmp_path.glob("out*"))
