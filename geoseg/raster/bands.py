"""Which bands of a raster are red, green and blue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rasterio.enums import ColorInterp

from geoseg.errors import UnsupportedRasterError, UsageError
from geoseg.raster.spectrum import BandSign, by_name, by_wavelength, near_infrared, red_alone

RGB_COUNT = 3
OTHER_SPACES = {
    "cyan, magenta, yellow and black": (ColorInterp.cyan, ColorInterp.magenta),
    "hue, saturation and lightness": (ColorInterp.hue, ColorInterp.saturation),
    "luminance and chroma": (ColorInterp.Y, ColorInterp.Cb),
}
"""Colour spaces other than red, green and blue, by bands that only they have."""


@dataclass(frozen=True, slots=True)
class BandChoice:
    """The bands that become the image, and the one that says where it is valid."""

    rgb: tuple[int, int, int]
    """Band numbers, from 1; a single band stands there three times."""
    alpha: int | None
    """Number of the alpha band, None without one."""
    reason: str = "as asked for"
    """Why these, a phrase."""
    doubt: str | None = None
    """What may be wrong with them and what to do, the second half of a sentence; None: nothing."""

    @property
    def distinct(self) -> tuple[int, ...]:
        """The bands to read, each once, in the order of ``rgb``."""
        return tuple(dict.fromkeys(self.rgb))

    @property
    def numbers(self) -> str:
        """The bands to read, for a text."""
        return ", ".join(map(str, self.distinct))


def choose_bands(
    name: str,
    colors: Sequence[ColorInterp],
    wanted: Sequence[int] | None,
    signs: Sequence[BandSign] = (),
) -> BandChoice:
    """The user's bands, else those that the raster calls red, green and blue, else the first three.

    It says so by colour interpretation, else by the bands' names, else by their wavelengths.

    Args:
        name: The raster, for messages.
        colors: Colour interpretation of every band.
        wanted: Band numbers asked for, one or three; None leaves the choice to the raster.
        signs: What else the raster says of its bands.
    """
    alpha = next((i for i, color in enumerate(colors, 1) if color == ColorInterp.alpha), None)
    if wanted:
        return BandChoice(_asked(name, len(colors), wanted), alpha)
    _refuse_other_spaces(name, colors)
    described = by_name(signs) or by_wavelength(signs)
    rgb = _by_color(colors)
    if rgb is not None:
        return BandChoice(rgb, alpha, "by colour interpretation", _contradiction(rgb, described))
    if described is not None:
        reason = "by the bands' names" if by_name(signs) else "by the bands' wavelengths"
        return BandChoice(described, alpha, reason)
    return _by_order(name, colors, alpha)


def red_and_infrared(
    name: str,
    colors: Sequence[ColorInterp],
    wanted: int | None,
    signs: Sequence[BandSign] = (),
) -> tuple[int, int] | None:
    """The bands that tell plants from roofs, numbered from 1; None where no band sees near infrared.

    Args:
        name: The raster, for messages.
        colors: Colour interpretation of every band.
        wanted: The band of near infrared that is asked for; None leaves the choice to the raster.
        signs: What else the raster says of its bands.

    Raises:
        UsageError: it has no such band, or nothing but that band.
    """
    if wanted is not None and not 1 <= wanted <= len(colors):
        raise UsageError(
            f"--nir {wanted}: {name} has no such band; its bands are 1 to {len(colors)}"
        )
    coded = next((i for i, color in enumerate(colors, 1) if color == ColorInterp.nir), None)
    infrared = wanted or coded or near_infrared(signs)
    if infrared is None:
        return None
    red = _red(colors, signs)
    if red != infrared:
        return red, infrared
    if wanted is None:
        return None
    raise UsageError(
        f"--nir {wanted}: that band of {name} is taken for red; name its near infrared"
    )


def _red(colors: Sequence[ColorInterp], signs: Sequence[BandSign]) -> int:
    """Where nothing says which it is, the first."""
    coded = [i for i, color in enumerate(colors, 1) if color == ColorInterp.red]
    return coded[0] if coded else red_alone(signs) or 1


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


def _refuse_other_spaces(name: str, colors: Sequence[ColorInterp]) -> None:
    if ColorInterp.palette in colors:
        raise UnsupportedRasterError(
            f"{name} holds indices into a colour table; expand it first: "
            f"gdal_translate -expand rgb {name} rgb.tif"
        )
    for space, bands in OTHER_SPACES.items():
        if all(band in colors for band in bands):
            raise UnsupportedRasterError(
                f"{name} holds {space}; convert it to red, green and blue, or choose with --bands"
            )


def _by_color(colors: Sequence[ColorInterp]) -> tuple[int, int, int] | None:
    named = {color: i for i, color in reversed(list(enumerate(colors, 1)))}
    primary = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
    if not all(color in named for color in primary):
        return None
    return named[ColorInterp.red], named[ColorInterp.green], named[ColorInterp.blue]


def _contradiction(rgb: tuple[int, int, int], described: tuple[int, int, int] | None) -> str | None:
    if described is None or described == rgb:
        return None
    return (
        f"taken by their colour interpretation, but their names or wavelengths say that red, green "
        f"and blue are {_listed(described)}; if so, give --bands {_listed(described, ',')}"
    )


def _by_order(name: str, colors: Sequence[ColorInterp], alpha: int | None) -> BandChoice:
    usable = [i for i, color in enumerate(colors, 1) if color != ColorInterp.alpha]
    if len(usable) == 1:
        return BandChoice((usable[0], usable[0], usable[0]), alpha, "the only one")
    if len(usable) < RGB_COUNT:
        raise UnsupportedRasterError(
            f"{name} has {len(usable)} bands of unknown colour; name one or three to use with --bands"
        )
    rgb = usable[0], usable[1], usable[2]
    return BandChoice(rgb, alpha, "by their order", _guess(rgb, len(usable)))


def _guess(rgb: tuple[int, int, int], count: int) -> str | None:
    """A word on the first three of many bands; three in a row are red, green, blue by custom."""
    if count == RGB_COUNT:
        return None
    usual = "5,3,2" if count == 8 else "3,2,1"  # noqa: PLR2004 - of WorldView's eight bands
    return (
        f"a guess: nothing says which of {count} are red, green and blue; many satellites have them "
        f"at --bands {usual}, and --bands {_listed(rgb, ',')} confirms this"
    )


def _listed(bands: Sequence[int], between: str = ", ") -> str:
    return between.join(map(str, bands))
