"""What says that a raster is still the one that an interrupted run began with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geoseg.raster.source import Source

DERIVED_SUFFIXES = (".aux.xml", ".ovr")
"""Side files that viewers write without changing a pixel of the raster."""


def source_identity(source: Source) -> dict[str, Any]:
    """Path, shape, bands, and the size and time of every file the raster consists of; as JSON."""
    return {
        "path": source.path,
        "height": source.height,
        "width": source.width,
        "dtype": source.dtype,
        "bands": list(source.bands.rgb),
        "alpha": source.bands.alpha,
        "nodata": [None if value is None else repr(value) for value in source.nodata],
        "files": [_file_identity(file) for file in source.files if _counts(file)],
    }


def _counts(file: str) -> bool:
    return not file.endswith(DERIVED_SUFFIXES)


def _file_identity(file: str) -> dict[str, Any]:
    path = Path(file)
    if not path.is_file():  # a URL, a dataset within a file
        return {"path": file, "size": None, "mtime_ns": None}
    stat = path.stat()
    return {"path": str(path.resolve()), "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
