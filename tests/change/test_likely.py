"""Changes told from noise, on a town whose changes are known."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from changed_town import F1_80, TownSettings, build
from commands import invoke
from likely import KINDS, Dates, dates, judge

import geoseg
from geoseg.change.build import Comparison
from geoseg.change.likely import NOT_LOOKED
from geoseg.change.page import change_page
from geoseg.errors import UsageError
from geoseg.statistics.render import render
from geoseg.upkeep.odds import differing, weighed


@pytest.fixture(scope="module")
def town() -> Dates:
    return dates(build(TownSettings(lots=500, seed=7, turned=True)), F1_80, 7, 0.7)


def looked(town: Dates) -> Comparison:
    return geoseg.compare(*town.layers, likely=True, old_maps=town.maps[0], new_maps=town.maps[1])


@pytest.fixture(scope="module")
def seen(town: Dates) -> Comparison:
    return looked(town)


def test_what_stands_out_is_change(town: Dates) -> None:
    told = judge(town, old_maps=town.maps[0], new_maps=town.maps[1])
    every = judge(town)
    assert every["right"] / every["told"] < 0.6
    assert told["right"] / told["told"] > 0.85
    assert told["hit"] / told["listed"] > 0.5


def test_rows_say_how_probable_noise_is(seen: Comparison) -> None:
    rows = seen.changes
    same = rows["change"] == "unchanged"
    assert rows["p_noise"][same].isna().all()
    assert not rows["likely"][same].any()
    assert rows["p_noise"][~same].between(0, 1).all()
    assert rows["p_noise"][rows["likely"]].mean() <= 0.1
    assert rows["p_noise"][rows["likely"]].max() < 0.5


def test_zones_count_what_stands_out(seen: Comparison) -> None:
    total = seen.table.iloc[-1]
    for kind in KINDS:
        mine = (seen.changes["change"] == kind) & seen.changes["likely"]
        assert total[f"likely_{kind}"] == mine.sum()
    html = render(change_page(seen))
    assert f"{total['likely_new']} stand out" in html


def test_the_same_without_the_option_but_its_columns(town: Dates, seen: Comparison) -> None:
    plain = geoseg.compare(*town.layers)
    assert plain.changes.equals(seen.changes.drop(columns=["p_noise", "likely"]))


def test_absence_alone_tells_nothing(town: Dates) -> None:
    result = geoseg.compare(*town.layers, likely=True)
    apart = result.changes["change"].isin(["new", "gone"])
    assert not result.changes["likely"][apart].any()
    assert NOT_LOOKED in result.notes
    assert NOT_LOOKED not in looked(town).notes


def test_two_runs_that_agree_differ_in_nothing(town: Dates) -> None:
    result = geoseg.compare(town.layers[0], town.layers[0], likely=True)
    assert result.changes["p_noise"].isna().all()
    assert not result.changes["likely"].any()


@pytest.mark.parametrize("empty", [0, 1])
def test_an_empty_date(town: Dates, empty: int) -> None:
    layers = [town.layers[0], town.layers[1]]
    layers[empty] = layers[empty].iloc[:0]
    result = geoseg.compare(*layers, likely=True)
    assert len(result.changes) == len(layers[1 - empty])
    assert not result.changes["likely"].any()


def test_buildings_at_the_edge_are_doubted(town: Dates, seen: Comparison) -> None:
    cut = [layer.assign(at_edge=True) for layer in town.layers]
    result = geoseg.compare(*cut, likely=True, old_maps=town.maps[0], new_maps=town.maps[1])
    assert not result.changes["likely"].any()
    assert result.changes["p_noise"].mean() > seen.changes["p_noise"].mean()


def test_without_confidences_imagery_alone_decides(town: Dates) -> None:
    bare = [gpd.GeoDataFrame(geometry=layer.geometry) for layer in town.layers]
    result = geoseg.compare(*bare, likely=True, old_maps=town.maps[0], new_maps=town.maps[1])
    assert result.changes["likely"].any()


def test_shares_are_found_from_the_data() -> None:
    random = np.random.default_rng(0)
    confidence = random.beta(2, 1, 20_000)
    right = random.random(20_000) < confidence
    apart = random.random(20_000) < np.where(right, 0.08, 0.5)
    chance = weighed(confidence[apart], confidence[~apart], 5.0)
    # Some that are not right are buildings, drawn badly: .75 of .08 in .5.
    real = right[apart] + (1 - right[apart]) * 0.12
    assert abs(chance.mean() - real.mean()) < 0.04
    told = differing(confidence[apart], confidence[~apart], 5.0)
    assert abs(told.mean() - right[apart].mean()) < 0.04
    assert len(weighed(np.zeros(0), confidence, 5.0)) == 0


def test_imagery_needs_the_option(town: Dates) -> None:
    with pytest.raises(UsageError, match="add --likely"):
        geoseg.compare(*town.layers, old_maps=town.maps[0])
    with pytest.raises(UsageError, match="--sure takes a probability"):
        geoseg.compare(*town.layers, likely=True, sure=2.0)


def test_the_command_line(town: Dates, tmp_path: Path) -> None:
    for name, layer in zip(("old", "new"), town.layers, strict=True):
        layer.to_file(tmp_path / f"{name}.gpkg", layer="buildings", engine="pyogrio")
    told = invoke(
        "compare", tmp_path / "old.gpkg", tmp_path / "new.gpkg", "--likely", "--json",
        "--language", "es", "-o", tmp_path / "c.gpkg", "--html", tmp_path / "c.html",
    )  # fmt: skip
    assert told.exit_code == 0, told.stderr
    assert {f"likely_{kind}" for kind in KINDS} <= set(json.loads(told.stdout))
    written = gpd.read_file(tmp_path / "c.gpkg", layer="changes", engine="pyogrio")
    assert {"p_noise", "likely"} <= set(written.columns)
    assert 'lang="es"' in (tmp_path / "c.html").read_text(encoding="utf-8")
    refused = invoke("compare", tmp_path / "old.gpkg", tmp_path / "new.gpkg", "--recall", "0.8")
    assert isinstance(refused.exception, UsageError)
    assert "--likely" in str(refused.exception)


def test_alike_mistakes_leave_less_noise() -> None:
    small = TownSettings(lots=300, seed=9, turned=True)
    found = [
        len(geoseg.compare(*dates(build(small), F1_80, 9, alike).layers).changes)
        for alike in (0.0, 0.9)
    ]
    assert found[1] < found[0]
