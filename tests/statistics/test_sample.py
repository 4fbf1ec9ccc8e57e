"""Corrected totals: unbiased, and intervals that hold the truth as often as they say."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from commands import invoke
from hypothesis import given
from hypothesis import strategies as st

from geoseg.errors import UsageError
from geoseg.statistics import report
from geoseg.statistics.page import area_page
from geoseg.statistics.sample import METHOD, NO_SAMPLE, difference_estimate

TRIALS = 500
SIDE = 24
PLOT_M = 100
CRS = "EPSG:32645"


@pytest.mark.parametrize("plots", [30, 60])
@pytest.mark.parametrize("unequal", [False, True])
def test_intervals_hold_the_truth_in_93_to_97_percent_of_samples(plots: int, unequal: bool) -> None:
    random = np.random.default_rng(11)
    count = 1500
    plot_m2 = random.uniform(5e3, 2e4, count) if unequal else np.full(count, 1e4)
    truth = random.poisson(plot_m2 / 800)
    # The model misses a fifth, more in some places, and invents a few.
    predicted = random.binomial(truth, random.uniform(0.6, 1, count)) + random.poisson(0.8, count)
    held, values = 0, []
    for _ in range(TRIALS):
        drawn = random.choice(count, plots, replace=False)
        gap = (truth - predicted)[drawn].astype(float)
        estimate = difference_estimate(
            float(predicted.sum()), float(plot_m2.sum()), plot_m2[drawn], gap
        )
        held += estimate.low <= truth.sum() <= estimate.high
        values.append(estimate.value)
    assert 0.93 <= held / TRIALS <= 0.97
    assert np.mean(values) == pytest.approx(truth.sum(), rel=0.005)
    assert abs(predicted.sum() / truth.sum() - 1) > 0.1


@given(st.lists(st.floats(0, 100), min_size=3, max_size=12), st.floats(-50, 50))
def test_a_sample_of_everything_leaves_no_doubt(noise: list[float], shift: float) -> None:
    gap = np.array(noise) + shift
    plot_m2 = np.linspace(50, 80, len(gap))
    estimate = difference_estimate(1e4, float(plot_m2.sum()), plot_m2, gap)
    assert estimate.value == pytest.approx(1e4 + gap.sum())
    assert estimate.high - estimate.low == pytest.approx(0, abs=1e-3)


def make_plots() -> np.ndarray:
    """(SIDE * SIDE,) square plots that tile the observed area."""
    column, row = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    x, y = 340_000 + PLOT_M * column.ravel(), 3_060_000 + PLOT_M * row.ravel()
    return shapely.box(x, y, x + PLOT_M, y + PLOT_M)


def frame(shapes: np.ndarray) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=shapes, crs=CRS)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A town, what a model found of it, and forty labelled plots."""
    random = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("city")
    plots = make_plots()
    corner = np.repeat(shapely.bounds(plots)[:, :2], random.poisson(6, len(plots)), axis=0)
    centre = corner + random.uniform(12, PLOT_M - 12, corner.shape)
    half = random.uniform(3, 10, (2, len(centre)))
    truth = shapely.box(*(centre.T - half), *(centre.T + half))
    seen = random.random(len(truth)) < 0.8
    found = shapely.buffer(truth[seen], -0.3, join_style="mitre")
    drawn = random.choice(len(plots), 40, replace=False)
    area = shapely.union_all(plots[drawn])
    labelled = truth[shapely.intersects(area, shapely.point_on_surface(truth))]
    paths = {name: folder / f"{name}.gpkg" for name in ("found", "labels", "areas", "truth")}
    frame(found).to_file(paths["found"], layer="buildings", driver="GPKG")
    frame(np.array([shapely.union_all(plots)])).to_file(
        paths["found"], layer="extent", driver="GPKG"
    )
    frame(labelled).to_crs(4326).to_file(paths["labels"], driver="GPKG")
    frame(plots[drawn]).to_crs(4326).to_file(paths["areas"], driver="GPKG")
    frame(truth).to_file(paths["truth"], driver="GPKG")
    return paths


def test_a_sample_corrects_the_total(city: dict[str, Path]) -> None:
    total = report(city["found"], sample=city["labels"], sample_areas=city["areas"]).table.iloc[-1]
    truth = report(city["truth"]).table.iloc[-1]
    assert total["sample_plots"] == 40
    for name in ("buildings", "area_m2"):
        assert total[f"{name}_low"] < truth[name] < total[f"{name}_high"]
        assert abs(total[f"{name}_corrected"] / truth[name] - 1) < 0.1
        assert total[name] < total[f"{name}_low"]


