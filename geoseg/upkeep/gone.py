"""Rows of the old layer that are gone already: an earlier update said so, or a person."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.upkeep.deciding import FOUND, News, Olds
from geoseg.upkeep.new import NewLayer
from geoseg.upkeep.relating import APART, WITHIN, Relations
from geoseg.vectors.overlap import find_overlaps


def without(old: NDArray[np.object_], gone: NDArray[np.bool_]) -> NDArray[np.object_]:
    """(n,) old outlines, empty where nothing stands: those are held against nothing."""
    out = old.copy()
    out[gone] = shapely.Polygon()
    return out


def found_again(
    old: NDArray[np.object_],
    gone: NDArray[np.bool_],
    new: NewLayer,
    relations: Relations,
    sure: float,
) -> NDArray[np.bool_]:
    """(n,) True where the same building surely stands again, on ground where no other row does.

    Args:
        old: (n,) all old outlines, those that are gone as well.
        gone: (n,) which are.
        new: The new layer, its outlines moved to where the old ones would be.
        relations: What its outlines are to the rows that stand.
        sure: From this probability on a new building is believed.
    """
    again = np.zeros(len(old), dtype=bool)
    believed = np.nan_to_num(new.confidence, nan=FOUND) >= sure
    rows = np.flatnonzero(gone)
    free = np.flatnonzero((relations.new == APART) & believed)
    pairs = find_overlaps(old[rows], new.outlines[free])
    again[rows[pairs.first[pairs.iou >= WITHIN]]] = True
    return again


def stay_gone(olds: Olds, gone: NDArray[np.bool_]) -> None:
    """(n,) those gone before stay so: a new layer that lacks them proves nothing anew."""
    olds.decision[gone], olds.sure[gone] = "gone", np.nan


def say_gone_there(news: News, new: NDArray[np.object_], gone: NDArray[np.object_]) -> None:
    """Say of (m,) new outlines in doubt that they lie where a building was found gone before."""
    asked = np.flatnonzero(news.proposal == "perhaps new")
    there = shapely.STRtree(gone).query(new[asked], predicate="intersects")[0]
    news.reason[asked[np.unique(there)]] = "lies where a building was found gone before"
