"""Composition: buildings in, plots by lot and what lies in them out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoseg.errors import UsageError
from geoseg.export.frames import FrameLayer
from geoseg.export.output import write_layers
from geoseg.export.schema import Column
from geoseg.reviewing.cells import Cells, cut_cells
from geoseg.reviewing.columns import (
    BUILDINGS,
    CHECKED,
    NEIGHBOURS,
    NOTES,
    PLOT_COLUMNS,
    PLOT_ID,
    PLOTS,
    QUEUE,
    QUEUE_COLUMNS,
    RANK,
    REVIEW,
    REVIEW_COLUMNS,
    REVIEWED_AT,
    REVIEWER,
    STRATUM,
    STRATUM_KM2,
    WHY,
)
from geoseg.reviewing.form import review_styles
from geoseg.reviewing.outcome import DrawnStratum, Review
from geoseg.reviewing.population import Population
from geoseg.reviewing.ranking import rank
from geoseg.reviewing.strata import LEAST_EACH, Strata, allocate, draw, stratify
from geoseg.vectors.within import OUTSIDE, assign

M2_PER_KM2 = 1e6
RULE = (
    "Cells of one size in strata by predicted density and mean confidence; the number of plots of a "
    "stratum follows the errors to be reckoned with; cells by lot within each stratum, every one with "
    "the same chance."
)
"""How plots are drawn, for the record."""
REPLACED = "The buildings have columns {} already, which begin anew here."
_OURS = {column.name for column in (*REVIEW_COLUMNS, *QUEUE_COLUMNS)}


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """What is asked for."""

    plots: int = 30
    """Plots to draw; 0: none."""
    seed: int = 1
    """Of the lot."""
    plot_size_m: float | None = None
    """Side of a plot; None: for a few minutes' work."""
    queue: int = 0
    """Buildings to rank beside the plots."""

    def __post_init__(self) -> None:
        if self.plots < LEAST_EACH and not (self.plots == 0 and self.queue > 0):
            raise UsageError(
                f"--plots takes {LEAST_EACH} or more, or 0 with --queue; got {self.plots}"
            )
        if self.seed < 0 or self.queue < 0:
            raise UsageError(f"--seed and --queue take 0 or more; got {min(self.seed, self.queue)}")
        if self.plot_size_m is not None and not 1 <= self.plot_size_m <= 1e5:  # noqa: PLR2004
            raise UsageError(f"--plot-size takes metres from 1 to 100000; got {self.plot_size_m:g}")