def test_headlines_per_ground_are_corrected_too(city: dict[str, Path]) -> None:
    answer = report(city["found"], sample=city["labels"], sample_areas=city["areas"])
    total, figures = answer.table.iloc[-1], area_page(answer).figures
    km2 = total["observed_km2"]
    assert [str(figure.value) for figure in figures[4:]] == [
        f"{total['area_m2_corrected'] / km2 / 1e4:,.1f}\u00a0%",
        f"{total['buildings_corrected'] / km2:,.0f}",
    ]


def test_zones_get_an_estimate_where_ten_plots_lie(city: dict[str, Path]) -> None:
    edges = (340_000, 341_200, 342_300, 342_400)
    strips = [shapely.box(a, 3_060_000, b, 3_062_400) for a, b in pairwise(edges)]
    zones = frame(np.array(strips))
    table = report(
        city["found"], zones=zones, sample=city["labels"], sample_areas=city["areas"]
    ).table
    whole = report(city["found"], sample=city["labels"], sample_areas=city["areas"]).table
    for name in ("value", "low", "high"):
        column = "buildings_corrected" if name == "value" else f"buildings_{name}"
        assert table[column].iloc[-1] == pytest.approx(whole[column].iloc[-1], rel=1e-9)
        assert np.isfinite(table[column].iloc[:2]).all()
        assert np.isnan(table[column].iloc[2])
    assert table["sample_plots"].iloc[2] < 10


@pytest.mark.thorough
def test_the_source_of_the_intervals_is_named(city: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    result = report(city["found"], sample=city["labels"], sample_areas=city["areas"], html=page)
    assert METHOD in result.notes
    assert "95 %:" in page.read_text(encoding="utf-8")
    found = gpd.read_file(city["found"], layer="buildings")
    assert NO_SAMPLE in report(found.assign(confidence=0.9)).notes
    assert NO_SAMPLE not in report(found).notes  # as a person drew it, for all that it says


def test_bad_samples_are_one_sentence(city: dict[str, Path]) -> None:
    areas = gpd.read_file(city["areas"])
    doubled = gpd.pd.concat([areas, areas.iloc[:1]])
    with pytest.raises(UsageError, match="overlapping plots"):
        report(city["found"], sample=city["labels"], sample_areas=doubled)
    with pytest.raises(UsageError, match="1 plot in"):
        report(city["found"], sample=city["labels"], sample_areas=areas.iloc[:1])
    away = areas.set_geometry(areas.translate(1))
    with pytest.raises(UsageError, match="0 plots"):
        report(city["found"], sample=city["labels"], sample_areas=away)


def test_plots_without_any_building_count_as_zero(city: dict[str, Path]) -> None:
    none = gpd.read_file(city["labels"]).iloc[:0]
    total = report(city["found"], sample=none, sample_areas=city["areas"]).table.iloc[-1]
    assert total["buildings_corrected"] < 0.2 * total["buildings"]
    assert total["buildings_low"] >= 0


def test_the_terminal_shows_corrected_totals(city: dict[str, Path]) -> None:
    asked = ("report", city["found"], "--sample", city["labels"], "--sample-areas", city["areas"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "90")
        told, plain = invoke(*asked), invoke("report", city["found"])
    total = report(city["found"], sample=city["labels"], sample_areas=city["areas"]).table.iloc[-1]
    corrected, low, high = (
        f"{total[f'area_m2_{end}']:,.0f}" for end in ("corrected", "low", "high")
    )
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    line = next(line for line in lines if line.startswith("total"))
    assert f"{corrected} {low}-{high}" in line
    assert line.endswith(f"{total['area_m2']:,.0f}")
    assert "buildings and roof m² are corrected by the sample" in told.stdout
    assert "built over" not in told.stdout
    assert "corrected" not in plain.stdout
    assert f"{total['area_m2']:,.0f}" in plain.stdout


@pytest.mark.thorough
def test_json_is_the_same_total_with_more_columns(city: dict[str, Path]) -> None:
    told = invoke(
        "report", city["found"], "--json", "--sample", city["labels"], "--sample-areas", city["areas"]
    )  # fmt: skip
    plain = json.loads(invoke("report", city["found"], "--json").stdout)
    corrected = json.loads(told.stdout)
    assert {name: corrected[name] for name in plain if name != "notes"} == {
        name: value for name, value in plain.items() if name != "notes"
    }
    assert corrected["area_m2_low"] < corrected["area_m2_corrected"] < corrected["area_m2_high"]
