"""Zooms of map tiles, as they are asked for."""

from __future__ import annotations

from pathlib import Path

from geoseg.errors import UsageError
from geoseg.files.target import extension_of

MOST_ZOOM = 18
"""Finer tiles than these would be more than anybody draws from a photo."""
Zooms = tuple[int, int]
"""The first and the last, each with all tiles between."""


def check_zoom(zoom: Zooms | None, *outputs: str | Path | None) -> None:
    """Refuse zooms that there are not, and those of a file that has none.

    Raises:
        UsageError: They are no two of 0 to ``MOST_ZOOM``, the smaller first, or not for PMTiles.
    """
    if zoom is None:
        return
    if not any(one is not None and extension_of(Path(one)) == ".pmtiles" for one in outputs):
        raise UsageError("zooms are those of tiles: name an output that ends in .pmtiles")
    if len(zoom) != 2 or not 0 <= zoom[0] <= zoom[1] <= MOST_ZOOM:  # noqa: PLR2004
        raise UsageError(
            f"zooms are two of 0 to {MOST_ZOOM}, the smaller first, such as 10,16; got "
            f"{','.join(map(str, zoom))}"
        )
