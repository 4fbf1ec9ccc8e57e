"""The observed area goes along from file to file, whichever verb wrote them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from own_layer import UTM, own_file

import geoseg
from geoseg.export import geoparquet
from geoseg.export.output import write_output
from geoseg.vectors.metadata import KEY, read_metadata
from geoseg.vectors.observed import extent_in, note_extent

OBSERVED = shapely.box(3e5, 3e6, 3e5 + 150, 3e6 + 50)
SUFFIXES = (".gpkg", ".parquet")


@pytest.fixture
def surface(make_raster: Callable[..., Path]) -> Path:
    """A plain of 5 m under the buildings."""
    heights = np.full((1, 200, 300), 5, np.float32)
    heights[:, 50:100, 50:100] = 9.5
    place = (1.0, 0.0, 3e5 - 50, 0.0, -1.0, 3e6 + 100)
    return make_raster("dsm.tif", heights, transform=place)


def moved(path: Path) -> gpd.GeoDataFrame:
    """The buildings of a file, as somebody else drew them."""
    rows = gpd.read_file(path, layer="buildings")
    return rows[["geometry"]]


VERBS: dict[str, Callable[..., Any]] = {
    "regularize": lambda source, out, _: geoseg.regularize(source, out),
    "recompute": lambda source, out, _: geoseg.recompute(source, out),
    "heights": lambda source, out, dsm: geoseg.add_heights(source, out, dsm=dsm),
    "convert": lambda source, out, _: geoseg.convert(source, out),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("given", SUFFIXES)
@pytest.mark.parametrize("written", SUFFIXES)
def test_verbs_that_write_buildings_carry_it(
    tmp_path: Path, surface: Path, verb: str, given: str, written: str
) -> None:
    source = own_file(tmp_path / f"own{given}")
    assert extent_in(source, None).equals(OBSERVED)
    out = tmp_path / f"out{written}"
    VERBS[verb](source, out, surface)
    found = extent_in(out, None)
    assert found is not None
    assert found.symmetric_difference(OBSERVED).area < 1e-6


@pytest.mark.parametrize("verb", ["regularize", "recompute", "heights"])
def test_tables_that_come_of_files_carry_it(tmp_path: Path, surface: Path, verb: str) -> None:
    source = own_file(tmp_path / "own.parquet")
    assert extent_in(VERBS[verb](source, None, surface), None).equals(OBSERVED)


def test_a_table_that_geopandas_wrote_keeps_its_attrs(tmp_path: Path) -> None:
    source, path = own_file(tmp_path / "own.gpkg"), tmp_path / "b.parquet"
    table = gpd.read_file(source, layer="buildings")
    note_extent(table, OBSERVED)
    table.attrs[KEY] = read_metadata(source)
    table.to_crs(4326).to_parquet(path)
    assert read_metadata(path) == read_metadata(source) != {}
    assert geoseg.report(path).as_dict()["observed_km2"] == pytest.approx(0.0075, rel=0.01)
    table.attrs.clear()
    table.to_parquet(path)
    assert (read_metadata(path), extent_in(path, None)) == ({}, None)


def test_an_update_writes_it_into_geoparquet(tmp_path: Path) -> None:
    old = moved(own_file(tmp_path / "own.gpkg"))
    for suffix in SUFFIXES:
        new = own_file(tmp_path / f"new{suffix}")
        geoseg.update(old, new, tmp_path / f"out{suffix}")
        found = extent_in(tmp_path / f"out{suffix}", None)
        assert found.symmetric_difference(OBSERVED).area < 1e-3


def test_a_report_on_geoparquet_counts_what_was_seen_alone(tmp_path: Path) -> None:
    told = [geoseg.report(own_file(tmp_path / f"own{suffix}")).as_dict() for suffix in SUFFIXES]
    assert told[0]["observed_km2"] == told[1]["observed_km2"] == pytest.approx(0.0075, rel=0.01)


def test_an_area_of_too_many_corners_is_left_out_with_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make_table: Any,
) -> None:
    monkeypatch.setattr(geoparquet, "LONGEST_NOTE", 100)
    path = tmp_path / "b.parquet"
    write_output(
        path, make_table([1]).to_batches(), crs=UTM, run_metadata={}, extent=[OBSERVED.wkb]
    )
    assert extent_in(path, None) is None
    assert "too many corners" in caplog.text
