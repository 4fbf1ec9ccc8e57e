"""Every figure of a report on a reviewed town, computed a second time from the files alone, and as each format shows it."""

from __future__ import annotations

import math
import re
from html import unescape
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from reviewed_town import CRS, LEFT, TOP, Town, build, judge
from scipy.special import stdtrit
from tries import first

import geoseg
from geoseg.statistics.build import AreaReport

CODES = ("en", "de", "fr", "es", "pt")
MARKS = {
    "en": (",", "."),
    "de": (".", ","),
    "fr": ("\u202f", ","),
    "es": (".", ","),
    "pt": (".", ","),
}
"""Between thousands, and before decimals."""
LIMITS = (60.0, 100.5, 200.0)
FEWEST = 10
"""Plots of a zone that has an estimate, by the page on reviews."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build(tmp_path_factory.mktemp("town"), lots=21, seed=4)


@pytest.fixture(scope="module")
def zones(town: Town) -> gpd.GeoDataFrame:
    """Most of the town, a part that overlaps it and reaches out of what was observed, and a corner; in degrees."""
    side = town.side_m
    boxes = shapely.box(
        LEFT + np.array([0, 0.6, 0.4]) * side,
        TOP - side + np.array([0.25, 0.25, -0.2]) * side,
        LEFT + np.array([0.7, 1.2, 1.0]) * side,
        TOP - side + np.array([1.0, 1.1, 0.25]) * side,
    )
    names = ["most", "east", "corner"]
    return gpd.GeoDataFrame({"name": names}, geometry=boxes, crs=CRS).to_crs(4326)


@pytest.fixture(scope="module")
def judged(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plots of several strata, cut by the edge of the ground, all but two of them checked."""
    path = tmp_path_factory.mktemp("judged") / "plots.gpkg"
    geoseg.review(town.predicted, path, plots=26, plot_size_m=45, seed=3)
    judge(path, town.truth, plots=24)
    return path


@pytest.fixture(scope="module")
def report(town: Town, judged: Path, zones: gpd.GeoDataFrame) -> AreaReport:
    return geoseg.report(town.predicted, sample=judged, zones=zones, sizes=LIMITS)


def geodesic_m2(shapes: gpd.GeoSeries) -> NDArray[np.float64]:
    """By pyproj alone."""
    geod = Geod(ellps="WGS84")
    return np.array(
        [abs(geod.geometry_area_perimeter(shape.normalize())[0]) for shape in shapes.to_crs(4326)]
    )


def percentile(areas: NDArray[np.float64], percent: float) -> float:
    """Linear between the two areas next to it in order."""
    place = (len(areas) - 1) * percent / 100
    low, *_ = ordered = np.sort(areas)[math.floor(place) :][:2]
    return float(low + (ordered[-1] - low) * (place % 1))


def corrected(
    predicted: float, strata: list[tuple[float, list[float], list[float]]]
) -> list[float]:
    """Estimate and interval from (ground, sizes of the plots, gaps) of each stratum, one plot after the other."""
    value, variances, freedoms = predicted, [], []
    for ground, sizes, gaps in strata:
        rate, share = sum(gaps) / sum(sizes), [size / sum(sizes) for size in sizes]
        freed = [
            (gap - rate * size) / (1 - part)
            for gap, size, part in zip(gaps, sizes, share, strict=True)
        ]
        value += rate * ground
        unseen = 1 - sum(sizes) / ground
        variances.append(unseen * sum(one**2 for one in freed) * (ground / sum(sizes)) ** 2)
        freedoms.append(len(sizes) - 1)
    parts = zip(variances, freedoms, strict=True)
    freedom = sum(variances) ** 2 / sum(one**2 / free for one, free in parts)
    half = stdtrit(freedom, 0.975) * math.sqrt(sum(variances))
    return [value, value - half, value + half]


def in_zones(points: gpd.GeoSeries, zones: gpd.GeoDataFrame) -> pd.Series[str]:
    """Name of the first zone that holds each."""
    names = pd.Series("", index=points.index)
    for zone in zones.itertuples():
        names[(names == "") & points.intersects(zone.geometry)] = zone.name
    return names


