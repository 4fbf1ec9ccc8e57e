"""GeoParquet by its specification, its order, and what a reader of an area reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tries import tries

from geoseg.export import geoparquet, place_order
from geoseg.export.output import write_frame, write_output
from geoseg.export.place_order import hilbert, place_keys
from geoseg.vectors.geoparquet import read_header, read_rows
from geoseg.vectors.load import load

MakeTable = Callable[..., pa.Table]
UTM = pyproj.CRS(32645)
GROUP = 100


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes at which a few hundred rows are many."""
    monkeypatch.setattr(geoparquet, "GROUP_ROWS", GROUP)
    monkeypatch.setattr(place_order, "RUN_ROWS", 70)
    monkeypatch.setattr(place_order, "SLICE_ROWS", 16)


def test_the_curve_goes_through_every_cell_from_neighbour_to_neighbour() -> None:
    y, x = np.mgrid[:32, :32].reshape(2, -1).astype(np.uint64)
    keys = hilbert(x, y, 5)
    assert sorted(keys) == [*range(1024)]
    order = np.argsort(keys)
    steps = np.abs(np.diff(x[order].astype(int))) + np.abs(np.diff(y[order].astype(int)))
    assert set(steps) == {1}


def test_keys_of_places_anywhere() -> None:
    shapes = np.array(
        [shapely.box(-1e12, 0, 1e12, 1), None, shapely.Polygon(), shapely.Point(0, 0)]
    )
    keys = place_keys(shapes, geographic=False)
    assert keys[1] == keys[2] > max(keys[0], keys[3])


def written(folder: Path, table: pa.Table, rows: int = 37, **kwargs: Any) -> Path:
    path = folder / "b.parquet"
    batches = table.to_batches(max_chunksize=rows)
    write_output(path, batches, crs=kwargs.pop("crs", UTM), run_metadata={}, **kwargs)
    return path


