"""Checked plots as labels: what lies outside of them, nobody knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd

from geoseg.errors import UsageError
from geoseg.reviewing.files import require_review
from geoseg.reviewing.reading import read_neighbours, read_review

CONTEXT_M = 64.0
"""So far around plots a network looks, and so far huts hang together, which tells what is usual there."""


def labels_of_review(labels: object, about: dict[str, Any]) -> dict[str, Any]:
    """The fields of a pair that a file by ``geoseg review`` fills.

    True buildings of the checked plots are the labels, the plots the area of interest. Buildings
    that only reach into a plot were not checked: what they cover stays unknown.

    Args:
        labels: The file.
        about: The other fields that were given.

    Raises:
        UsageError: it is no such file, holds no true building, or comes with an area of interest.
    """
    path = Path(require_review(labels))
    given = [name for name in ("layer", "aoi", "aoi_layer") if about.get(name) is not None]
    if given:
        raise UsageError(
            f"--review takes layers and areas from {path.name} itself; leave {', '.join(given)} out"
        )
    reviewed = read_review(path)
    if not len(reviewed.truth):
        raise UsageError(
            f"{path.name}: no building of the checked plots is a true one, so there is nothing to learn; "
            "check plots in which there are buildings"
        )
    return {
        "labels": gpd.GeoDataFrame(geometry=reviewed.truth, crs=reviewed.crs),
        "aoi": gpd.GeoDataFrame(geometry=reviewed.plots, crs=reviewed.crs),
        "unknown": read_neighbours(path),
        "context_m": CONTEXT_M,
    }
