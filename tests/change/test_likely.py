"""Changes told from noise, on a town whose changes are known."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from changed_town import F1_60, F1_80, TownSettings, build
from commands import invoke
from likely import KINDS, Dates, dates, judge

import geoseg
from geoseg.change.build import Comparison
from geoseg.change.likely import NOT_LOOKED
from geoseg.change.page import change_page
from geoseg.change.weighing import Weighed, real_ones, together_m2
from geoseg.errors import UsageError
from geoseg.statistics.render import render
from geoseg.upkeep.odds import differing


@dataclass(frozen=True)
class Everywhere:
    """Maps of one level."""

    level: float

    def under(self, outlines: np.ndarray, crs: object, progress: object = None) -> np.ndarray:
        del crs, progress
        return np.full(len(outlines), self.level)


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
    told = differing(confidence[apart], confidence[~apart], 5.0)
    assert abs(told.mean() - right[apart].mean()) < 0.04


def drawn(made_up_m2: float, count: int = 8_000) -> tuple[Weighed, Weighed, list[np.ndarray]]:
    """Two dates whose made-up buildings all lie apart, and which of those apart are real."""
    random = np.random.default_rng(1)
    dates, real = [], []
    for share in (0.05, 0.1):
        confidence = random.beta(2, 1, count)
        right = random.random(count) < confidence
        false = ~right & (random.random(count) < 0.15)
        size = random.normal(150, 30, count) * np.where(false, made_up_m2 / 150, 1.0)
        apart = false | (random.random(count) < share)
        dates.append(Weighed(confidence, np.full(count, np.nan), size, apart))
        real.append(~false[apart])
    return dates[0], dates[1], real


@pytest.mark.parametrize(("made_up_m2", "least", "most"), [(150.0, 0.25, 0.5), (60.0, 0.0, 0.08)])
def test_what_is_made_up_is_told_by_its_size(made_up_m2: float, least: float, most: float) -> None:
    before, after, real = drawn(made_up_m2)
    for chance, true in zip(real_ones(before, after, 5.0), real, strict=True):
        assert abs(chance.mean() - true.mean()) < 0.12
        assert least <= np.mean((chance > 0.5) != true) < most


def test_what_is_made_up_is_told_by_its_presence() -> None:
    random = np.random.default_rng(2)
    before, after, real = drawn(150.0)
    told = []
    for date, true in zip((before, after), real, strict=True):
        there = np.ones(len(date.confidence), dtype=bool)
        there[np.flatnonzero(date.apart)[~true]] = False
        score = random.normal(0, 1, len(there)) + np.where(there, 1.0, -1.0)
        told.append(replace(date, presence=1 / (1 + 0.05 / 0.95 * np.exp(-2 * score))))
    by_nothing, by_presence = real_ones(before, after, 5.0), real_ones(told[0], told[1], 5.0)
    for chance, without, true in zip(by_presence, by_nothing, real, strict=True):
        assert abs(chance.mean() - true.mean()) < 0.12
        assert np.mean((chance > 0.5) != true) < 0.6 * np.mean((without > 0.5) != true)


def test_presence_lets_changes_stand_out_where_confidence_tells_nothing() -> None:
    settings = TownSettings(lots=500, turned=True, seed=11)
    share = {}
    for presence in (False, True):
        eyes = replace(F1_60, telling=False, presence=presence)
        made = dates(build(settings), eyes, 11, 0.7)
        share[presence] = looked(made).changes["likely"].sum()
    assert share[True] >= share[False] + 20


def test_what_comes_may_be_smaller_than_all_else() -> None:
    before, after, real = drawn(100.0)
    small = np.where(after.apart, 100 / 150 * after.size_m2, after.size_m2)
    small[after.apart] = np.where(real[1], small[after.apart], after.size_m2[after.apart])
    chance = real_ones(before, replace(after, size_m2=small), 5.0)[1]
    assert abs(chance.mean() - real[1].mean()) < 0.12
    sure = after.confidence[after.apart] > 0.7
    assert chance[sure & real[1]].mean() > 0.8


def test_nothing_apart_and_nothing_at_all() -> None:
    none = Weighed(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
    before, after, _ = drawn(60.0, 50)
    together = replace(before, apart=np.zeros(50, dtype=bool))
    assert [len(one) for one in real_ones(none, none, 5.0)] == [0, 0]
    assert len(real_ones(together, none, 5.0)[0]) == 0
    assert np.isfinite(real_ones(none, after, 5.0)[1]).all()


def test_halves_hang_together() -> None:
    halves = shapely.box([0, 5.5, 50], 0, [5, 10, 60], 10)
    assert together_m2(halves).tolist() == [95, 95, 100]


def test_more_of_a_building_is_no_change_where_the_other_date_shows_it() -> None:
    x = np.arange(60) * 40.0
    old, new = (
        gpd.GeoDataFrame(
            {"confidence": np.full(60, 0.98)},
            geometry=shapely.box(x, 0, x + wide, 10),
            crs="EPSG:32633",
        )
        for wide in (np.full(60, 10.0), np.where(np.arange(60) < 6, 25.0, 10.0))
    )
    noise = [
        geoseg.compare(
            old, new, likely=True, old_maps=Everywhere(level), new_maps=Everywhere(0.5)
        ).changes.query("change == 'changed'")["p_noise"]
        for level in (0.0, 0.4)
    ]
    assert len(noise[0]) == len(noise[1]) == 6
    assert noise[0].max() < 0.3
    assert noise[1].min() > 0.9


def test_imagery_needs_the_option(town: Dates) -> None:
    with pytest.raises(UsageError, match="add --likely"):
        geoseg.compare(*town.layers, old_maps=town.maps[0])
    with pytest.raises(UsageError, match="--sure takes a probability"):
        geoseg.compare(*town.layers, likely=True, sure=2.0)


@pytest.mark.thorough
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
