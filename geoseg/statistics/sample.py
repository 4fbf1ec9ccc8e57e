"""Corrected totals and 95 % intervals from a labelled random sample of plots.

Predictions cover everything, labels only a random sample of plots. The *difference estimator*
takes the total of the predictions and adds the mean gap between labels and predictions in the
plots, spread over the whole observed area: unbiased whatever the model's errors, and narrow where
the model is good. In survey statistics: Särndal, Swensson and Wretman, Model Assisted Survey
Sampling (Springer 1992), section 6.3, with plots of unequal size by the ratio estimator of
section 7.3; its variance from residuals freed of each plot's own weight (Royall and Cumberland,
JASA 76 (1981), pages 66-77), which holds up better in small samples. In machine learning it is known as prediction-powered inference: Angelopoulos et al.,
Science 382 (2023), pages 669-674.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.earth.reproject import areas_m2
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.statistics.collect import OUTSIDE, Buildings, assign
from geoseg.statistics.zones import Zones, overlapping_pairs
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.observed import observed_m2
from geoseg.vectors.polygons import read_polygons
from geoseg.vectors.rows import polygonal

CONFIDENCE = 0.95
"""Probability that an interval holds the truth, over repeated samples."""
FEWEST_PLOTS = 2
"""Plots that an estimate needs at all."""
FEW_PLOTS = 20
"""Below this an interval is rough, and a note says so."""
ZONE_PLOTS = 10
"""Plots that a single zone needs for an estimate of its own."""
METHOD = (
    "Corrected totals: difference estimator (prediction-powered inference) on a labelled "
    "simple random sample of plots, 95 % intervals by Student's t."
)
"""Said in every report that has intervals."""
NO_SAMPLE = (
    "Counts and areas are model estimates without a measured error; "
    "a labelled random sample (--sample, --sample-areas) gives corrected totals with intervals."
)
"""Said in every report that has none."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A corrected total."""

    value: float
    """Best estimate."""
    low: float
    """Lower end of the 95 % interval, at least 0."""
    high: float
    """Upper end."""


@dataclass(frozen=True, slots=True)
class SampledPlots:
    """The pieces of the plots that lie in zones, with what was labelled and predicted there."""

    plot: NDArray[np.intp]
    """(k,) index of the plot."""
    zone: NDArray[np.intp]
    """(k,) index of the zone."""
    area_m2: NDArray[np.float64]
    """(k,) observed area of the piece."""
    gaps: dict[str, NDArray[np.float64]]
    """Per figure (``buildings``, ``area_m2``) the labelled minus the predicted sum, (k,) each."""


def difference_estimate(
    predicted: float,
    population_m2: float,
    plot_m2: NDArray[np.float64],
    gap: NDArray[np.float64],
) -> Estimate:
    """The corrected total of an area from its sampled plots.

    Args:
        predicted: The total of the predictions over the whole area.
        population_m2: Size of the whole area.
        plot_m2: (n,) sizes of the plots.
        gap: (n,) labelled minus predicted in each plot.
    """
    from scipy.stats import t

    count = len(gap)
    rate = gap.sum() / plot_m2.sum()
    share = plot_m2 / plot_m2.sum()
    # A plot pulls the rate towards itself; without this its residual would look too small.
    residual = (gap - rate * plot_m2) / (1 - share)
    unseen = max(0.0, 1 - plot_m2.sum() / population_m2)
    spread = math.sqrt(unseen * float(residual @ residual)) / plot_m2.sum()
    half = float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * spread * population_m2
    value = predicted + rate * population_m2
    return Estimate(value, max(0.0, value - half), max(0.0, value + half))


@dataclass(frozen=True, slots=True)
class Sample:
    """What somebody labelled."""

    labels: VectorInput
    """Polygons of every real building in the plots, file or GeoDataFrame."""
    labels_layer: str | None
    """Layer of the labels' file; None: its only polygon layer."""
    areas: VectorInput
    """The plots, file or GeoDataFrame."""
    areas_layer: str | None
    """Layer of the plots' file; None: its only polygon layer."""


