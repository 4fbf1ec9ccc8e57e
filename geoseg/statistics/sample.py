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
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.earth.reproject import areas_m2
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.languages.counting import counted
from geoseg.languages.said import Said
from geoseg.reviewing.drawing import require_unkept
from geoseg.reviewing.files import named, require_review
from geoseg.reviewing.reading import Reviewed, read_review
from geoseg.statistics.collect import Buildings
from geoseg.statistics.zones import Zones, overlapping_pairs
from geoseg.vectors.buildings import BuildingSource
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.metadata import read_metadata
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.observed import observed_m2
from geoseg.vectors.polygons import read_polygons
from geoseg.vectors.rows import polygonal
from geoseg.vectors.shared import shared_part
from geoseg.vectors.within import OUTSIDE, assign

CONFIDENCE = 0.95
"""Probability that an interval holds the truth, over repeated samples."""
FEWEST_PLOTS = 2
"""Plots that an estimate needs at all."""
FEW_PLOTS = 20
"""Below this an interval is rough, and a note says so."""
ZONE_PLOTS = 10
"""Plots that a single zone needs for an estimate of its own."""
METHOD = Said(
    "Corrected totals: difference estimator (prediction-powered inference) on a labelled "
    "simple random sample of plots, 95 % intervals by Student's t."
)
"""Said in reports with intervals from plots that were drawn from everything."""
STRATIFIED = Said(
    "Corrected totals: difference estimator (prediction-powered inference) on checked plots that were "
    "drawn by lot stratum by stratum, 95 % intervals by Student's t."
)
"""Said in reports with intervals from a file under review."""
FRAME_ROOM = 0.01
"""Observed ground may exceed what plots were drawn from by this share."""
BEYOND_FRAME = Said(
    "Plots were drawn from {drawn_km2:.3g} of the {all_km2:.3g} km² reported here; on the rest nothing is corrected, and "
    "the intervals do not hold for it."
)
"""Said where that is not so."""
FEW_SAMPLED = Said(
    "Only {count} plots were sampled: the intervals are rough.",
    one="Only {count} plot was sampled: the intervals are rough.",
)
"""Said of few plots."""
NO_SAMPLE = Said(
    "Counts and areas are model estimates without a measured error; "
    "a checked random sample (geoseg review, then --sample) gives corrected totals with intervals."
)
"""Said in every report of what a model found that has none."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A corrected total."""

    value: float
    """Best estimate, at least 0."""
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
    design: Design | None = None
    """How the plots were drawn; None: all from everything, with the same chance."""


@dataclass(frozen=True, slots=True)
class Design:
    """Plots drawn stratum by stratum."""

    stratum: NDArray[np.int64]
    """(n,) index of the stratum of each plot."""
    plot_m2: NDArray[np.float64]
    """(n,) observed area of each plot, in zones or not."""
    stratum_m2: NDArray[np.float64]
    """(h,) observed areas of the strata."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The plots of one stratum."""

    population_m2: float
    """Size of all its ground."""
    plot_m2: NDArray[np.float64]
    """(n,) sizes of the plots."""
    gap: NDArray[np.float64]
    """(n,) labelled minus predicted in each."""


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
    return stratified_estimate(predicted, [Stratum(population_m2, plot_m2, gap)])


def stratified_estimate(predicted: float, strata: Sequence[Stratum]) -> Estimate:
    """The corrected total from plots that were drawn stratum by stratum.

    The sum of one ratio estimate per stratum (Särndal, Swensson and Wretman, section 3.7), with
    Satterthwaite's degrees of freedom (Cochran, Sampling Techniques, 1977, formula 5.16). Fewer than
    none are no answer: where gaps ask for that, as where all checked buildings are wrong, it is 0.

    Args:
        predicted: The total of the predictions over the whole area.
        strata: Its strata, each with two plots or more; one: a simple random sample.
    """
    from scipy.stats import t

    value, variances = predicted, []
    for stratum in strata:
        plot_m2, sampled_m2 = stratum.plot_m2, stratum.plot_m2.sum()
        rate = stratum.gap.sum() / sampled_m2
        share = plot_m2 / sampled_m2
        # A plot pulls the rate towards itself; without this its residual would look too small.
        residual = (stratum.gap - rate * plot_m2) / (1 - share)
        unseen = max(0.0, 1 - sampled_m2 / stratum.population_m2)
        spread = math.sqrt(unseen * float(residual @ residual)) / sampled_m2
        variances.append((spread * stratum.population_m2) ** 2)
        value += rate * stratum.population_m2
    half = float(t.ppf((1 + CONFIDENCE) / 2, _freedom(strata, variances))) * math.sqrt(
        sum(variances)
    )
    return Estimate(*(max(0.0, end) for end in (value, value - half, value + half)))


