"""What a raster says of itself that geoseg does not go by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from geoseg.raster.bands import RGB_COUNT


def cautions(dataset: Any, picked: Sequence[int], *, asked: bool, by_points: bool) -> Iterator[str]:  # noqa: ANN401
    """The second half of a sentence each.

    Args:
        dataset: The raster, open; not as it is rectified.
        picked: Indices of the bands that are read.
        asked: The user named them.
        by_points: Its control points place it.
    """
    if by_points and dataset.rpcs is not None:
        yield (
            f"is placed by its {len(dataset.gcps[0])} ground control points; its camera's rational polynomials (RPCs), "
            "which heed heights, are passed over; where the ground is not flat rectify it by them first: "
            "gdalwarp -rpc -to RPC_DEM=heights.tif -t_srs EPSG:CODE"
        )
    if not asked and dataset.driver == "RST" and len(picked) == RGB_COUNT:
        yield (
            "is an Idrisi file, whose bands are blue, green and red; GDAL writes those of a photo into it as they come, "
            "so if GDAL or QGIS made it red and blue are exchanged: give --bands 1,2,3 then"
        )
    if len({(dataset.scales[i], dataset.offsets[i]) for i in picked}) > 1:
        yield (
            "has another scale or offset for each band, and its numbers are taken as they are stored, which changes "
            "its colours; apply them first: gdal_translate -unscale -ot Float32"
        )