def read_sample(
    sample: Sample, zones: Zones, parts: NDArray[np.object_], buildings: Buildings
) -> tuple[SampledPlots, tuple[str, ...]]:
    """Compare labels and predictions in the plots.

    Args:
        sample: What was labelled.
        zones: The zones of the report.
        parts: (n,) their observed parts.
        buildings: The predictions.

    Raises:
        UsageError: when plots overlap or too few lie in the observed area.
    """
    plots = read_polygons(
        sample.areas, Neighbourhood(zones.crs), layer=sample.areas_layer, role="sample areas"
    )
    truth = _labels(sample, zones)
    if len(overlapping_pairs(plots.geometry)):
        raise UsageError(f"{plots.label} has overlapping plots; each place may be sampled once")
    pieces = _pieces(plots.geometry, parts, zones)
    count = len(np.unique(pieces.plot))
    if count < FEWEST_PLOTS:
        raise UsageError(
            f"{plots.label} has {count} plots in the observed area of the zones; "
            f"at least {FEWEST_PLOTS} are needed, {FEW_PLOTS} or more are better"
        )
    predicted = _sums(pieces, plots.geometry, buildings.point, buildings.zone, buildings.area_m2)
    points = shapely.get_coordinates(shapely.point_on_surface(truth))
    labelled = _sums(
        pieces, plots.geometry, points, assign(points, parts), areas_m2(truth, zones.crs)
    )
    gaps = {name: labelled[name] - predicted[name] for name in labelled}
    few = (f"Only {count} plots were sampled: the intervals are rough.",) * (count < FEW_PLOTS)
    return SampledPlots(pieces.plot, pieces.zone, pieces.area_m2, gaps), (METHOD, *few)


def add_estimates(table: gpd.GeoDataFrame, sampled: SampledPlots) -> gpd.GeoDataFrame:
    """The table with corrected figures: always in the total row, in zones with enough plots."""
    result = table.copy()
    last = len(table) - 1
    counts = np.bincount(sampled.zone, minlength=last + 1)
    counts[last] = len(np.unique(sampled.plot))
    result["sample_plots"] = counts
    for name in ("buildings", "area_m2"):
        estimates = [
            _row_estimate(table, sampled, row, name)
            if row == last or counts[row] >= ZONE_PLOTS
            else Estimate(np.nan, np.nan, np.nan)
            for row in range(last + 1)
        ]
        result[f"{name}_corrected"] = [estimate.value for estimate in estimates]
        result[f"{name}_low"] = [estimate.low for estimate in estimates]
        result[f"{name}_high"] = [estimate.high for estimate in estimates]
    return result


def _row_estimate(table: gpd.GeoDataFrame, sampled: SampledPlots, row: int, name: str) -> Estimate:
    total = row == len(table) - 1
    chosen = (sampled.zone == row) | total
    _, unit = np.unique(sampled.plot[chosen], return_inverse=True)
    plot_m2 = np.bincount(unit, weights=sampled.area_m2[chosen]).astype(float)
    gap = np.bincount(unit, weights=sampled.gaps[name][chosen]).astype(float)
    population_m2 = float(table["observed_km2"].iloc[row]) * 1e6
    return difference_estimate(float(table[name].iloc[row]), population_m2, plot_m2, gap)


def _labels(sample: Sample, zones: Zones) -> NDArray[np.object_]:
    place = Neighbourhood(zones.crs)
    try:
        return read_polygons(
            sample.labels, place, layer=sample.labels_layer, role="labels"
        ).geometry
    except UnreadableVectorError as error:
        if "is empty" in str(error):
            return np.empty(0, dtype=object)
        raise


def _pieces(plots: NDArray[np.object_], parts: NDArray[np.object_], zones: Zones) -> SampledPlots:
    plot, zone = shapely.STRtree(parts).query(plots, predicate="intersects")
    shared = polygonal(shapely.intersection(plots[plot], parts[zone]))
    area_m2 = observed_m2(shared, zones.crs)
    real = area_m2 > 0
    order = np.lexsort((zone[real], plot[real]))
    return SampledPlots(plot[real][order], zone[real][order], area_m2[real][order], {})


def _sums(
    pieces: SampledPlots,
    plots: NDArray[np.object_],
    point: NDArray[np.float64],
    zone: NDArray[np.int64],
    area_m2: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Count and area per piece of the buildings whose representative point lies in it."""
    plot = assign(point, plots)
    width = int(max(pieces.zone.max(), zone.max(initial=0))) + 1
    keys = pieces.plot * width + pieces.zone
    key = plot * width + zone
    index = np.searchsorted(keys, key)
    index[index == len(keys)] = 0
    hit = (plot != OUTSIDE) & (zone != OUTSIDE) & (keys[index] == key)
    found, size = index[hit], len(keys)
    return {
        "buildings": np.bincount(found, minlength=size).astype(float),
        "area_m2": np.bincount(found, weights=area_m2[hit], minlength=size),
    }