def _freedom(strata: Sequence[Stratum], variances: Sequence[float]) -> float:
    """Degrees of freedom of a sum of estimates."""
    own = [len(stratum.gap) - 1 for stratum in strata]
    total = sum(variances)
    if len(own) == 1 or total == 0:
        return float(sum(own))
    return 1 / sum((part / total) ** 2 / free for part, free in zip(variances, own, strict=True))


@dataclass(frozen=True, slots=True)
class Sample:
    """What somebody labelled."""

    labels: VectorInput
    """Polygons of every real building in the plots, file or GeoDataFrame; or a file by ``geoseg
    review``, which holds the plots too."""
    labels_layer: str | None
    """Layer of the labels' file; None: its only polygon layer."""
    areas: VectorInput | None
    """The plots, file or GeoDataFrame; None: ``labels`` is a file by ``geoseg review``."""
    areas_layer: str | None
    """Layer of the plots' file; None: its only polygon layer."""


def require_own_answers(sample: Sample, source: BuildingSource) -> None:
    """Refuse predictions into which the sample itself was taken.

    Raises:
        UsageError: they hold what was checked in these plots.
    """
    if sample.areas is None and source.address is not None:
        run = read_metadata(source.address)
        require_unkept(run, sample.labels, named(sample.labels), source.label)


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
    drawn = _plain(sample, zones) if sample.areas is not None else _reviewed(sample, zones)
    pieces = _pieces(drawn.plots, parts, zones)
    count = len(np.unique(pieces.plot))
    if count < FEWEST_PLOTS:
        raise UsageError(
            f"{drawn.label} has {counted(count, 'plot')} in the observed area of the zones; "
            f"at least {FEWEST_PLOTS} are needed, {FEW_PLOTS} or more are better"
        )
    home = assign(buildings.point, drawn.plots)
    predicted = _sums(pieces, home, buildings.zone, buildings.area_m2)
    labelled = _sums(
        pieces, drawn.home, assign(drawn.point, parts), areas_m2(drawn.truth, zones.crs)
    )
    gaps = {name: labelled[name] - predicted[name] for name in labelled}
    few = (FEW_SAMPLED.format(count=count),) * (count < FEW_PLOTS)
    sampled = SampledPlots(pieces.plot, pieces.zone, pieces.area_m2, gaps, drawn.design)
    return sampled, (*drawn.notes, *_frame_note(drawn, parts, zones), *few)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Plots and what is truly in them."""

    label: str
    plots: NDArray[np.object_]
    truth: NDArray[np.object_]
    home: NDArray[np.int64]
    """Plot of every true building."""
    point: NDArray[np.float64]
    """Where it is counted."""
    design: Design | None
    notes: tuple[str, ...]


def _plain(sample: Sample, zones: Zones) -> _Drawn:
    """Labels and plots in layers of their own."""
    assert sample.areas is not None  # noqa: S101  # read_sample has looked
    plots = read_polygons(
        sample.areas, Neighbourhood(zones.crs), layer=sample.areas_layer, role=Said("sample areas")
    )
    truth = _labels(sample, zones)
    if len(overlapping_pairs(plots.geometry)):
        raise UsageError(f"{plots.label} has overlapping plots; each place may be sampled once")
    point = shapely.get_coordinates(shapely.point_on_surface(truth))
    home = assign(point, plots.geometry)
    return _Drawn(plots.label, plots.geometry, truth, home, point, None, (METHOD,))


def _reviewed(sample: Sample, zones: Zones) -> _Drawn:
    """The checked plots of a file under review."""
    reviewed = read_review(require_review(sample.labels), Neighbourhood(zones.crs))
    reviewed.require_strata(FEWEST_PLOTS)
    design = Design(reviewed.stratum, observed_m2(reviewed.plots, zones.crs), reviewed.stratum_m2)
    _require_room(design, reviewed)
    return _Drawn(
        reviewed.label, reviewed.plots, reviewed.truth, reviewed.home, reviewed.points, design,
        (STRATIFIED, *reviewed.notes),
    )  # fmt: skip


def _require_room(design: Design, reviewed: Reviewed) -> None:
    """Refuse plots that are larger than the ground that they stand for, as after one was drawn anew."""
    plots_m2 = np.bincount(design.stratum, design.plot_m2, minlength=len(design.stratum_m2))
    full = plots_m2 > design.stratum_m2 * (1 + FRAME_ROOM)
    if full.any():
        first = int(np.argmax(full))
        raise UsageError(
            f"{reviewed.label}: the plots of the stratum {reviewed.strata[first]!r} cover {plots_m2[first] / 1e6:g} "
            f"km\u00b2, and the whole of it has {design.stratum_m2[first] / 1e6:g}; take them as geoseg review drew them"
        )


def _frame_note(drawn: _Drawn, parts: NDArray[np.object_], zones: Zones) -> tuple[str, ...]:
    """Said where the report covers ground of which no plot could be drawn."""
    if drawn.design is None:
        return ()
    drawn_km2 = float(drawn.design.stratum_m2.sum()) / 1e6
    all_km2 = float(observed_m2(parts, zones.crs).sum()) / 1e6
    if all_km2 <= drawn_km2 * (1 + FRAME_ROOM):
        return ()
    return (BEYOND_FRAME.format(drawn_km2=drawn_km2, all_km2=all_km2),)


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
    predicted = float(table[name].iloc[row])
    if sampled.design is not None:
        return stratified_estimate(predicted, _strata(sampled, sampled.design, chosen, name))
    _, unit = np.unique(sampled.plot[chosen], return_inverse=True)
    plot_m2 = np.bincount(unit, weights=sampled.area_m2[chosen]).astype(float)
    gap = np.bincount(unit, weights=sampled.gaps[name][chosen]).astype(float)
    population_m2 = float(table["observed_km2"].iloc[row]) * 1e6
    return difference_estimate(predicted, population_m2, plot_m2, gap)


def _strata(
    sampled: SampledPlots, design: Design, chosen: NDArray[np.bool_], name: str
) -> list[Stratum]:
    """All plots stratum by stratum, with the gaps of the chosen pieces alone.

    So a zone is a domain: what lies elsewhere counts as no gap there (Särndal, Swensson and Wretman,
    section 10.3).
    """
    gap = np.bincount(
        sampled.plot[chosen], weights=sampled.gaps[name][chosen], minlength=len(design.stratum)
    ).astype(float)
    return [
        Stratum(float(size), design.plot_m2[design.stratum == one], gap[design.stratum == one])
        for one, size in enumerate(design.stratum_m2)
    ]


def _labels(sample: Sample, zones: Zones) -> NDArray[np.object_]:
    place = Neighbourhood(zones.crs)
    try:
        return read_polygons(
            sample.labels, place, layer=sample.labels_layer, role=Said("labels")
        ).geometry
    except UnreadableVectorError as error:
        if "is empty" in str(error):
            return np.empty(0, dtype=object)
        raise


def _pieces(plots: NDArray[np.object_], parts: NDArray[np.object_], zones: Zones) -> SampledPlots:
    plot, zone = shapely.STRtree(parts).query(plots, predicate="intersects")
    shared = polygonal(shared_part(plots[plot], parts[zone]))
    area_m2 = observed_m2(shared, zones.crs)
    real = area_m2 > 0
    order = np.lexsort((zone[real], plot[real]))
    return SampledPlots(plot[real][order], zone[real][order], area_m2[real][order], {})


def _sums(
    pieces: SampledPlots,
    plot: NDArray[np.int64],
    zone: NDArray[np.int64],
    area_m2: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Count and area per piece of the buildings that are counted in it."""
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
