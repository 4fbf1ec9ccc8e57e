"""What the user may choose, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoseg.errors import UsageError
from geoseg.settings import require_pixel_size
from geoseg.tiles.given import AreaInput

DEFAULT_GSD_M = 0.3
"""Pixel size where the predictions do not say on what imagery they were made."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How to measure, whatever is compared."""

    boundary_m: float = 1.0
    """Width of the band of the boundary IoU, metres; at least one pixel is taken."""
    min_area_m2: float = 0.0
    """Smaller buildings, true or predicted, do not count."""

    def __post_init__(self) -> None:
        if not self.boundary_m > 0:
            raise UsageError(f"--boundary must be above 0 metres, got {self.boundary_m:g}")
        if not self.min_area_m2 >= 0:
            raise UsageError(f"--min-area must be 0 or more, got {self.min_area_m2:g}")


@dataclass(frozen=True, slots=True)
class LayerOptions:
    """How to read layers of predictions and truth."""

    aoi: AreaInput | None = None
    """Polygons where the truth is complete; None: the layer ``extent`` of the predictions where
    they have one, else everywhere."""
    ignore: AreaInput | None = None
    """Polygons where nobody knows."""
    aoi_layer: str | None = None
    """Layer of ``aoi``, where there are several."""
    ignore_layer: str | None = None
    """Layer of ``ignore``, where there are several."""
    place_column: str | None = None
    """Column that names places: of ``aoi`` if it has it, else of both layers."""
    confidence: str = "confidence"
    """Column of the predictions' confidence."""
    layer: str | None = None
    """Layer of the predictions, where there are several."""
    truth_layer: str | None = None
    """Layer of the truth, where there are several."""
    gsd_m: float | None = None
    """Pixel size of the pixel measures; None: that of the imagery by the predictions' metadata,
    else DEFAULT_GSD_M."""
    rasters: tuple[Path, ...] = ()
    """Photos for the pictures of the page."""

    def __post_init__(self) -> None:
        require_pixel_size(self.gsd_m)

    def pixel_size_m(self, run: Mapping[str, Any]) -> float:
        """Pixel size of the pixel measures, where ``run`` is what the predictions' file says of its run."""
        noted = run.get("grid", {}).get("gsd_m")
        return float(self.gsd_m or noted or DEFAULT_GSD_M)
