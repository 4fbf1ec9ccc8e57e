"""Photos of places that the built-in model has not learnt from, with labels as outlines in pixels.

Places whose labels come as masks are marked as such: their outlines follow pixel edges. Where a
prediction is right to the pixel, it then agrees with the label's staircase better than with the
wall behind it, which flatters outlines along pixels.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import geopandas as gpd
import numpy as np
import rasterio
import shapely
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import shapes

from geoseg.types import FILL_GREY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Polygons = NDArray[np.object_]

WORLD_M = 2 * np.pi * 6378137.0
"""Width of the web map's plane."""


@dataclass(frozen=True, slots=True)
class RealScene:
    """A photo and its labels."""

    place: str
    """Where it lies; ends in "(masks)" where the labels are no polygons."""
    gsd_m: float
    """Ground size of a pixel, metres."""
    image: NDArray[np.uint8]
    """(height, width, 3) RGB."""
    truth: Polygons
    """(labels,) valid polygons, x the column and y the row."""

    def fitted(self, gsd_m: tuple[float, float] | None) -> RealScene:
        """The scene with pixels of a size within a range."""
        target = self.gsd_m if gsd_m is None else min(max(self.gsd_m, gsd_m[0]), gsd_m[1])
        factor = self.gsd_m / target
        if factor == 1:
            return self
        height, width = (max(1, round(side * factor)) for side in self.image.shape[:2])
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        image = cv2.resize(self.image, (width, height), interpolation=how).astype(np.uint8)
        scale = np.array([width, height]) / self.image.shape[1::-1]
        truth = np.asarray(shapely.transform(self.truth, lambda xy: xy * scale))
        return replace(self, gsd_m=target, image=image, truth=truth)


def read_scenes(data: Path) -> Iterator[RealScene]:
    """All held-out scenes of the labelled imagery that are there."""
    for zoom, tile_px in ((18, 256), (19, 512)):
        folder = data / f"train/banepa_z{zoom}"
        if folder.is_dir():
            yield _strip(folder, zoom, tile_px)
    if (data / "val/geocarta").is_dir():
        yield from _coco_chips(data / "val/geocarta")
    for source in ("inria", "spacenet2"):
        for path in sorted((data / "val" / source / "images").glob("*")):
            yield _masked(path, source)


def _read(path: Path) -> NDArray[Any]:
    """(height, width, bands)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as source:
            return np.asarray(source.read().transpose(1, 2, 0))


def _strip(folder: Path, zoom: int, tile_px: int) -> RealScene:
    """The columns of web-map tiles that were held out, put together; OpenStreetMap's polygons."""
    x_min, x_max = (193347 << (zoom - 18)), (193349 << (zoom - 18))
    tiles = {}
    for path in sorted((folder / "images").glob("*.tif")):
        x, y = (int(part) for part in re.findall(r"\d+", path.stem)[-3:-1])
        if x_min <= x < x_max:
            tiles[x, y] = path
    y_min, y_max = min(y for _, y in tiles), max(y for _, y in tiles) + 1
    image = np.full(((y_max - y_min) * tile_px, (x_max - x_min) * tile_px, 3), FILL_GREY, np.uint8)
    for (x, y), path in tiles.items():
        row, col = (y - y_min) * tile_px, (x - x_min) * tile_px
        image[row : row + tile_px, col : col + tile_px] = _read(path)[..., :3]
    pixel = WORLD_M / 2**zoom / tile_px
    left, top = x_min * tile_px * pixel - WORLD_M / 2, WORLD_M / 2 - y_min * tile_px * pixel
    labels = gpd.read_file(folder / "labels.geojson").to_crs(CRS.from_epsg(3857)).geometry
    placed = shapely.transform(
        np.asarray(labels.array), lambda xy: (xy - (left, top)) / (pixel, -pixel)
    )
    latitude = 2 * np.arctan(np.exp((top - image.shape[0] * pixel / 2) / 6378137.0)) - np.pi / 2
    gsd_m = float(pixel * np.cos(latitude))
    return RealScene(f"banepa zoom {zoom}", gsd_m, image, _usable(placed))


def _coco_chips(folder: Path) -> Iterator[RealScene]:
    """Chips of 0.3 m with COCO polygons."""
    coco = json.loads((folder / "annotations.json").read_text())
    for entry in coco["images"]:
        rings = [
            np.reshape(ring, (-1, 2))
            for annotation in coco["annotations"]
            if annotation["image_id"] == entry["id"]
            for ring in annotation["segmentation"]
        ]
        truth = np.array([shapely.Polygon(r) for r in rings if len(r) > 2], dtype=object)
        image = _read(folder / "images" / entry["file_name"])[..., :3]
        yield RealScene("geocarta", 0.3, image, _usable(truth))


def _masked(path: Path, source: str) -> RealScene:
    """A photo of 0.3 m and its mask, blob by blob."""
    masks = path.parent.parent / "masks"
    candidates = (masks / path.name, masks / f"{path.stem}.png")
    mask = _read(next(p for p in candidates if p.exists()))[..., 0] > 0
    parts = [part["coordinates"] for part, value in shapes(mask.astype(np.uint8)) if value]
    truth = np.array([shapely.Polygon(part[0], part[1:]) for part in parts], dtype=object)
    return RealScene(f"{source} (masks)", 0.3, _read(path)[..., :3], _usable(truth))


def _usable(polygons: Polygons) -> Polygons:
    valid = np.asarray(shapely.make_valid(polygons))
    return valid[shapely.area(valid) > 0]
