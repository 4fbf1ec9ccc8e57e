"""A folder of vector files, one per image, as one table of labels."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio

from geoseg.coco.document import is_coco
from geoseg.earth.reproject import reproject
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.vectors.buildings import DECISION
from geoseg.vectors.layers import GDAL_ERRORS, geometry_of
from geoseg.vectors.load import load
from geoseg.vectors.standing import standing

GONE = "gone"
"""Of a building that an update did not find again."""
VECTORS = (".geojson", ".json", ".gpkg", ".fgb", ".shp", ".parquet")


def vector_files(folder: Path) -> list[Path]:
    """Files of polygons in a folder itself, by name."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in VECTORS)
    return [path for path in found if not (path.suffix.lower() == ".json" and is_coco(path))]


def united(folder: Path, images: int) -> gpd.GeoDataFrame:
    """All of their polygons, in the CRS of the first that holds any; the column ``decision`` says which are gone.

    Args:
        folder: Holds the files.
        images: How many images they are labels of.

    Raises:
        UsageError: There are fewer files than images, whose ground would count as empty, or none
            holds a polygon.
        UnreadableVectorError: One cannot be read.
    """
    files = vector_files(folder)
    if len(files) < images:
        raise UsageError(
            f"{folder} holds {len(files)} files of labels for {images} images; images without one would "
            "count as empty ground, so name those that are labelled, or add files without rows"
        )
    loaded = [load(file, "labels") for file in files if _has_rows(file)]
    if not loaded:
        raise UsageError(f"none of the {len(files)} files in {folder} holds a polygon")
    crs = loaded[0].crs
    alone = [reproject(geometry_of(one.frame), one.crs, crs) for one in loaded]
    decided = [None if stands else GONE for one in loaded for stands in standing(one.frame)]
    return gpd.GeoDataFrame(
        {DECISION: decided}, geometry=np.concatenate(alone), crs=loaded[0].frame.crs
    )


def _has_rows(file: Path) -> bool:
    """Whether a file holds any; those of images without buildings hold none."""
    if file.suffix.lower() == ".parquet":
        return True
    try:
        return bool(pyogrio.read_info(file, force_feature_count=True)["features"])
    except GDAL_ERRORS as error:
        raise UnreadableVectorError(
            f"{file} cannot be read as labels ({' '.join(str(error).split())}); is it complete?"
        ) from error
