"""Footprint regularisation of other tools, as far as they are installed.

pip install buildingregulariser
pip install --no-deps geoai-py rioxarray xarray    # its regularisation needs nothing more
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd

Tool = Callable[[gpd.GeoDataFrame, float], gpd.GeoDataFrame]
"""From a layer in metres and the size of a pixel to another layer, row by row."""


def simplify(tolerance_px: float) -> Tool:
    """Douglas-Peucker, building by building."""

    def tool(frame: gpd.GeoDataFrame, gsd_m: float) -> gpd.GeoDataFrame:
        return frame.set_geometry(frame.geometry.simplify(tolerance_px * gsd_m))

    return tool


def installed() -> dict[str, Tool]:
    """Tools of others that can be imported; the rest is named and skipped."""
    tools: dict[str, Tool] = {}
    for name, find in (("buildingregulariser", _buildingregulariser), ("geoai", _geoai)):
        try:
            tools |= find()
        except ImportError as error:
            print(f"{name} is skipped: {error}")
    return tools


def _buildingregulariser() -> dict[str, Tool]:
    from buildingregulariser import regularize_geodataframe

    def tuned(tolerance_px: float) -> Tool:
        def tool(frame: gpd.GeoDataFrame, gsd_m: float) -> gpd.GeoDataFrame:
            tolerance = tolerance_px * gsd_m
            return regularize_geodataframe(
                frame,
                num_cores=1,
                simplify_tolerance=tolerance,
                parallel_threshold=2 * tolerance,
            )

        return tool

    return {
        "buildingregulariser": lambda frame, _: regularize_geodataframe(frame, num_cores=1),
        **{f"buildingregulariser {px:g} px": tuned(px) for px in (0.5, 1.0, 2.0)},
    }


def _geoai() -> dict[str, Tool]:
    geometry = _module_alone("geoai", "geoai.utils", "geometry")
    names = ("regularization", "hybrid_regularization", "adaptive_regularization")
    tools: dict[str, Tool] = {}
    for name in names:
        function: Any = getattr(geometry, name)
        tools[f"geoai {name.removesuffix('_regularization')}"] = lambda frame, _, f=function: f(
            frame
        )
    return tools


def _module_alone(root: str, package: str, name: str) -> ModuleType:
    """A module of a package whose own start would import much that is not installed."""
    found = importlib.util.find_spec(root)
    if found is None or found.origin is None:
        raise ImportError("not installed")
    for parent in (root, package):
        hollow = ModuleType(parent)
        hollow.__path__ = [str(Path(found.origin).parent.joinpath(*parent.split(".")[1:]))]
        sys.modules[parent] = hollow
    return importlib.import_module(f"{package}.{name}")
