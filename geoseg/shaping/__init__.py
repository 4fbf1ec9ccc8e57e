"""Straight walls, right angles, shared walls: footprints as a cartographer would draw them."""

from geoseg.shaping.coverage import regularize_coverage, regularize_groups
from geoseg.shaping.settings import PREDICTED, RegularizeSettings

__all__ = ["PREDICTED", "RegularizeSettings", "regularize_coverage", "regularize_groups"]
