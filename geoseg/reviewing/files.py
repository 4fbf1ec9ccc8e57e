"""Which file is one under review."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd

from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.reviewing.columns import BUILDINGS, CHECKED, PLOT_ID, PLOTS
from geoseg.vectors.address import address_of, is_missing
from geoseg.vectors.layers import open_layer, polygon_layers

NEEDED = "layers plots and buildings by geoseg review"


def is_review(source: object) -> bool:
    """Whether a file is one by ``geoseg review``."""
    if not isinstance(source, (str, Path)) or is_missing(address_of(source)):
        return False
    if not {PLOTS, BUILDINGS} <= set(polygon_layers(source)):
        return False
    return {PLOT_ID, CHECKED} <= set(open_layer(source, PLOTS).columns)


def require_review(source: object) -> str | Path:
    """The file, once it is known to be one by ``geoseg review``.

    Raises:
        UsageError: it is not.
        UnreadableVectorError: it is not there.
    """
    if isinstance(source, (str, Path)) and is_review(source):
        return source
    require_there(source)
    raise UsageError(f"{named(source)} is no file under review; it takes the {NEEDED}")


def require_there(source: object) -> None:
    """Refuse a path that leads nowhere.

    Raises:
        UnreadableVectorError: it does.
    """
    if isinstance(source, (str, Path)) and is_missing(address_of(source)):
        raise UnreadableVectorError(f"{source}: there is no such file")


def require_columns(frame: gpd.GeoDataFrame, columns: Sequence[str], label: str) -> None:
    """Refuse a layer that lacks one of them.

    Raises:
        UnreadableVectorError: naming the first.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise UnreadableVectorError(
            f"{label} lacks the column {missing[0]!r}; a review takes the {NEEDED}"
        )


def named(source: object) -> str:
    """How messages name what was given."""
    return Path(source).name if isinstance(source, (str, Path)) else "what was given"
