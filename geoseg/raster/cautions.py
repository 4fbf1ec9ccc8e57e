"""What a raster says of itself that geoseg does not go by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def cautions(dataset: Any, picked: Sequence[int], *, by_points: bool) -> Iterator[str]:  # noqa: ANN401
    """The second half of a sentence each.

    Args:
        dataset: The raster, open; not as it is rectified.
        picked: Indices of the bands that are read.
        by_points: Its control points place it.
    """
    if by_points and dataset.rpcs is not None:
        yield (
            f"is placed by its {len(dataset.gcps[0])} ground control points; its camera's rational polynomials (RPCs), "
            "which heed heights, are passed over; where the ground is not flat rectify it by them first: "
            "gdalwarp -rpc -to RPC_DEM=heights.tif -t_srs EPSG:CODE"
        )
    if len({(dataset.scales[i], dataset.offsets[i]) for i in picked}) > 1:
        yield (
            "has another scale or offset for each band, and its numbers are taken as they are stored, which changes "
            "its colours; apply them first: gdal_translate -unscale -ot Float32"
        )
