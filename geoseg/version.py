"""The version of geoseg, and of the libraries that bear on a result, told in one place."""

from __future__ import annotations

import sys

__version__ = "0.2.0"
"""The one place; packages, plugin and pages take it from here."""


def installed(package: str) -> str:
    """Version of a package, without importing it; "none" where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # loads a parser of e-mail

    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def versions() -> dict[str, str]:
    """Name to version of what bears on a result; what runs networks where it is loaded.

    GDAL, PROJ and GEOS are those that read and draw: of rasterio, rasterio and shapely.
    """
    import platform

    import numpy as np
    import rasterio
    import shapely

    told = {
        "geoseg": __version__,
        "python": platform.python_version(),
        "gdal": rasterio.__gdal_version__,
        "proj": rasterio.__proj_version__,
        "geos": shapely.geos_version_string,
        "rasterio": rasterio.__version__,
        "shapely": shapely.__version__,
        "numpy": np.__version__,
    }
    for name in ("torch", "openvino", "onnxruntime"):
        library = sys.modules.get(name)
        if library is not None:
            told[name] = str(library.__version__)
    return told
