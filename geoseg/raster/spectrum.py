"""What names and wavelengths of bands say of their colours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PRIMARY = ("red", "green", "blue")
WORDS: Mapping[str, str] = {
    word: color
    for color, words in {
        "red": ("red", "rouge", "rojo", "vermelho", "rosso", "rot", "r"),
        "green": ("green", "vert", "verde", "grün", "gruen", "g"),
        "blue": ("blue", "bleu", "azul", "blu", "blau", "b"),
    }.items()
    for word in words
}
"""Names of the colours in a few languages."""
OTHER = frozenset(
    [
        "edge",
        "coastal",
        "coast",
        "infra",
        "infrared",
        "near",
        "nir",
        "swir",
        "mir",
        "short",
        "thermal",
        "deep",
        "pan",
        "panchromatic",
    ]
)
"""Words beside which the name of a colour means another band: red edge, near infra-red, coastal blue."""
NUMBERED = re.compile(r"(?:s2_?)?b(?:and)?_?(0?\d{1,2})(a?)", re.IGNORECASE)
"""Bands of Sentinel-2 and its like: B02, B2, B8A."""
OF_NUMBERS: Mapping[str, str] = {"4": "red", "3": "green", "2": "blue"}
FAR_NUMBERS = frozenset({"8", "9", "10", "11", "12"})
"""Sensors that have a band of one of these number the colours that way, others may not."""
RANGES_NM: Mapping[str, tuple[float, float, float]] = {
    "red": (615, 655, 699),
    "green": (510, 555, 599),
    "blue": (450, 485, 509),
}
"""First, best and last central wavelength; coastal, yellow and red edge lie beyond."""
INFRARED_WORDS = frozenset(
    {"nir", "infrared", "infrarot", "infrarrojo", "infrarouge", "infravermelho"}
)
FAR_WORDS = frozenset({"edge", "short", "swir", "mid", "mir", "thermal", "far", "long"})
"""Words beside which infrared is not near infrared."""
INFRARED_NM = (750, 840, 950)
"""First, best and last central wavelength of near infrared."""
WAVELENGTH_TAGS = ("CENTRAL_WAVELENGTH_UM", "WAVELENGTH", "CENTRAL_WAVELENGTH", "CENTER_WAVELENGTH")
UNIT_TAGS = ("WAVELENGTH_UNIT", "WAVELENGTH_UNITS")
IN_TEXT = re.compile(r"(\d+(?:[.]\d+)?)\s*(nm|nanomet|um\b|µm|μm|micromet|micron)", re.IGNORECASE)
LARGEST_UM = 30.0
"""A number without a unit is in micrometres up to here and in nanometres above."""


@dataclass(frozen=True, slots=True)
class BandSign:
    """What a file says of a band."""

    name: str = ""
    """Its description."""
    wavelength_nm: float | None = None
    """Centre of what it sees, nanometres; None where it is not said."""


def band_signs(dataset: Any) -> list[BandSign]:  # noqa: ANN401 - rasterio is untyped
    """A sign for every band of an open raster."""
    return [
        _sign(description or "", {**dataset.tags(band, ns="IMAGERY"), **dataset.tags(band)})
        for band, description in enumerate(dataset.descriptions, 1)
    ]


def _sign(description: str, tags: Mapping[str, Any]) -> BandSign:
    upper = {str(key).upper(): str(value) for key, value in tags.items()}
    name = description or next(
        (upper[key] for key in ("BANDNAME", "BAND_NAME", "COMMON_NAME") if key in upper), ""
    )
    unit = next((upper[key] for key in UNIT_TAGS if key in upper), "")
    told = next((f"{upper[key]} {unit}" for key in WAVELENGTH_TAGS if key in upper), description)
    if "CENTRAL_WAVELENGTH_UM" in upper:
        told = f"{upper['CENTRAL_WAVELENGTH_UM']} um"
    return BandSign(name, _nanometres(told, bare=told is not description))


def _nanometres(text: str, *, bare: bool) -> float | None:
    """The wavelength in a text; ``bare``: the text is one, also without a unit."""
    found = IN_TEXT.search(text)
    if found is not None:
        value = float(found[1])
        return value if found[2].lower().startswith("n") else value * 1000
    if not bare:
        return None
    number = re.fullmatch(r"\s*(\d+(?:[.]\d+)?)\s*", text)
    if number is None:
        return None
    value = float(number[1])
    return value * 1000 if value <= LARGEST_UM else value


def by_name(signs: Sequence[BandSign]) -> tuple[int, int, int] | None:
    """Numbers of the bands, from 1, that are called red, green and blue; None where not all are."""
    return _complete(_named(signs)) or _complete(_numbered(signs))


def by_wavelength(signs: Sequence[BandSign]) -> tuple[int, int, int] | None:
    """Numbers of the bands, from 1, that see red, green and blue best; None where not all are seen."""
    seen = {color: _nearest(signs, range_nm) for color, range_nm in RANGES_NM.items()}
    return _complete({color: band for color, band in seen.items() if band is not None})


def red_alone(signs: Sequence[BandSign]) -> int | None:
    """Number of the band, from 1, that sees red, whether others see green and blue or not."""
    return (
        _named(signs).get("red") or _by_number(signs).get("4") or _nearest(signs, RANGES_NM["red"])
    )


def near_infrared(signs: Sequence[BandSign]) -> int | None:
    """Number of the band, from 1, that sees near infrared by its name, else by its wavelength."""
    named = [band for band, sign in enumerate(signs, 1) if _is_infrared(sign.name)]
    if named:
        return named[0]
    numbered = _by_number(signs).get("8")
    return numbered or _nearest(signs, INFRARED_NM)


def _is_infrared(name: str) -> bool:
    words = set(re.findall(r"[^\W\d_]+", IN_TEXT.sub("", name).lower()))
    near = bool(INFRARED_WORDS & words) or {"near", "infra", "red"} <= words
    return near and not FAR_WORDS & words


def _nearest(signs: Sequence[BandSign], range_nm: tuple[float, float, float]) -> int | None:
    """Of the bands whose wavelength lies in a range, the one next to its best."""
    first, best, last = range_nm
    fitting = [
        (abs(sign.wavelength_nm - best), band)
        for band, sign in enumerate(signs, 1)
        if sign.wavelength_nm is not None and first <= sign.wavelength_nm <= last
    ]
    return min(fitting)[1] if fitting else None


def _complete(found: Mapping[str, int]) -> tuple[int, int, int] | None:
    if not all(color in found for color in PRIMARY):
        return None
    return found["red"], found["green"], found["blue"]


def _named(signs: Sequence[BandSign]) -> dict[str, int]:
    """By the name of a colour; the shortest of several names, then the first."""
    named: dict[str, tuple[int, int]] = {}
    for band, sign in enumerate(signs, 1):
        words = re.findall(r"[^\W\d_]+", IN_TEXT.sub("", sign.name).lower())
        colors = {WORDS[word] for word in words if word in WORDS}
        if len(colors) == 1 and not OTHER.intersection(words):
            color = colors.pop()
            named[color] = min(named.get(color, (len(words), band)), (len(words), band))
    return {color: band for color, (_, band) in named.items()}


def _numbered(signs: Sequence[BandSign]) -> dict[str, int]:
    """By the numbers of Sentinel-2."""
    found = _by_number(signs)
    return {color: found[number] for number, color in OF_NUMBERS.items() if number in found}


def _by_number(signs: Sequence[BandSign]) -> dict[str, int]:
    """Number of Sentinel-2 to band; empty where bands may just be counted from one."""
    matches = [NUMBERED.match(sign.name.strip()) for sign in signs]
    numbers = {match[1] + match[2]: band for band, match in enumerate(matches, 1) if match}
    plain = {number.lstrip("0"): band for number, band in numbers.items()}
    own = any(number.startswith("0") for number in numbers)
    skips = list(plain.values()) != [int(n) for n in plain if n.isdigit()]
    if not own and not (FAR_NUMBERS.intersection(plain) and skips):
        return {}
    return plain
