from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import shapely
from geopandas import GeoDataFrame
from output_tables import WHOLE

from geoseg.errors import OutputError, OutputExistsError, UsageError
from geoseg.export.frame import to_frame
from geoseg.export.opening import open_output
from geoseg.export.output import write_output
from geoseg.export.schema import SCHEMA

MakeTable = Callable[..., pa.Table]

UTM = pyproj.CRS(32645)
METADATA = {"command": 'geoseg predict "o\'rtho é.tif"', "counts": {"buildings": 3}}
FORMATS = WHOLE
CRSS = {
    "projected": UTM,
    "feet": pyproj.CRS(2263),
    "geographic": pyproj.CRS(4326),
    "geographic 3D": pyproj.CRS(4979),
    "compound": pyproj.CRS("EPSG:32645+5773"),
    "without code": pyproj.CRS("+proj=laea +lat_0=27.1 +lon_0=85 +ellps=GRS80 +units=m +type=crs"),
}


def write(path: Path, table: pa.Table, crs: pyproj.CRS = UTM, **kwargs: object) -> int:
    return write_output(path, table.to_batches(), crs=crs, run_metadata=METADATA, **kwargs)


def read(path: Path) -> GeoDataFrame:
    if path.suffix == ".parquet":
        return geopandas.read_parquet(path)
    return pyogrio.read_dataframe(path, layer="buildings")


def as_written(frame: GeoDataFrame, suffix: str) -> GeoDataFrame:
    """What the format can hold of a frame."""
    if suffix == ".geojson":
        frame = frame.to_crs(4326).astype({"confidence": "float64"})
    return frame.sort_values("building_id", ignore_index=True)


