"""Rasters that hold what geoseg made of photos: a model would find something in them, too."""

from __future__ import annotations

from typing import Any

from geoseg.errors import UsageError

BODY = "body"
"""The map of buildings, by its name in a folder of maps and by the first word of a band's description."""


def heads_of(raster: Any) -> list[str]:  # noqa: ANN401 - rasterio is untyped
    """What the bands hold, by the first word of their descriptions."""
    return [(text or "").partition(":")[0] for text in raster.descriptions]


def is_of_maps(raster: Any) -> bool:  # noqa: ANN401 - rasterio is untyped
    """Whether the raster is made of stored maps, of buildings among others."""
    return BODY in heads_of(raster) and "GEOSEG_VERSION" in raster.tags()


def require_photo(name: str, raster: Any) -> None:  # noqa: ANN401 - rasterio is untyped
    """Refuse probabilities that are given as imagery.

    Raises:
        UsageError: the raster is made of stored maps.
    """
    if is_of_maps(raster):
        raise UsageError(
            f"{name} holds probabilities by geoseg maps and is no photo; name the photo that they are of, or give "
            "them to geoseg update by --maps (maps)"
        )
