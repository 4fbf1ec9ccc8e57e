"""Straight walls, right angles, shared walls: footprints as a cartographer would draw them.

``geoseg.regularize`` is this package and, called, the function of the same name for whole frames.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from geoseg.regularize.coverage import Shape, regularize_coverage, regularize_groups
from geoseg.regularize.settings import RegularizeSettings

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["RegularizeSettings", "Shape", "regularize_coverage", "regularize_groups"]


class _CallablePackage(ModuleType):
    """Importing this package sets ``geoseg.regularize`` to it, so it must answer calls."""

    def __call__(self, frame: gpd.GeoDataFrame, **options: Any) -> gpd.GeoDataFrame:
        """See :func:`geoseg.regularize.frame.regularize`."""
        from geoseg.regularize.frame import regularize

        return regularize(frame, **options)


sys.modules[__name__].__class__ = _CallablePackage
