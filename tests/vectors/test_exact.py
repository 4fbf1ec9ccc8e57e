"""What a table holds comes out of it as it went in."""

from __future__ import annotations

import struct
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely

from geoseg.vectors.exact import Exact, load_exact

TIMES = ["2024-05-17T10:00:00.000", "2024-12-01T23:59:59.000"]


def loaded(columns: dict[str, object], path: Path) -> Exact:
    squares = shapely.box(np.arange(2), 0, np.arange(2) + 0.5, 1)
    gpd.GeoDataFrame(columns, geometry=squares, crs="EPSG:4326").to_file(path)
    return load_exact(path, "squares", layer=None, preferred="buildings")


@pytest.mark.parametrize(
    ("suffix", "zone"),
    [(".gpkg", "UTC"), (".geojson", "Asia/Kathmandu"), (".fgb", "Asia/Kathmandu")],
)
def test_times_keep_their_zone_and_get_none(suffix: str, zone: str, tmp_path: Path) -> None:
    local = pd.to_datetime(TIMES)
    columns = {"local": local, "known": local.tz_localize(zone)}
    never = pd.DatetimeIndex([pd.NaT] * 2, tz="UTC")
    frame = loaded({**columns, "never": never}, tmp_path / f"a{suffix}").frame
    assert frame["never"].isna().all()
    for name, dtype in (("local", "datetime64[ms]"), ("known", "datetime64[ms, UTC]")):
        times = pd.DatetimeIndex(frame[name].sort_values().astype(dtype))
        assert times.equals(columns[name].astype(dtype)), name
    assert frame["local"].dtype.pyarrow_dtype.tz is None


def test_some_times_with_a_zone_and_some_without_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.geojson"
    loaded({"seen": TIMES}, path)
    path.write_text(path.read_text().replace(TIMES[0], f"{TIMES[0]}+02:00"))
    frame = load_exact(path, "squares", layer=None, preferred=None).frame
    assert frame["seen"].tolist() == [pd.Timestamp("2024-05-17T08Z"), pd.Timestamp(f"{TIMES[1]}Z")]
    assert "of the times in the column seen, 1 tell no zone" in caplog.text


def test_short_names_of_a_shapefile_are_long_again(tmp_path: Path) -> None:
    read = loaded(
        {"bldg_id": [7, 5], "hgt_max_m": [3.0, 4.0], "own": ["a", "b"]}, tmp_path / "a.shp"
    )
    assert list(read.frame.columns) == ["building_id", "height_max_m", "own", "geometry"]


def test_a_column_called_as_the_numbers_of_rows_are(tmp_path: Path) -> None:
    read = loaded({"id": [7, 5]}, tmp_path / "a.geojson")
    assert read.frame["id"].tolist() == [7, 5]
    assert read.numbers is not None
    assert read.numbers.tolist() == [7, 5]


@pytest.mark.parametrize("mixed", [False, True])
def test_arcs_become_short_steps(mixed: bool, tmp_path: Path) -> None:
    """A round tank, as an editor of arcs stores it."""
    turns = [(10, 0), (0, 10), (-10, 0), (0, -10), (10, 0)]
    arcs = struct.pack("<BIIBII", 1, 10, 1, 1, 8, len(turns))  # curve polygon, circular string
    tank = arcs + b"".join(struct.pack("<dd", *turn) for turn in turns)
    house = shapely.to_wkb(shapely.box(20, 0, 30, 10))
    rows = {"name": ["a", "b"], "shape": pa.array([tank, house if mixed else tank], pa.binary())}
    pyogrio.write_arrow(
        pa.table(rows), tmp_path / "a.gpkg", geometry_name="shape", geometry_type="Unknown",
        crs="EPSG:32645",
    )  # fmt: skip
    frame = load_exact(tmp_path / "a.gpkg", "tanks", layer=None, preferred=None).frame
    round_one, other = np.pi * 100, 100 if mixed else np.pi * 100
    assert frame.area.tolist() == pytest.approx([round_one, other], rel=2e-3)
    assert frame["name"].tolist() == ["a", "b"]
