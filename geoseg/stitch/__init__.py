"""Pieces of buildings, found tile by tile, become whole buildings."""

from geoseg.stitch.decoder import InstanceDecoder
from geoseg.stitch.own import LabelRows
from geoseg.stitch.params import StitchParams
from geoseg.stitch.stitcher import StitchCounts, Stitched, Stitcher
from geoseg.stitch.tile import TileInstances

__all__ = [
    "InstanceDecoder",
    "LabelRows",
    "StitchCounts",
    "StitchParams",
    "Stitched",
    "Stitcher",
    "TileInstances",
]
