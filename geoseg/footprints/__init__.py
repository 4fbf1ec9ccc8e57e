"""Finished buildings, as cracks between pixels, drawn as polygons that share their walls."""

from geoseg.footprints.draw import DrawnCluster, Footprint, FootprintSettings, draw

__all__ = ["DrawnCluster", "Footprint", "FootprintSettings", "draw"]