@pytest.mark.usefixtures("small")
@tries(15)
@given(
    count=st.integers(0, 400), rows=st.integers(1, 200), seed=st.integers(0, 9), twice=st.booleans()
)
def test_rows_are_sorted_by_place_however_they_came(
    tmp_path_factory: pytest.TempPathFactory, count: int, rows: int, seed: int, twice: bool
) -> None:
    from output_tables import buildings

    ids = np.random.default_rng(seed).permutation(2000)[:count]
    table = buildings(ids)
    if twice and count:  # all in one place: as they came
        one = table["geometry"][0]
        table = table.set_column(
            table.num_columns - 1, "geometry", pa.array([one.as_py()] * count, pa.binary())
        )
    path = written(tmp_path_factory.mktemp("o"), table, rows)
    found = pq.read_table(path)
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    order = np.argsort(place_keys(shapes, geographic=False), kind="stable")
    assert found["building_id"].to_pylist() == ids[order].tolist()
    sizes = [
        pq.read_metadata(path).row_group(i).num_rows
        for i in range(pq.read_metadata(path).num_row_groups)
    ]
    assert sizes == [GROUP] * (count // GROUP) + [count % GROUP] * (count % GROUP > 0)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def require_valid(path: Path) -> dict[str, Any]:
    """What the JSON schema of GeoParquet 1.1.0 and its text ask for; returns the main column."""
    file = pq.ParquetFile(path)
    geo = json.loads(file.metadata.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert isinstance(geo["primary_column"], str)
    assert geo["primary_column"] in geo["columns"]
    schema = file.schema_arrow
    for name, column in geo["columns"].items():
        assert schema.field(name).type == pa.binary()
        assert column["encoding"] == "WKB"
        kinds = {"Polygon", "MultiPolygon"}
        assert {*column["geometry_types"]} <= kinds
        assert len({*column["geometry_types"]}) == len(column["geometry_types"])
        assert column["crs"]["$schema"].startswith("https://proj.org/schemas/")
        assert len(column.get("bbox", [0] * 4)) == 4
        assert column.get("orientation", "counterclockwise") == "counterclockwise"
        cover = column["covering"]["bbox"]
        assert {*cover} == {"xmin", "ymin", "xmax", "ymax"}
        (root,) = {one[0] for one in cover.values()}
        assert root not in geo["columns"]
        assert [*cover.values()] == [[root, side] for side in cover]
        kind = schema.field(root).type
        assert pa.types.is_struct(kind)
        assert {field.name: field.type for field in kind} == dict.fromkeys(cover, pa.float64())
    return dict(geo["columns"][geo["primary_column"]])


@pytest.mark.usefixtures("small")
def test_the_file_is_valid_and_every_group_tells_its_area(
    tmp_path: Path, make_table: MakeTable
) -> None:
    path = written(tmp_path, make_table(range(0, 900, 3)))
    column = require_valid(path)
    file = pq.ParquetFile(path)
    table = file.read()
    boxes = np.array([[*row.values()] for row in table["bbox"].to_pylist()])
    assert (boxes == shapely.bounds(shapely.from_wkb(table["geometry"].to_numpy()))).all()
    assert column["bbox"] == [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]
    for group in range(file.metadata.num_row_groups):
        rows = file.read_row_group(group)["bbox"].to_pylist()
        chunks = [
            file.metadata.row_group(group).column(i) for i in range(file.metadata.num_columns)
        ]
        told = {chunk.path_in_schema: chunk.statistics for chunk in chunks}
        assert told["geometry"] is None
        assert told["bbox.xmin"].min == min(row["xmin"] for row in rows)
        assert told["bbox.ymax"].max == max(row["ymax"] for row in rows)
        assert told["building_id"].has_min_max


def test_an_empty_file_a_missing_geometry_and_a_column_called_bbox(
    tmp_path: Path, empty_table: pa.Table
) -> None:
    require_valid(written(tmp_path, empty_table))
    frame = gpd.GeoDataFrame(
        {"bbox": ["mine", "yours"]}, geometry=[None, shapely.box(0, 0, 1, 1)], crs=4326
    )
    path = tmp_path / "c.parquet"
    write_frame(frame, path)
    require_valid(path)
    assert pq.read_table(path)["bbox_1"].null_count == 1
    assert read_header(path).columns == ("bbox",)
    assert sorted(load(path, "rows").frame["bbox"]) == ["mine", "yours"]
    assert list(read_rows(path, None, (0.5, 0.5, 2, 2))["bbox"]) == ["yours"]


@pytest.mark.usefixtures("small")
def test_an_area_is_read_from_few_groups(tmp_path: Path, make_table: MakeTable) -> None:
    path = written(tmp_path, make_table(range(2000)))
    left, bottom, right, top = 300_000, 30_000, 300_195, 30_195
    meets = (
        f"bbox.xmin < {right} and bbox.xmax > {left} and bbox.ymin < {top} and bbox.ymax > {bottom}"
    )
    query = f"select building_id from '{path}' where {meets}"  # noqa: S608
    found = {row[0] for row in duckdb.sql(query).fetchall()}
    mine = read_rows(path, ["building_id"], (left, bottom, right, top))
    expected = {row * 100 + col for row in range(10) for col in range(10)}
    assert found == {*mine["building_id"]} == expected
    file = pq.ParquetFile(path)
    near = [
        group
        for group in range(file.metadata.num_row_groups)
        if any(
            row["xmin"] < right and row["ymin"] < top
            for row in file.read_row_group(group)["bbox"].to_pylist()
        )
    ]
    assert len(near) <= 4 < file.metadata.num_row_groups == 20


def test_degrees_are_sorted_as_well(tmp_path: Path, make_table: MakeTable) -> None:
    table = make_table(range(300), scale=1e-5, x=85.0)
    found = pq.read_table(written(tmp_path, table, crs=pyproj.CRS(4326)))
    shapes = shapely.from_wkb(found["geometry"].to_numpy())
    jumps = shapely.distance(shapes[:-1], shapes[1:])
    assert np.median(jumps) < 2e-4