def draw_review(population: Population, options: ReviewOptions) -> Review:
    """Draw plots and gather what lies in them.

    Raises:
        UsageError: the ground has fewer cells than plots are asked for.
    """
    plots, strata, side_m = _drawn_plots(population, options)
    shapes = np.asarray(plots.geometry.array, dtype=object)
    home = assign(population.points, shapes)
    replaced = [name for name in map(str, population.frame.columns) if name in _OURS]
    told = (REPLACED.format(", ".join(replaced)),) if replaced else ()
    record = {
        "buildings": population.label,
        "seed": options.seed,
        "side_m": side_m,
        "rule": RULE,
        "strata": [asdict(stratum) for stratum in strata],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Review(
        plots=plots,
        buildings=_in_plots(population, home),
        neighbours=_reaching_in(population, home, shapes),
        queue=_queue(population, options.queue) if options.queue else None,
        strata=strata,
        side_m=side_m,
        notes=(*population.notes, *told),
        record=record,
    )


def write_review(review: Review, run: dict[str, Any], path: Path) -> None:
    """Write the layers that are not empty, and the plots' buildings in any case."""
    layers = [
        _layer(PLOTS, review.plots, PLOT_COLUMNS),
        _layer(BUILDINGS, review.buildings, REVIEW_COLUMNS),
        _layer(NEIGHBOURS, review.neighbours),
    ]
    kept = [layer for layer in layers if len(layer.frame)] if len(review.plots) else []
    if len(review.plots) and not len(review.buildings):
        kept.insert(1, layers[1])
    if review.queue is not None:
        kept.append(_layer(QUEUE, review.queue, QUEUE_COLUMNS))
    first = kept[0]
    kept[0] = FrameLayer(
        first.name, first.frame, first.styles, columns=first.columns,
        run={**run, "review": review.record},
    )  # fmt: skip
    write_layers(kept, path)


def _layer(name: str, frame: gpd.GeoDataFrame, columns: tuple[Column, ...] = ()) -> FrameLayer:
    names = [str(one) for one in frame.columns if one != frame.active_geometry_name]
    return FrameLayer(name, frame, review_styles(name, names), columns=columns)


def _drawn_plots(
    population: Population, options: ReviewOptions
) -> tuple[gpd.GeoDataFrame, tuple[DrawnStratum, ...], float]:
    if options.plots == 0:
        nothing = np.empty(0, dtype=object)
        return _plots_frame(population, nothing, [], []), (), 0.0
    cells = cut_cells(population, options.plots, options.plot_size_m)
    strata = stratify(cells, options.plots)
    given = allocate(cells, strata, options.plots)
    drawn = draw(strata, given, options.seed)
    told = described(cells, strata, given)
    of_plot = [told[number] for number in strata.of_cell[drawn].tolist()]
    frame = _plots_frame(
        population,
        cells.shapes[drawn],
        [one.name for one in of_plot],
        [one.km2 for one in of_plot],
    )
    return frame, told, cells.side_m


def described(cells: Cells, strata: Strata, given: NDArray[np.int64]) -> tuple[DrawnStratum, ...]:
    """The strata, for the record."""
    return tuple(
        DrawnStratum(
            name,
            int((mine := strata.of_cell == number).sum()),
            float(cells.area_m2[mine].sum()) / M2_PER_KM2,
            int(cells.count[mine].sum()),
            int(given[number]),
        )
        for number, name in enumerate(strata.names)
    )


def _plots_frame(
    population: Population, shapes: NDArray[np.object_], names: list[str], km2: list[float]
) -> gpd.GeoDataFrame:
    count = len(shapes)
    columns = {
        PLOT_ID: np.arange(1, count + 1),
        STRATUM: np.array(names, dtype=object),
        STRATUM_KM2: np.array(km2, dtype=float),
        CHECKED: np.zeros(count, dtype=bool),
        **_blank(count, REVIEWER, NOTES),
        REVIEWED_AT: _no_date(count),
    }
    ordered = {column.name: columns[column.name] for column in PLOT_COLUMNS}
    return gpd.GeoDataFrame(ordered, geometry=shapes, crs=population.frame.crs)


def _in_plots(population: Population, home: NDArray[np.int64]) -> gpd.GeoDataFrame:
    rows = np.flatnonzero(home != OUTSIDE)
    rows = rows[np.argsort(home[rows], kind="stable")]
    return _with_columns(
        population.frame.iloc[rows], {PLOT_ID: home[rows] + 1, **_verdicts(len(rows))}
    )


def _reaching_in(
    population: Population, home: NDArray[np.int64], plots: NDArray[np.object_]
) -> gpd.GeoDataFrame:
    shapes = population.shapes
    shape, plot = shapely.STRtree(plots).query(shapes, predicate="intersects")
    across = (home[shape] == OUTSIDE) & ~shapely.touches(shapes[shape], plots[plot])
    rows = np.unique(shape[across])
    kept = [name for name in ("building_id", "confidence") if name in population.frame.columns]
    return population.frame.iloc[rows][[*kept, population.frame.geometry.name]].reset_index(
        drop=True
    )


def _queue(population: Population, wanted: int) -> gpd.GeoDataFrame:
    queue = rank(population, wanted)
    count = len(queue.rows)
    columns = {
        RANK: np.arange(1, count + 1),
        WHY: np.array(queue.why, dtype=object),
        **_verdicts(count),
    }
    return _with_columns(population.frame.iloc[queue.rows], columns)


def _with_columns(rows: gpd.GeoDataFrame, columns: dict[str, Any]) -> gpd.GeoDataFrame:
    """Rows with our columns last, in the place of older ones of their names."""
    kept = rows.drop(columns=[name for name in rows.columns if name in _OURS])
    return kept.reset_index(drop=True).assign(**columns)


def _verdicts(count: int) -> dict[str, Any]:
    return {**_blank(count, REVIEW, REVIEWER), REVIEWED_AT: _no_date(count)}


def _blank(count: int, *names: str) -> dict[str, Any]:
    """Columns of texts that are still empty."""
    return {name: pd.array([None] * count, dtype="string") for name in names}


def _no_date(count: int) -> Any:  # noqa: ANN401  # an array of pandas
    return pd.array([pd.NaT] * count, dtype="datetime64[ms]")
