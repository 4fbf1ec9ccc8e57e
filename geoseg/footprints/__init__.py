"""Finished buildings, as cracks between pixels, drawn as polygons that share their walls."""

from geoseg.footprints.drawing import DrawnCluster, Footprint, FootprintSettings, draw, draw_all

__all__ = ["DrawnCluster", "Footprint", "FootprintSettings", "draw", "draw_all"]
