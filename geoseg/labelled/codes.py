"""Masks as whole numbers: grey values, building numbers, colours and palettes in one form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.errors import DatasetError, UsageError
from geoseg.labelled.pixels import COLOURS, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HALF, WHITE = 127, 255
LOSSY = (".jpg", ".jpeg")
_LOW, _HIGH = 40, 215
"""Greys that JPEG makes of black and of white lie below and above."""
_COLOURED, _COLOURED_SHARE = 64, 1e-3
"""Channels that differ so much, in so much of the image, are colours and not JPEG's noise."""
_LEAST_GREYS = 8
_MIDDLE_SHARE = 0.25
"""Noise at edges: so many greys at least, and few of them in the middle beside the white."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Codes:
    """A mask."""

    path: Path
    """The file."""
    codes: NDArray[np.int64]
    """(height, width), 0 for black or without a building; colours are red * 65536 + green * 256 + blue."""
    nodata: NDArray[np.bool_]
    """(height, width), True where the file says that nothing is known."""
    noisy: bool
    """There were greys between black and white, as JPEG and resampling make them."""

    @property
    def values(self) -> tuple[int, ...]:
        """Those that it holds, without 0."""
        present = np.unique(self.codes[(self.codes > 0) & ~self.nodata])
        return tuple(int(value) for value in present)


def parse_value(text: object) -> int:
    """A number, or a colour such as #ff0000, as masks hold it.

    Raises:
        UsageError: It is neither.
    """
    word = str(text).strip()
    if _COLOUR.fullmatch(word):
        return int(word[1:], 16)
    if word.isascii() and word.isdigit():
        return int(word)
    raise UsageError(
        f"{word!r} is no value of a mask; give a number such as 255, or a colour such as #ff0000"
    )


def value_text(code: int) -> str:
    """A code as users write it."""
    return f"#{code:06x}" if code > np.iinfo(np.uint16).max else str(code)


def read_codes(path: Path, *, snap: bool = True) -> Codes:
    """One number per colour.

    Args:
        path: The mask.
        snap: Where it is black and white with greys between them, make those black or white.

    Raises:
        UnreadableRasterError: It cannot be read.
        DatasetError: It holds fractions, negative numbers, or colours that JPEG has changed.
    """
    with opened(path) as dataset:
        bands: NDArray[Any] = dataset.read()
        nodata = _nodata(bands[0], dataset.nodata)
        palette = _palette(dataset)
    bands = _whole_numbers(np.where(nodata, 0, bands) if nodata.any() else bands, path)
    if palette is not None and len(bands) == 1:
        bands = _through(palette, bands[0])
    if path.suffix.lower() in LOSSY:
        _require_grey(bands, path)
        return Codes(path, _snapped(bands[0]), nodata, noisy=False)
    codes = _coded(bands)
    noisy = snap and int(codes.max(initial=0)) <= WHITE and _is_noisy(codes)
    return Codes(path, _snapped(codes) if noisy else codes, nodata, noisy)


def _snapped(greys: NDArray[Any]) -> NDArray[np.int64]:
    return np.where(greys > HALF, WHITE, 0).astype(np.int64)


def _nodata(band: NDArray[Any], value: float | None) -> NDArray[np.bool_]:
    """Where the file's own nodata value stands; 0 is background, not unknown."""
    if value is None or value == 0 or np.isnan(value):
        return np.zeros(band.shape, bool)
    return np.asarray(band == value, bool)


def _whole_numbers(bands: NDArray[Any], path: Path) -> NDArray[Any]:
    if bands.dtype.kind == "c":
        raise DatasetError(f"{path.name} holds complex numbers; masks hold whole numbers")
    if bands.dtype.kind == "f":
        bands = np.nan_to_num(bands, nan=0.0)
        if (bands != np.round(bands)).any():
            raise DatasetError(
                f"{path.name} holds fractions; masks hold whole numbers, 0 where there is no building"
            )
    if bands.dtype.kind in "if" and bands.min() < 0:
        raise DatasetError(
            f"{path.name} holds negative numbers; masks hold 0 where there is no building, else the "
            "building's number"
        )
    return bands


def _palette(dataset: Any) -> NDArray[np.int64] | None:  # noqa: ANN401 - an open image
    """(256, 3) colours of a mask whose colour 0 is not its black one; None: numbers say enough."""
    try:
        table = dataset.colormap(1)
    except ValueError:
        return None
    colours = np.zeros((256, COLOURS), np.int64)
    for number, colour in table.items():
        colours[number % 256] = colour[:COLOURS]
    used = [number for number in table if number < len(colours)]
    black = [number for number in used if not colours[number].any()]
    return colours if black and 0 not in black else None


def _through(palette: NDArray[np.int64], numbers: NDArray[Any]) -> NDArray[np.int64]:
    """(3, height, width) colours; where none of them is black, the numbers as they are."""
    colours = np.moveaxis(palette[numbers.astype(np.intp) % len(palette)], -1, 0)
    return colours if (colours == 0).all(axis=0).any() else numbers[None].astype(np.int64)


def _coded(bands: NDArray[Any]) -> NDArray[np.int64]:
    if len(bands) < COLOURS:
        return np.asarray(bands[0], np.int64)
    colours: NDArray[np.int64] = bands[:COLOURS].astype(np.int64)
    grey = bool((colours == colours[0]).all())
    red, green, blue = colours
    return np.asarray(red if grey else (red << 16) + (green << 8) + blue, np.int64)


def _require_grey(bands: NDArray[Any], path: Path) -> None:
    if len(bands) < COLOURS:
        return
    spread = bands[:COLOURS].max(axis=0).astype(int) - bands[:COLOURS].min(axis=0)
    if (spread > _COLOURED).mean() > _COLOURED_SHARE:
        raise DatasetError(
            f"{path.name} is a mask in colours, which JPEG does not keep as they are; save masks as "
            "PNG or TIFF"
        )


def _is_noisy(codes: NDArray[np.int64]) -> bool:
    """True for black and white with other greys near both; numbers of buildings are not like that."""
    counts = np.bincount(codes.ravel(), minlength=256)
    if np.count_nonzero(counts) < _LEAST_GREYS:
        return False
    near_black, middle = counts[1 : _LOW + 1].sum(), counts[_LOW + 1 : _HIGH].sum()
    white, pure = counts[_HIGH:].sum(), counts[250:].sum()
    ends = middle < _MIDDLE_SHARE * white and 2 * pure > white
    return bool(ends and near_black < counts[0])


def chosen(codes: NDArray[np.int64], values: Sequence[int]) -> NDArray[np.bool_]:
    """(height, width), True where one of the values stands."""
    return np.isin(codes, np.asarray(values, np.int64))