@pytest.fixture(params=FORMATS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "50%20 'q\" é?#&"
    folder.mkdir()
    return folder / f"b'u\"i%20 ü?{request.param}"


@pytest.mark.parametrize("crs", CRSS.values(), ids=CRSS)
def test_round_trip(path: Path, make_table: MakeTable, crs: pyproj.CRS) -> None:
    table = make_table([1, 5, 700], scale=1e-5, x=85.0) if crs.is_geographic else None
    table = table or make_table([1, 5, 700])
    assert write(path, table, crs) == 3
    found = read(path).sort_values("building_id", ignore_index=True)
    expected = as_written(to_frame(table.to_batches(), crs=crs), path.suffix)
    assert list(found.columns) == SCHEMA.names
    # GeoJSON rounds, and may start a ring elsewhere.
    tolerance = 2e-8 if path.suffix == ".geojson" else 0.0
    deviation = shapely.hausdorff_distance(found.geometry.values, expected.geometry.values)
    assert (deviation <= tolerance).all()
    assert found.crs == expected.crs
    if path.suffix == ".geojson":  # the text is the same, but GDAL reads it as a date
        found["image_date"] = found["image_date"].dt.strftime("%Y-%m-%d")
    left, right = (frame.drop(columns="geometry") for frame in (found, expected))
    geopandas.pd.testing.assert_frame_equal(left, right, check_dtype=path.suffix != ".geojson")
    assert (found.geom_type == "Polygon").all()
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(("given", "stored"), [("EPSG:32645+5773", 32645), ("EPSG:4979", 4326)])
def test_outlines_have_a_crs_without_heights(
    tmp_path: Path, make_table: MakeTable, given: str, stored: int
) -> None:
    path = tmp_path / "b.gpkg"
    write(path, make_table([1], scale=1e-5, x=85.0), pyproj.CRS(given))
    assert read(path).crs.to_epsg() == stored


def test_zero_buildings_make_an_empty_layer_with_all_columns(
    path: Path, empty_table: pa.Table
) -> None:
    assert write(path, empty_table) == 0
    found = read(path)
    assert len(found) == 0
    # A text format without features has nowhere to name columns.
    if path.suffix != ".geojson":
        assert list(found.columns) == SCHEMA.names
        assert found.crs == UTM


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_the_order_is_kept(tmp_path: Path, make_table: MakeTable, suffix: str) -> None:
    path = tmp_path / f"b{suffix}"
    ids = list(range(0, 900, 3))
    write(path, make_table(ids))
    assert read(path)["building_id"].tolist() == ids


def stored_metadata(path: Path) -> str:
    if path.suffix == ".parquet":
        return pq.read_metadata(path).metadata[b"geoseg"]
    if path.suffix == ".geojson":
        return json.dumps(json.loads(path.read_text(encoding="utf-8"))["geoseg"])
    metadata = pyogrio.read_info(path, layer="buildings")["layer_metadata"]
    return metadata["geoseg" if path.suffix == ".fgb" else "GPKG_METADATA_ITEM_1"]


def test_the_runs_metadata_can_be_read(path: Path, make_table: MakeTable) -> None:
    write(path, make_table([1]))
    assert json.loads(stored_metadata(path)) == METADATA


def test_geojson_follows_rfc_7946(tmp_path: Path, make_table: MakeTable) -> None:
    path = tmp_path / "b.geojson"
    write(path, make_table([1]))
    collection = json.loads(path.read_text())
    assert "crs" not in collection
    exterior, courtyard = collection["features"][0]["geometry"]["coordinates"]
    assert shapely.is_ccw(shapely.LinearRing(exterior))
    assert not shapely.is_ccw(shapely.LinearRing(courtyard))
    assert 84 < exterior[0][0] < 86
    assert 0.2 < exterior[0][1] < 0.4
    assert any(len(str(x).split(".")[1]) >= 7 for x, _ in exterior)


def test_geoparquet_metadata(tmp_path: Path, make_table: MakeTable, empty_table: pa.Table) -> None:
    path = tmp_path / "b.parquet"
    table = make_table([1, 250])
    write(path, table)
    geo = json.loads(pq.read_metadata(path).metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert column["geometry_types"] == ["Polygon"]
    assert column["bbox"] == to_frame(table.to_batches(), crs=UTM).total_bounds.tolist()
    assert pyproj.CRS.from_json_dict(column["crs"]) == UTM
    field = pq.read_schema(path).field("area_m2")
    assert field.metadata[b"unit"].decode() == "m²"
    write(path, empty_table)
    geo = json.loads(pq.read_metadata(path).metadata[b"geo"])
    assert "bbox" not in geo["columns"]["geometry"]


def test_flatgeobuf_is_indexed(tmp_path: Path, make_table: MakeTable) -> None:
    path = tmp_path / "b.fgb"
    write(path, make_table(range(500)))
    assert pyogrio.read_info(path)["capabilities"]["fast_spatial_filter"]


def test_the_extension_decides_in_any_case(tmp_path: Path, make_table: MakeTable) -> None:
    path = tmp_path / "B.GPKG"
    write(path, make_table([1]))
    assert pyogrio.read_info(path, layer="buildings")["driver"] == "GPKG"


def test_open_output_accepts_what_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_output("b.gpkg") == tmp_path / "b.gpkg"
    (tmp_path / "b.gpkg").touch()
    assert open_output("b.gpkg", overwrite=True) == tmp_path / "b.gpkg"
    assert [p.name for p in tmp_path.iterdir()] == ["b.gpkg"]


@pytest.mark.parametrize("name", ["b.tab", "b", "b.gpkg.zip", ".gpkg"])
def test_unknown_extensions_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"allowed are \.gpkg, \.geojson, \.fgb, \.parquet"):
        open_output(tmp_path / name)


def test_an_existing_output_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.gpkg"
    path.touch()
    with pytest.raises(OutputExistsError, match="--overwrite"):
        open_output(path)


def test_a_folder_as_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.gpkg").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        open_output(tmp_path / "b.gpkg", overwrite=True)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        open_output(tmp_path / "no" / "b.gpkg")


def test_a_read_only_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root may write anywhere, so the system's answer is played.
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        open_output(tmp_path / "b.gpkg")


def test_a_name_too_long_for_its_scratch_folder_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="name too long"):
        open_output(tmp_path / f"{'b' * 245}.gpkg")


def test_metadata_that_json_cannot_hold_is_refused_at_once(path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_output(path, [], crs=UTM, run_metadata={"x": float("nan")})
    assert list(path.parent.iterdir()) == []


def test_overwriting_drops_the_old_journals(tmp_path: Path, make_table: MakeTable) -> None:
    path = tmp_path / "b.gpkg"
    write(path, make_table([1]))
    for suffix in ("-wal", "-shm", "-journal"):
        (tmp_path / f"b.gpkg{suffix}").write_bytes(b"of the old file")
    write(path, make_table([2, 3]))
    assert [p.name for p in tmp_path.iterdir()] == ["b.gpkg"]
    assert len(read(path)) == 2


def test_frame_without_buildings_has_all_columns() -> None:
    frame = to_frame([], crs=UTM)
    assert list(frame.columns) == SCHEMA.names
    assert frame.crs == UTM
