"""Files that were cut and for whose end GDAL gives zeros, by how many bytes they should hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from geoseg.errors import UnreadableRasterError

_BLOCK_BYTES = 512
"""What a PCIDSK file counts itself in."""
_COUNT = slice(16, 32)
"""Where it says how many of them it has, in digits."""


def require_all_bytes(path: str, dataset: Any) -> None:  # noqa: ANN401 - rasterio is untyped
    """Refuse a raster of this machine whose file is shorter than it says.

    Other formats than ENVI and PCIDSK are told when the missing part is read.

    Raises:
        UnreadableRasterError: It is.
    """
    wanted = _wanted_bytes(path, dataset)
    held = Path(path).stat().st_size if wanted else 0
    if held < wanted:
        raise UnreadableRasterError(
            f"{path} holds {held:,} bytes, but should hold {wanted:,}; it is cut, get it anew"
        )


def _wanted_bytes(path: str, dataset: Any) -> int:  # noqa: ANN401
    """0 where GDAL itself would tell."""
    if dataset.driver == "PCIDSK":
        with Path(path).open("rb") as file:
            count = file.read(_COUNT.stop)[_COUNT].strip()
        return int(count) * _BLOCK_BYTES if count.isdigit() else 0
    if dataset.driver in {"ENVI", "EHdr"} and not dataset.tags(1, ns="IMAGE_STRUCTURE"):
        pixels = dataset.height * dataset.width
        return int(pixels * sum(np.dtype(dtype).itemsize for dtype in dataset.dtypes))
    return 0