def test_every_figure_equals_an_independent_computation(
    town: Town, judged: Path, zones: gpd.GeoDataFrame, report: AreaReport
) -> None:
    zones = zones.to_crs(CRS)
    found = gpd.read_file(town.predicted, layer="buildings")
    extent = gpd.read_file(town.predicted, layer="extent").geometry.iloc[0]
    plots, rows = (gpd.read_file(judged, layer=name) for name in ("plots", "buildings"))
    plots = plots[plots.checked].assign(m2=lambda frame: geodesic_m2(frame.geometry))
    assert plots.m2.max() > 1.01 * plots.m2.min()
    assert plots.stratum.nunique() > 2
    true = rows[rows.review.isin(["right", "redrawn", "added"])]
    for frame in (found, true):
        frame["m2"] = geodesic_m2(frame.geometry)
        frame["point"] = frame.geometry.representative_point()
        frame["zone"] = in_zones(frame.point, zones)
    home = {
        plot.plot_id: (
            true[(true.plot_id == plot.plot_id) | (true.plot_id.isna() & true.point.within(plot.geometry))],
            found[found.point.within(plot.geometry)],
        )
        for plot in plots.itertuples()
    }  # fmt: skip
    ground, before = {}, shapely.Polygon()
    for zone in zones.itertuples():
        ground[zone.name] = zone.geometry.difference(before).intersection(extent)
        before = before.union(zone.geometry)
    ground["total"] = shapely.union_all(list(ground.values()))

    table = report.table.set_index("zone")
    assert [*table.index] == [*ground]
    for name, area in ground.items():
        inside = [name] if name != "total" else list(zones["name"])
        mine = found[found.zone.isin(inside)]
        observed = geodesic_m2(gpd.GeoSeries([area], crs=CRS))[0]
        expected = {
            "buildings": len(mine),
            "area_m2": mine.m2.sum(),
            "mean_area_m2": mine.m2.mean(),
            "median_area_m2": percentile(mine.m2.to_numpy(), 50),
            "observed_km2": observed / 1e6,
            "coverage_ratio": mine.m2.sum() / observed,
            "density_per_km2": len(mine) / observed * 1e6,
            "size_lt_60": (mine.m2 < 60).sum(),
            "size_60_100.5": mine.m2.between(60, 100.5, inclusive="left").sum(),
            "size_100.5_200": mine.m2.between(100.5, 200, inclusive="left").sum(),
            "size_ge_200": (mine.m2 >= 200).sum(),
            **{f"p{p}_area_m2": percentile(mine.m2.to_numpy(), p) for p in (10, 25, 75, 90)},
            "mean_confidence": mine.confidence.astype(float).mean(),
            "at_edge_share": mine.at_edge.mean(),
            "sample_plots": int((plots.intersection(area).area > 0).sum()),
        }
        for column, measure in (("buildings", len), ("area_m2", lambda frame: frame.m2.sum())):
            strata = []
            for _, own in plots.groupby("stratum"):
                gaps = [
                    float(measure(t[t.zone.isin(inside)]) - measure(f[f.zone.isin(inside)]))
                    for t, f in (home[number] for number in own.plot_id)
                ]
                strata.append((own.stratum_km2.iloc[0] * 1e6, own.m2.tolist(), gaps))
            few = expected["sample_plots"] < FEWEST
            ends = [math.nan] * 3 if few else corrected(expected[column], strata)
            keys = (f"{column}_corrected", f"{column}_low", f"{column}_high")
            expected |= dict(zip(keys, ends, strict=True))
        shown = table.loc[name].drop("geometry").to_dict()
        assert shown == pytest.approx(expected, rel=1e-7, nan_ok=True)
    assert 2 < table.loc["corner", "sample_plots"] < FEWEST
    assert np.isnan(table.loc["corner", "buildings_low"])
    assert table.loc["most", "buildings_low"] < table.loc["most", "buildings_high"]


def cells_of(html: str) -> list[list[str]]:
    """What the longest table of a page shows, row by row, without its head."""
    table = max(re.findall(r"<table.*?</table>", html, re.DOTALL), key=lambda one: one.count("<th"))
    rows = re.findall(r"<tr.*?</tr>", table[table.index("</thead>") :], re.DOTALL)
    cell = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)
    return [[unescape(re.sub("<[^>]+>", "", one)).strip() for one in cell.findall(row)] for row in rows]  # fmt: skip


@pytest.mark.parametrize("code", first(2, CODES))
def test_pages_and_workbooks_show_the_table_in_every_language(
    code: str, report: AreaReport, town: Town, judged: Path, zones: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    geoseg.report(
        town.predicted, tmp_path / "r.xlsx", sample=judged, zones=zones, sizes=LIMITS,
        html=tmp_path / "r.html", language=code,  # type: ignore[arg-type]
    )  # fmt: skip
    shown = cells_of((tmp_path / "r.html").read_text(encoding="utf-8"))
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[0]
    figures = report.table.drop(columns=["zone", "geometry"]).to_numpy(float)
    thousands, point = MARKS[code]
    assert len(shown) == len(figures) == sheet.max_row - 1
    for number, (row, texts) in enumerate(zip(figures, shown, strict=True), start=2):
        for place, (value, text) in enumerate(zip(row, texts[1:], strict=True), start=2):
            cell = sheet.cell(number, place)
            if math.isnan(value):
                assert (text, cell.value) == ("", None)
                continue
            plain = text.replace(thousands, "").replace(point, ".")
            decimals = len(plain.partition(".")[2])
            assert plain == f"{value:.{decimals}f}"
            assert (thousands in text) == (abs(float(plain)) >= (10_000 if code == "es" else 1000))
            assert cell.value == pytest.approx(value, rel=1e-12)
            assert len(cell.number_format.partition(".")[2]) == decimals
