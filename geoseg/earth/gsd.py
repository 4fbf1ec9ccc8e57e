"""At which pixel size a raster is analysed."""

from __future__ import annotations

import math

from geoseg.errors import UsageError


def target_gsd_m(
    native_m: float, range_m: tuple[float, float] | None, wanted_m: float | None
) -> float:
    """The pixel size asked for, else the native one held within the model's range."""
    if wanted_m is not None:
        if not (math.isfinite(wanted_m) and wanted_m > 0):
            raise UsageError(f"gsd {wanted_m}: give the pixel size in metres, such as 0.3")
        return wanted_m
    return native_m if range_m is None else min(max(native_m, range_m[0]), range_m[1])
