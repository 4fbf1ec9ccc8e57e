"""Finished buildings, as cracks between pixels, drawn as polygons that share their walls."""

from pathlib import Path

from geoseg.decode.jit import forget_stale_code
from geoseg.footprints.drawing import DrawnCluster, Footprint, FootprintSettings, draw, draw_all

__all__ = ["DrawnCluster", "Footprint", "FootprintSettings", "draw", "draw_all"]

forget_stale_code(Path(__file__).parent)
