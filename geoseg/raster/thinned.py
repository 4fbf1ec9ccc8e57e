"""VRTs whose pixels are larger than those of their parts, as of parts of several pixel sizes."""

from __future__ import annotations

import re

from geoseg.raster.remote import vrt_text

_SIZES = re.compile(
    r'<SrcRect\b[^>]*\bxSize="(?P<part>[^"]+)"[^>]*>\s*<DstRect\b[^>]*\bxSize="(?P<shown>[^"]+)"'
)
"""How many columns of a part are shown as how many columns of the VRT."""


def shown_share(path: str) -> float:
    """Columns of a VRT per column of its finest part, 1 at most; 1 where nothing says otherwise.

    ``gdalbuildvrt`` takes the mean of its parts' pixel sizes, and drops pixels of the finer ones.
    """
    text = vrt_text(path) or ""
    shares = [_share(found["shown"], found["part"]) for found in _SIZES.finditer(text)]
    return min(shares, default=1.0)


def _share(shown: str, part: str) -> float:
    """One divided by the other, where both are numbers above 0."""
    try:
        columns = float(part)
        return min(1.0, float(shown) / columns) if columns > 0 else 1.0
    except ValueError:
        return 1.0
