"""A small town of bright houses on dark ground, with its labels, for tests of data sets."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from conftest import UTM, transform_at
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely.affinity import affine_transform

CELL_PX = 30


def houses(height: int, width: int, seed: int = 0) -> list[shapely.Geometry]:
    """One house per cell, in pixels, none touching another."""
    rng = np.random.default_rng(seed)
    return [
        shapely.box(col + left, row + top, col + left + wide, row + top + high)
        for row in range(0, height - CELL_PX + 1, CELL_PX)
        for col in range(0, width - CELL_PX + 1, CELL_PX)
        for left, top, wide, high in [rng.integers([3, 3, 10, 10], [8, 8, 20, 20]).tolist()]
    ]


def photo(
    shapes: list[shapely.Geometry], height: int, width: int, seed: int = 0
) -> NDArray[np.uint8]:
    """(3, height, width), the houses bright."""
    rng = np.random.default_rng(seed)
    roofs = rasterize(shapes, out_shape=(height, width)) if shapes else np.zeros((height, width))
    image = np.where(roofs > 0, 200, 70) + rng.integers(-15, 16, (3, height, width))
    return image.astype(np.uint8)


def on_ground(
    shapes: list[shapely.Geometry], transform: Affine | None = None, crs: str = UTM
) -> gpd.GeoDataFrame:
    """The shapes where a raster with ``transform`` has them, carried into ``crs``."""
    t = transform or transform_at()
    matrix = [t.a, t.b, t.d, t.e, t.c, t.f]
    moved = [affine_transform(shape, matrix) for shape in shapes]
    return gpd.GeoDataFrame(geometry=moved, crs=UTM).to_crs(crs)


def coco(path: Path, images: dict[str, list[shapely.Geometry]], side: int, **extra: Any) -> Path:
    """A COCO file of square images with polygons."""
    annotations = [
        {"image_id": number, "category_id": 1, "segmentation": [_ring(shape)], **extra}
        for number, shapes in enumerate(images.values())
        for shape in shapes
    ]
    content = {
        "images": [
            {"id": number, "file_name": name, "height": side, "width": side}
            for number, name in enumerate(images)
        ],
        "annotations": [{"id": number, **one} for number, one in enumerate(annotations)],
        "categories": [{"id": 1, "name": "building"}, {"id": 2, "name": "car"}],
    }
    path.write_text(json.dumps(content))
    return path


def _ring(shape: shapely.Geometry) -> list[float]:
    return shapely.get_coordinates(shape)[:-1].ravel().tolist()


def save(
    path: Path, pixels: NDArray[Any], palette: dict[int, Any] | None = None, **more: Any
) -> Path:
    """An image without a place, of the kind that its extension says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = pixels if pixels.ndim == 3 else pixels[None]
    drivers = {".png": "PNG", ".jpg": "JPEG", ".tif": "GTiff"}
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver=drivers[path.suffix], dtype=bands.dtype, **shape, **more
        ) as out:
            out.write(bands)
            if palette:
                out.write_colormap(1, palette)
    return path
