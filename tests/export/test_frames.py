"""Any finished layer into any format, and the same rows out of it."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from output_tables import WHOLE
from tries import tries

from geoseg.errors import OutputError, UnreadableVectorError, UsageError
from geoseg.export.frames import FrameLayer
from geoseg.export.opening import open_output
from geoseg.export.output import WRITERS, require_held, write_frame, write_layers
from geoseg.export.styles.style import Style
from geoseg.vectors.layers import open_layer, read_frame
from geoseg.vectors.load import load

FORMATS = WHOLE
GDAL = sorted({*FORMATS} - {".parquet"})
UTM = "EPSG:32645"


def boxes(count: int) -> list[Any]:
    return [shapely.box(3e5 + 20 * i, 3e6, 3e5 + 20 * i + 10, 3e6 + 7) for i in range(count)]


def frame(shapes: Sequence[Any] | None = None, **columns: Any) -> gpd.GeoDataFrame:
    rows = len(next(iter(columns.values()))) if columns else 2
    shapes = boxes(rows) if shapes is None else shapes
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=UTM)


def back(given: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """What a file gives back of a frame."""
    assert write_frame(given, path) == len(given)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    return load(path, "rows").frame


def plain(value: Any) -> Any:
    """A value of a table, whatever it is stored as."""
    if isinstance(value, (list, dict, np.ndarray)):
        return value.tolist() if isinstance(value, np.ndarray) else value
    if pd.isna(value):
        return None
    if isinstance(value, (dt.datetime, np.datetime64)):
        return pd.Timestamp(value).isoformat()
    return value.item() if isinstance(value, np.generic) else value


def rows(table: gpd.GeoDataFrame) -> list[tuple[Any, ...]]:
    attributes = pd.DataFrame(table).drop(columns=table.geometry.name)
    return [
        tuple(plain(attributes.iloc[row, place]) for place in range(attributes.shape[1]))
        for row in range(len(table))
    ]


TEXTS = st.text(
    st.sampled_from("ab'\"\\`,;{}[]<>&%é漢 \n\t"), max_size=6
)  # no digits: GDAL reads dates out of GeoJSON's text
FIRST, LAST = (dt.datetime(year, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None) for year in (1900, 2100))
DATES = st.datetimes(FIRST, LAST).map(lambda when: when.replace(microsecond=milliseconds(when)))


def milliseconds(when: dt.datetime) -> int:
    """What is kept of the fraction, in microseconds."""
    lost = when.year < 1970 and when.second == 59
    return 0 if lost else when.microsecond // 1000 * 1000


VALUES = {
    "text'1": st.none() | TEXTS,
    'whole"2': st.integers(-(2**53), 2**53),
    "some_whole": st.none() | st.integers(-(2**31), 2**31 - 1),
    "real é": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "truth": st.booleans(),
    "maybe": st.none() | st.booleans(),
    "when": st.none() | DATES,
    "when_utc": DATES.map(lambda when: when.replace(tzinfo=dt.UTC)),
    "fid": st.integers(0, 3),
    "geom": TEXTS,
}


@st.composite
def tables(draw: st.DrawFn) -> gpd.GeoDataFrame:
    count = draw(st.integers(1, 4))
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True))
    columns = {name: draw(st.lists(VALUES[name], min_size=count, max_size=count)) for name in names}
    data = {
        name: pd.Series(values, dtype="datetime64[us]" if name == "when" else None)
        for name, values in columns.items()
    }
    shapes = boxes(count)
    if draw(st.booleans()):
        shapes[0] = shapely.MultiPolygon([shapes[0], shapely.box(3e5, 3e6 + 50, 3e5 + 9, 3e6 + 60)])
    if draw(st.booleans()):
        shapes[-1] = None
    return gpd.GeoDataFrame({"row": np.arange(count), **data}, geometry=shapes, crs=UTM)


@pytest.mark.parametrize("suffix", FORMATS)
@tries(20)  # of each format, from one kind of table
@given(table=tables())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, table: gpd.GeoDataFrame
) -> None:
    folder = tmp_path_factory.mktemp("written")
    found = back(table, folder / f"t{suffix}").to_crs(UTM)
    found = found.sort_values("row", ignore_index=True)
    assert set(found.columns) - {found.geometry.name} == set(table.columns) - {"geometry"}
    names = [name for name in table.columns if name != "geometry"]
    assert rows(found[[*names, found.geometry.name]]) == rows(table[[*names, "geometry"]])
    there = ~table.geometry.isna()
    assert (~found.geometry.isna()).tolist() == there.tolist()
    apart = shapely.hausdorff_distance(
        found.geometry[there].to_numpy(), table.geometry[there].to_numpy()
    )
    assert (apart < (0.01 if suffix == ".geojson" else 1e-9)).all()


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb"])
def test_times_before_1970_stay_in_their_minute(tmp_path: Path, suffix: str) -> None:
    given = ["1969-12-31T23:59:59.999", "1950-06-01T12:00:30.250", "1970-01-01T00:00:59.001"]
    when = pd.Series([*map(pd.Timestamp, given), pd.NaT], dtype="datetime64[ms]")
    found = back(frame(boxes(4), when=when, row=range(4)), tmp_path / f"t{suffix}").sort_values(
        "row"
    )
    told = [None if pd.isna(one) else pd.Timestamp(one).isoformat() for one in found["when"]]
    assert told == [
        "1969-12-31T23:59:59",
        "1950-06-01T12:00:30.250000",
        "1970-01-01T00:00:59.001000",
        None,
    ]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_table_without_rows(tmp_path: Path, suffix: str) -> None:
    given = frame(name=["a"], area_m2=[1.0]).iloc[:0]
    found = back(given, tmp_path / f"t{suffix}")
    assert len(found) == 0
    if suffix != ".geojson":  # which has nowhere to name columns
        assert {"name", "area_m2"} <= set(found.columns)


@pytest.mark.parametrize("suffix", FORMATS)
def test_empty_and_missing_geometries_are_kept_in_their_rows(tmp_path: Path, suffix: str) -> None:
    shapes = [None, shapely.Polygon(), boxes(1)[0], shapely.Point()]
    found = back(frame(shapes, row=[0, 1, 2, 3]), tmp_path / f"t{suffix}")
    if suffix == ".parquet":  # sorted by place
        found = found.sort_values("row")
    assert found["row"].tolist() == [0, 1, 2, 3]
    assert (found.geometry.isna() | found.geometry.is_empty).tolist() == [True, True, False, True]


@pytest.mark.parametrize("suffix", FORMATS)
def test_heights_are_dropped(tmp_path: Path, suffix: str) -> None:
    tall = shapely.force_3d(boxes(1)[0], 7.0)
    found = back(
        frame([tall], row=[1]).set_crs("EPSG:32645+5773", allow_override=True),
        tmp_path / f"t{suffix}",
    )
    assert not found.has_z.any()
    assert found.crs.to_epsg() == (4326 if suffix == ".geojson" else 32645)


@pytest.mark.parametrize("suffix", FORMATS)
def test_lists_and_mappings_come_back(tmp_path: Path, suffix: str) -> None:
    tags = [["a", "b"], None]
    found = back(frame(tags=tags, more=[{"x": [1, 2.5]}, None]), tmp_path / f"t{suffix}")
    expected = {".fgb": ('["a", "b"]', '{"x": [1, 2.5]}')}.get(
        suffix, (["a", "b"], {"x": [1, 2.5]})
    )
    row = rows(found.iloc[found.geometry.bounds.minx.argsort()])[0]
    if suffix == ".parquet":
        row = (row[0], {"x": row[1]["x"].tolist()})
    assert row == expected


@pytest.mark.parametrize("suffix", FORMATS)
def test_types_of_pandas_come_back_as_plain_values(tmp_path: Path, suffix: str) -> None:
    given = frame(
        kind=pd.Categorical(["a", None]),
        many=pd.array([5, None], dtype="Int64"),
        unsigned=np.array([7, 8], np.uint64),
        half=np.array([0.5, 2], np.float16),
        nothing=[None, None],
        day=[dt.date(2024, 5, 6), dt.date(2024, 5, 7)],
    )
    found = back(given, tmp_path / f"t{suffix}")
    found = found.iloc[found.geometry.bounds.minx.argsort()]
    first = rows(found)[0]
    assert first[:5] == ("a", 5, 7, 0.5, None)
    assert str(first[5]).startswith("2024-05-06")
    assert rows(found)[1][:2] == (None, None)


def test_a_geopackage_is_version_1_3_with_its_usual_columns(tmp_path: Path) -> None:
    write_frame(frame(name=["a"]), tmp_path / "t.gpkg", layer="houses")
    with closing(sqlite3.connect(tmp_path / "t.gpkg")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (10300,)
    info = pyogrio.read_info(tmp_path / "t.gpkg", layer="houses")
    assert (info["fid_column"], info["geometry_name"]) == ("fid", "geom")
    assert pyogrio.list_layers(tmp_path / "t.gpkg")[:, 0].tolist() == ["houses"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_columns_called_as_the_file_calls_its_own_are_kept(tmp_path: Path, suffix: str) -> None:
    given = frame(row=[0, 1], FID=[5, 5], Geom=["x", "y"]).rename_geometry("outline")
    given["geometry"] = ["p", "q"]
    found = back(given, tmp_path / f"t{suffix}").sort_values("row")
    assert found["FID"].tolist() == [5, 5]
    assert found["Geom"].tolist() == ["x", "y"]
    assert found["geometry"].tolist() == ["p", "q"]
    assert (found.geometry.geom_type == "Polygon").all()


@pytest.mark.parametrize("suffix", GDAL)
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": ["a\0b", "c"]}, "the character 0"),
        ({"x": [dt.time(1, 2), None]}, "type time"),
        ({"x": pd.to_timedelta([1, 2], unit="s")}, "type duration"),
        ({"x": [1, "a"]}, "do not fit into one column"),
        ({"x": [1j, 2j]}, "do not fit into one column"),
        ({"x": [[object()], None]}, "do not fit into one column"),
        ({"x": np.array([2**63, 1], np.uint64)}, "do not fit into one column"),
        ({"x": boxes(2)}, "do not fit into one column"),
        ({"x": gpd.GeoSeries(boxes(2), crs=UTM)}, "second geometry"),
        ({"name": [1, 2], "NAME": [3, 4]}, "two columns called 'name' and 'NAME'; rename"),
        ({"": [1, 2]}, "a name for every column"),
    ],
)  # fmt: skip
def test_what_a_format_cannot_hold_is_told_before_anything_is_written(
    tmp_path: Path, suffix: str, columns: dict[str, Any], expected: str
) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_text("precious")
    given = gpd.GeoDataFrame(columns, geometry=boxes(2), crs=UTM)
    for attempt in (write_frame, require_held):
        with pytest.raises(UsageError, match=expected) as error:
            attempt(given, path)
        assert "\n" not in str(error.value)
    assert path.read_text() == "precious"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("values", [[b"\0a", b"b"], [np.inf, 1.0]])
def test_bytes_and_infinite_numbers_are_for_all_but_geojson(tmp_path: Path, values: Any) -> None:
    with pytest.raises(UsageError, match="which GeoJSON cannot"):
        write_frame(frame(x=values), tmp_path / "t.geojson")
    for suffix in sorted({*FORMATS} - {".geojson"}):
        (tmp_path / suffix).mkdir()
        assert sorted(back(frame(x=values), tmp_path / suffix / f"t{suffix}")["x"]) == sorted(
            values
        )


@pytest.mark.parametrize("suffix", FORMATS)
def test_rows_that_are_no_polygons_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    with pytest.raises(UsageError, match=r"row 1 holds a Point; .* the 1 rows"):
        write_frame(frame([boxes(1)[0], shapely.Point(1, 2)], x=[1, 2]), path)
    with pytest.raises(UnreadableVectorError, match="set_crs"):
        write_frame(frame(x=[1]).set_crs(None, allow_override=True), path)
    twice = gpd.GeoDataFrame(frame(x=[1])).set_axis(["x", "geometry"], axis=1)
    twice = pd.concat([twice, twice[["x"]]], axis=1)
    with pytest.raises(UsageError, match="two columns called 'x'"):
        write_frame(gpd.GeoDataFrame(twice), path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_crs_without_a_place_is_told_where_a_format_needs_one(
    tmp_path: Path, suffix: str
) -> None:
    """GDAL's own words led to the disk: that it cannot be written, and how much room there is."""
    site = frame(x=[1]).set_crs('LOCAL_CS["site",UNIT["metre",1]]', allow_override=True)
    path = tmp_path / f"t{suffix}"
    if suffix in {".geojson", ".kml", ".pmtiles"}:
        with pytest.raises(UsageError, match="the CRS 'site' is not tied to it; assign the true"):
            write_frame(site, path)
        assert list(tmp_path.iterdir()) == []
    elif suffix != ".dxf":
        assert write_frame(site, path) == 1


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own on Windows")
@pytest.mark.parametrize("suffix", [".gpkg", ".parquet"])
def test_a_link_stays_and_the_file_it_leads_to_is_written(tmp_path: Path, suffix: str) -> None:
    """As zones that a report adds to a GeoPackage on another disk."""
    (tmp_path / "disk").mkdir()
    real, link = tmp_path / f"disk/real{suffix}", tmp_path / f"link{suffix}"
    write_frame(frame(x=[1]), real)
    link.symlink_to(real)
    assert open_output(link, overwrite=True) == link
    write_frame(frame(x=[1, 2]), link)
    assert link.is_symlink()
    assert len(read_frame(open_layer(real))) == 2
    assert [one.name for one in real.parent.iterdir()] == [real.name]


