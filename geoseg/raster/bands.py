"""Which bands of a raster are red, green and blue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rasterio.enums import ColorInterp

from geoseg.errors import UnsupportedRasterError, UsageError

RGB_COUNT = 3


@dataclass(frozen=True, slots=True)
class BandChoice:
    """The bands that become the image, and the one that says where it is valid."""

    rgb: tuple[int, int, int]
    """Band numbers, from 1; a single band stands there three times."""
    alpha: int | None
    """Number of the alpha band, None without one."""

    @property
    def distinct(self) -> tuple[int, ...]:
        """The bands to read, each once, in the order of ``rgb``."""
        return tuple(dict.fromkeys(self.rgb))


def choose_bands(
    name: str, colors: Sequence[ColorInterp], wanted: Sequence[int] | None
) -> BandChoice:
    """The user's bands, else red, green and blue by colour interpretation, else the first three.

    Args:
        name: The raster, for messages.
        colors: Colour interpretation of every band.
        wanted: Band numbers asked for, one or three; None leaves the choice to the raster.
    """
    alpha = next((i for i, color in enumerate(colors, 1) if color == ColorInterp.alpha), None)
    rgb = _asked(name, len(colors), wanted) if wanted else _by_color(name, colors)
    return BandChoice(rgb, alpha)


def _asked(name: str, count: int, wanted: Sequence[int]) -> tuple[int, int, int]:
    numbers = ",".join(map(str, wanted))
    if len(wanted) not in (1, RGB_COUNT):
        raise UsageError(
            f"bands {numbers}: give one band or three, in the order red, green, blue, such as 3,2,1"
        )
    unknown = [band for band in wanted if not 1 <= band <= count]
    if unknown:
        raise UsageError(
            f"bands {numbers}: {name} has no band {unknown[0]}; its bands are 1 to {count}"
        )
    red, green, blue = wanted if len(wanted) == RGB_COUNT else (wanted[0],) * RGB_COUNT
    return red, green, blue


def _by_color(name: str, colors: Sequence[ColorInterp]) -> tuple[int, int, int]:
    named = {color: i for i, color in reversed(list(enumerate(colors, 1)))}
    if ColorInterp.palette in named:
        raise UnsupportedRasterError(
            f"{name} holds indices into a colour table; expand it first: "
            f"gdal_translate -expand rgb {name} rgb.tif"
        )
    primary = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
    if all(color in named for color in primary):
        return named[ColorInterp.red], named[ColorInterp.green], named[ColorInterp.blue]
    usable = [i for i, color in enumerate(colors, 1) if color != ColorInterp.alpha]
    if len(usable) == 1:
        return usable[0], usable[0], usable[0]
    if len(usable) < RGB_COUNT:
        raise UnsupportedRasterError(
            f"{name} has {len(usable)} bands of unknown colour; name one or three to use with --bands"
        )
    return usable[0], usable[1], usable[2]
