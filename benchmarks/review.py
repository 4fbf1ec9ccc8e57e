"""Does an hour of review buy honest totals? ``python benchmarks/review.py``.

A town whose true buildings are known, predictions that miss, invent, shift and merge, and a reviewer
who never errs: plots are drawn as ``geoseg review`` draws them, again and again, and the corrected
totals of ``geoseg report --sample`` are held against the truth. No network runs.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.reviewing.cells import Cells, cut_cells
from geoseg.reviewing.population import Population, read_population
from geoseg.reviewing.strata import Strata, allocate, draw, one_stratum, stratify
from geoseg.statistics.sample import Estimate, Stratum, stratified_estimate
from geoseg.vectors.within import assign

CRS = "EPSG:32645"
CORNER = np.array([340_000.0, 3_060_000.0])
LOT_M = 24.0
CHECK_S, REDRAW_S, ADD_S = 4.0, 20.0, 25.0
"""What a look at a building, a redrawn outline and an added building cost a person."""
GOOD_IOU = 0.7
"""Outlines that fit so well are left as they are."""
WANTED = 184
"""Of 200 intervals that should hold the truth."""


@dataclass(frozen=True, slots=True)
class Town:
    """True buildings, and what a model found of them."""

    truth: NDArray[np.object_]
    """(n,) outlines."""
    predicted: gpd.GeoDataFrame
    """(m,) outlines with ``confidence``."""
    of_prediction: NDArray[np.int64]
    """(m,) the true building that each stands for; -1 for false ones."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the reviewer would find in every cell; (n,) each."""

    gaps: dict[str, NDArray[np.float64]]
    """True minus predicted."""
    seconds: NDArray[np.float64]
    """Work."""


@dataclass(frozen=True, slots=True)
class Trials:
    """What came of many draws of one way to draw."""

    held: int
    """Intervals that hold the truth."""
    width: float
    """Mean half width over the truth."""
    error: float
    """Root mean square error over the truth."""
    minutes: float
    """Mean work."""


def build_town(lots: int, seed: int = 0) -> Town:
    """A town of ``lots`` x ``lots`` lots, dense in a few places, seen worse in some quarters."""
    random = np.random.default_rng(seed)
    row, col = (axis.ravel() for axis in np.mgrid[:lots, :lots])
    built = random.random(lots * lots) < 0.02 + 0.85 * _hills(random, row, col, lots, 6)
    hard = _hills(random, row, col, lots, 4)
    middle = np.column_stack([col, row]) * LOT_M + LOT_M / 2
    half = np.minimum(np.exp(random.normal(1.6, 0.35, middle.shape)), LOT_M / 2 - 0.5)
    truth_of = np.where(built, np.cumsum(built) - 1, -1)
    seen = built & (random.random(len(built)) > 0.08 + 0.6 * hard)
    false = ~built & (random.random(len(built)) < 0.03)
    shown = np.flatnonzero(seen | false)
    shift = random.normal(0, 0.8, (len(shown), 2))
    grown = half[shown] * np.exp(random.normal(0.02, 0.08, (len(shown), 2)))
    low, high = middle[shown] + shift - grown, middle[shown] + shift + grown
    of_prediction = truth_of[shown]
    # Some take the house on the next lot with them, which is then found by no other.
    place = np.full(lots * lots, -1)
    place[shown] = np.arange(len(shown))
    right = np.where(col[shown] + 1 < lots, place[np.minimum(shown + 1, lots * lots - 1)], -1)
    merged = (right >= 0) & (random.random(len(shown)) < 0.06)
    merged &= (of_prediction >= 0) & ~np.roll(merged, 1)
    high[merged] = np.maximum(high[merged], high[right[merged]])
    low[merged] = np.minimum(low[merged], low[right[merged]])
    kept = np.ones(len(shown), bool)
    kept[right[merged]] = False
    sure = np.where(
        of_prediction >= 0, random.beta(6, 2, len(shown)), random.beta(3, 3, len(shown))
    )
    sure = np.clip(sure - 0.25 * hard[shown], 0.02, 0.99).astype("float32")
    frame = gpd.GeoDataFrame(
        {"building_id": shown[kept], "confidence": sure[kept]},
        geometry=_boxes(low[kept], high[kept]),
        crs=CRS,
    )
    return Town(_boxes(middle - half, middle + half)[built], frame, of_prediction[kept])


def _hills(
    random: np.random.Generator,
    row: NDArray[np.int64],
    col: NDArray[np.int64],
    lots: int,
    count: int,
) -> NDArray[np.float64]:
    """(n,) a smooth field between 0 and 1."""
    at, wide = random.uniform(0, lots, (count, 2)), random.uniform(0.06, 0.16, count) * lots
    far = (row[:, None] - at[:, 0]) ** 2 + (col[:, None] - at[:, 1]) ** 2
    return np.exp(-far / (2 * wide**2)).max(axis=1)