def test_a_geopackage_holds_several_layers_and_keeps_those_it_had(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    first = FrameLayer("one", frame(x=[1, 2, 3]), (Style("a", "<qgis one/>"),))
    second = FrameLayer("two", frame(x=[9]), (Style("a", "<qgis two/>"),))
    assert write_layers([first, second], path) == 3
    again = FrameLayer("two", frame(y=[7, 8]), (Style("a", "<qgis again/>"),))
    assert write_layers([again], path, keep=True) == 2
    assert load(path, "rows", layer="one").frame["x"].tolist() == [1, 2, 3]
    assert load(path, "rows", layer="two").frame["y"].tolist() == [7, 8]
    with closing(sqlite3.connect(path)) as connection:
        styles = connection.execute("SELECT f_table_name, styleQML FROM layer_styles").fetchall()
        kinds = dict(connection.execute("SELECT table_name, data_type FROM gpkg_contents"))
    assert sorted(styles) == [("one", "<qgis one/>"), ("two", "<qgis again/>")]
    assert kinds["layer_styles"] == "attributes"
    write_layers([again], path)
    assert set(pyogrio.list_layers(path)[:, 0]) == {"two", "layer_styles"}


def test_what_only_a_journal_holds_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    write_frame(frame(x=[1, 2]), path)
    with closing(sqlite3.connect(path)) as open_elsewhere:
        open_elsewhere.execute("PRAGMA journal_mode=WAL")
        open_elsewhere.execute("UPDATE gpkg_contents SET description = 'mine'")
        open_elsewhere.commit()
        write_layers([FrameLayer("more", frame(y=[3]))], path, keep=True)
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT description FROM gpkg_contents WHERE table_name = 'buildings'"
        assert connection.execute(query).fetchone() == ("mine",)


def test_other_formats_hold_the_first_layer(tmp_path: Path) -> None:
    layers = [FrameLayer("one", frame(x=[1, 2, 3])), FrameLayer("two", frame(x=[9]))]
    for suffix in sorted({*FORMATS} - {".gpkg"}):
        assert write_layers(layers, tmp_path / f"t{suffix}") == 3
        assert sorted(load(tmp_path / f"t{suffix}", "rows").frame["x"]) == [1, 2, 3]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_lost_rows_is_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(self: Any, rows: int) -> None:
        promised(self, rows - 1)

    from geoseg.export.stream import BatchStream

    promised = BatchStream.require_written
    monkeypatch.setattr(BatchStream, "require_written", lossy)
    path = tmp_path / f"t{suffix}"
    with pytest.raises(OutputError, match="1 of 2 rows"):
        write_frame(frame(x=[1, 2]), path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [False, True])
def test_every_layer_is_counted_once_all_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    path = tmp_path / "a.gpkg"
    if keep:
        write_layers([FrameLayer("first", frame(x=[1, 2]))], path)
    before = path.read_bytes() if keep else None
    write = WRITERS[".gpkg"]

    def lose(temporary: Path, stream: Any, layer: Any) -> None:
        write(temporary, stream, layer)
        if layer.name == "second":
            dataset = gpd.read_file(temporary, layer="first")
            dataset.iloc[:1].to_file(temporary, layer="first")

    monkeypatch.setitem(WRITERS, ".gpkg", lose)
    layers = [FrameLayer("first", frame(x=[1, 2])), FrameLayer("second", frame(y=[3]))]
    with pytest.raises(OutputError, match="layer first of the written file holds 1 of 2 rows"):
        write_layers(layers[keep:], path, keep=keep)
    assert (path.read_bytes() if path.exists() else None) == before
