"""Buildings in the order in which checking them teaches most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geoseg.reviewing.population import Population
from geoseg.vectors.buildings import numbers_of

NEIGHBOURS = 8
"""Nearest buildings that a size is held against."""
ODD = 3.0
"""A building so many times larger or smaller than its neighbours is odd."""
DOUBTFUL = 0.5
"""Below this confidence a building is doubtful."""
WEIGHT_SIZE, WEIGHT_EDGE = 0.5, 0.25
"""Of an odd size and of a place at the edge of the imagery; doubt by confidence weighs 1."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The first buildings to look at."""

    rows: NDArray[np.intp]
    """(n,) their rows, the one that teaches most first."""
    why: tuple[str, ...]
    """(n,) what is doubtful about each."""


def rank(population: Population, wanted: int) -> Queue:
    """The ``wanted`` buildings whose check teaches most."""
    count = len(population.frame)
    confidence = population.confidence
    doubt = np.zeros(count) if confidence is None else 1 - np.nan_to_num(confidence, nan=1.0)
    times = size_against_neighbours(population)
    edge = _at_edge(population)
    odd = np.minimum(np.abs(np.log(times)) / np.log(ODD), 1.0)
    score = doubt + WEIGHT_SIZE * odd + WEIGHT_EDGE * edge
    rows = np.argsort(-score, kind="stable")[:wanted]
    told = None if confidence is None else confidence[rows]
    why = [
        _why(None if told is None else float(told[place]), float(times[row]), bool(edge[row]))
        for place, row in enumerate(rows.tolist())
    ]
    return Queue(rows, tuple(why))


def size_against_neighbours(population: Population) -> NDArray[np.float64]:
    """(n,) area over the median of the nearest buildings' areas; 1 where there is no other."""
    areas = shapely.area(
        shapely.transform(population.shapes, population.on_plane)
    )  # the plane keeps areas
    count = len(areas)
    if count < 2:  # noqa: PLR2004  # no neighbour
        return np.ones(count)
    nearest = min(NEIGHBOURS + 1, count)
    _, near = cKDTree(population.on_plane(population.points)).query(
        population.on_plane(population.points), k=nearest
    )
    return np.asarray(areas / np.median(areas[near[:, 1:]], axis=1))


def _at_edge(population: Population) -> NDArray[np.bool_]:
    if "at_edge" not in population.frame.columns:
        return np.zeros(len(population.frame), bool)
    return np.asarray(numbers_of(pd.Series(population.frame["at_edge"])) == 1)


def _why(confidence: float | None, times: float, edge: bool) -> str:
    """In words, the strongest reason first."""
    reasons = []
    if confidence is not None and confidence < DOUBTFUL:
        reasons.append(f"confidence {confidence:.2f}")
    if times >= ODD or times <= 1 / ODD:
        reasons.append(
            f"{times:.1f} times as large as its neighbours"
            if times > 1
            else f"{1 / times:.1f} times smaller than its neighbours"
        )
    if edge:
        reasons.append("cut at the edge of the imagery")
    return "; ".join(reasons) or "the least sure of those that are left"
