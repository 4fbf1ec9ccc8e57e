"""Layers of a DXF: by a column that says what a building is, else by its size."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

CLASSES = ("decision", "change", "class", "category", "type")
"""Columns whose values name layers; the first that is there."""
MOST_CLASSES = 50
"""More values than this are no classes."""
LONGEST_NAME = 31
"""Letters of a layer's name in release 12."""
SIZES_M2 = (0, 20, 50, 100, 200, 500, 1000, 5000)
"""Where the next layer begins, square metres on the ground."""


def size_layers() -> dict[float, str]:
    """The layers of sizes, and the area at which each begins."""
    ends = [f"{end}" for end in SIZES_M2[1:]] + ["UP"]
    return {
        float(begin): f"BUILDINGS_{begin:04d}_{end.zfill(4) if end != 'UP' else end}_M2"
        for begin, end in zip(SIZES_M2, ends, strict=True)
    }


def class_layers(classes: Mapping[str, int]) -> dict[str, str]:
    """The layer of each value, sorted; none where there are too many to be classes."""
    if len(classes) > MOST_CLASSES:
        return {}
    found: dict[str, str] = {}
    for value in sorted(classes):
        name, number = _name(value), 0
        while name in found.values() or name == "0":
            number += 1
            name = f"{_name(value)[: LONGEST_NAME - 4]}_{number}"
        found[value] = name
    return found


def _name(value: str) -> str:
    """Capital letters, digits and ``_``, as release 12 has them."""
    plain = (
        unicodedata.normalize("NFKD", value.replace("ß", "ss")).encode("ascii", "ignore").decode()
    )
    letters = "".join(one if one.isalnum() or one == "-" else "_" for one in plain.upper())
    return letters.strip("_")[:LONGEST_NAME] or "OTHER"
