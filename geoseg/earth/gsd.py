"""At which pixel size a raster is analysed."""

from __future__ import annotations

from geoseg.settings import require_pixel_size

SAME_GSD = 1e-3
"""Relative difference below which two pixel sizes count as one."""


def target_gsd_m(
    native_m: float, range_m: tuple[float, float] | None, wanted_m: float | None
) -> float:
    """The pixel size asked for, else the native one held within the model's range."""
    if wanted_m is not None:
        require_pixel_size(wanted_m)
        return wanted_m
    return native_m if range_m is None else min(max(native_m, range_m[0]), range_m[1])


def is_enlarged(native_m: float, target_m: float) -> bool:
    """Whether pixels of ``native_m`` are shown in more pixels, of ``target_m``, than they are."""
    return native_m > target_m * (1 + SAME_GSD)
