"""Whether a file holds all its pixels, where GDAL gives zeros for those that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geoseg.addresses.urls import is_local
from geoseg.errors import UnreadableRasterError
from geoseg.files.png import png_damage
from geoseg.raster.cut import require_all_bytes
from geoseg.raster.named import require_indexed, require_named
from geoseg.raster.parts import Stated


def require_whole(
    path: str,
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    files: Sequence[str],
    rows: Sequence[Stated] | None,
) -> None:
    """Refuse a raster of which GDAL would return, without a word, what its file does not hold.

    Other formats are told when the missing part is read.

    Args:
        path: The raster.
        dataset: The same, open; not as it is rectified.
        files: The files it consists of; those of a VRT are its parts.
        rows: Those of a tile index.

    Raises:
        UnreadableRasterError: It is a VRT or a tile index that names a file which is not there, cannot be
            opened or lies elsewhere, a PNG that is cut or changed, or has one among its parts, or its pixels are too few.
    """
    require_named(path, files)
    require_indexed(path, rows or ())
    pictures = [file for file in files if Path(file).suffix.lower() == ".png"]
    for file in dict.fromkeys([*([path] if dataset.driver == "PNG" else []), *pictures]):
        damage = png_damage(Path(file)) if is_local(file) else None
        if damage is not None:
            raise UnreadableRasterError(f"{file} is a damaged PNG ({damage}); get it anew")
    if is_local(path):
        require_all_bytes(path, dataset)