def _boxes(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.object_]:
    return shapely.box(*(low + CORNER).T, *(high + CORNER).T)


def review_everything(town: Town, cells: Cells) -> Work:
    """What a reviewer who never errs would find, cell by cell."""
    predicted = np.asarray(town.predicted.geometry.array, dtype=object)
    home = assign(_points(predicted), cells.shapes)
    real = town.of_prediction >= 0
    stands_for = town.truth[town.of_prediction[real]]
    shared = shapely.area(shapely.intersection(predicted[real], stands_for))
    either = shapely.area(shapely.union(predicted[real], stands_for))
    good = shared >= GOOD_IOU * either
    missed = np.setdiff1d(np.arange(len(town.truth)), town.of_prediction)
    added = assign(_points(town.truth[missed]), cells.shapes)
    drawn = shapely.area(np.where(good, predicted[real], stands_for))
    count = _in_cells(cells, home[real]) + _in_cells(cells, added) - _in_cells(cells, home)
    area = (
        _in_cells(cells, home[real], drawn)
        + _in_cells(cells, added, shapely.area(town.truth[missed]))
        - _in_cells(cells, home, shapely.area(predicted))
    )
    seconds = (
        CHECK_S * _in_cells(cells, home)
        + REDRAW_S * _in_cells(cells, home[real][~good])
        + ADD_S * _in_cells(cells, added)
    )
    return Work({"buildings": count, "area_m2": area}, seconds)


def _points(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    return shapely.get_coordinates(shapely.point_on_surface(shapes))


def _in_cells(
    cells: Cells, home: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    inside = home >= 0
    chosen = None if weights is None else weights[inside]
    return np.bincount(home[inside], chosen, minlength=len(cells.shapes)).astype(float)


def estimate(
    cells: Cells,
    strata: Strata,
    drawn: NDArray[np.intp],
    predicted: float,
    gap: NDArray[np.float64],
) -> Estimate:
    """The corrected total, as a report has it."""
    parts = []
    for one in range(len(strata.names)):
        mine = drawn[strata.of_cell[drawn] == one]
        whole = float(cells.area_m2[strata.members(one)].sum())
        parts.append(Stratum(whole, cells.area_m2[mine], gap[mine]))
    return stratified_estimate(predicted, parts)


def try_draws(town: Town, plots: int, draws: int, *, stratified: bool) -> dict[str, Trials]:
    """Draw again and again; by figure."""
    population = population_of(town)
    cells = cut_cells(population, plots)
    work = review_everything(town, cells)
    strata = stratify(cells, plots) if stratified else one_stratum(cells)
    given = allocate(cells, strata, plots)
    chosen = [draw(strata, given, seed) for seed in range(1, draws + 1)]
    minutes = float(np.mean([work.seconds[drawn].sum() for drawn in chosen])) / 60
    predicted = {
        "buildings": float(len(town.predicted)),
        "area_m2": float(town.predicted.geometry.area.sum()),
    }
    truth = {"buildings": float(len(town.truth)), "area_m2": float(shapely.area(town.truth).sum())}
    result = {}
    for name, gap in work.gaps.items():
        found = [estimate(cells, strata, drawn, predicted[name], gap) for drawn in chosen]
        held = sum(one.low <= truth[name] <= one.high for one in found)
        width = float(np.mean([(one.high - one.low) / 2 for one in found])) / truth[name]
        error = np.sqrt(np.mean([(one.value - truth[name]) ** 2 for one in found])) / truth[name]
        result[name] = Trials(held, width, float(error), minutes)
    return result


def population_of(town: Town) -> Population:
    """The predictions as ``geoseg review`` reads them."""
    return read_population(town.predicted)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=100, help="lots along a side of the town")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--plots", type=int, nargs="+", default=[20, 30, 60])
    parser.add_argument("--towns", type=int, default=3)
    parser.add_argument(
        "--first", type=int, default=10, help="the draw was designed on towns 0 to 2"
    )
    given = parser.parse_args()
    print("town  plots  draw        figure     held  half width  error  minutes")
    for seed in range(given.first, given.first + given.towns):
        town = build_town(given.lots, seed)
        off = len(town.predicted) / len(town.truth) - 1
        print(f"town {seed}: {len(town.truth)} buildings, predicted {off:+.1%}")
        for plots in given.plots:
            for stratified in (True, False):
                way = "stratified" if stratified else "simple"
                found = try_draws(town, plots, given.draws, stratified=stratified)
                for name, one in found.items():
                    print(
                        f"{seed:4}  {plots:5}  {way:10}  {name:9}  {one.held:4}  {one.width:9.1%}  "
                        f"{one.error:6.1%}  {one.minutes:6.1f}"
                    )
    print(f"of {given.draws} intervals, {WANTED / 200:.0%} should hold the truth at least")


if __name__ == "__main__":
    main()
