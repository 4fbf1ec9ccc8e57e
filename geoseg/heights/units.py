"""In which unit the numbers of a surface are."""

from __future__ import annotations

from typing import get_args

from pyproj import CRS

from geoseg.errors import UnsupportedRasterError, UsageError
from geoseg.types import HeightUnit

METRES: dict[str, float] = {"m": 1.0, "cm": 0.01, "ft": 0.3048, "us-ft": 1200 / 3937}
"""What each unit that can be asked for is in metres; the survey foot by its definition."""
_SAID = {
    "m": "m", "metre": "m", "metres": "m", "meter": "m", "meters": "m", "cm": "cm",
    "centimetre": "cm", "centimeter": "cm", "ft": "ft", "foot": "ft", "feet": "ft",
    "international foot": "ft", "us-ft": "us-ft", "us survey foot": "us-ft", "ussurveyfoot": "us-ft",
}  # fmt: skip
"""What bands say of their unit."""


def unit_m(
    name: str, crs: CRS, said: str | None, wanted: HeightUnit | None
) -> tuple[float, str | None]:
    """Metres that one unit of a surface is, and what to tell of it, if anything.

    What the user says goes before the vertical CRS, that before the unit of the band, that before
    metres.

    Args:
        name: The surface, for messages.
        crs: Its CRS; a compound or 3D one has a vertical unit.
        said: The unit that its band states.
        wanted: The unit that the user states.

    Raises:
        UsageError: ``wanted`` is no unit.
        UnsupportedRasterError: the vertical CRS counts downwards.
    """
    if wanted is not None:
        if wanted not in METRES:
            raise UsageError(
                f"--height-unit (height_unit): {wanted!r} is none of {', '.join(get_args(HeightUnit))}"
            )
        return METRES[wanted], None
    vertical = _vertical_axis(name, crs)
    if vertical is not None:
        return vertical, None
    known = _SAID.get((said or "").strip().lower())
    if known is not None:
        return METRES[known], None
    across = crs.axis_info[0].unit_conversion_factor if crs.is_projected else 1.0
    if abs(across - 1.0) > 1e-3:  # noqa: PLR2004  # a CRS in feet
        return 1.0, (
            f"{name} does not say in what unit its heights are, and its CRS is in feet: they are taken "
            "as metres; --height-unit ft says otherwise"
        )
    return 1.0, None


def _vertical_axis(name: str, crs: CRS) -> float | None:
    """Metres per unit of the vertical axis; None without one."""
    for axis in crs.axis_info:
        if axis.direction == "down":
            raise UnsupportedRasterError(
                f"{name} counts depths downwards (vertical CRS of {crs.name!r}); turn its sign, for "
                "example with gdal_calc.py --calc=-A"
            )
        if axis.direction == "up":
            return float(axis.unit_conversion_factor)
    return None
