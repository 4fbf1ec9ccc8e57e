"""What a file says beside its buildings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from pyproj import CRS

LAYER_DESCRIPTION = (
    "Roof outlines of buildings seen in aerial or satellite imagery, one polygon per building."
)


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """Facts that every format stores in its own way."""

    crs: CRS
    """CRS of the outlines, two-dimensional."""
    run_metadata: Mapping[str, JsonValue]
    """Version, command, model, parameters, sources, counts."""
    extent: Sequence[bytes] | None = None
    """The observed area as WKB polygons in ``crs``, where known; for formats with several layers."""

    def __post_init__(self) -> None:
        # What JSON cannot hold is refused before anything is written.
        _ = self.run_json

    @property
    def run_json(self) -> str:
        """The run's metadata as JSON text."""
        return json.dumps(self.run_metadata, ensure_ascii=False, allow_nan=False)


def horizontal_crs(crs: CRS) -> CRS:
    """The two-dimensional part of a compound or 3D CRS: outlines have no heights."""
    if crs.is_compound:
        return horizontal_crs(crs.sub_crs_list[0])
    return crs.to_2d()
