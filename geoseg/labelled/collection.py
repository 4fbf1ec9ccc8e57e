"""Pack the labelled imagery that the built-in model learns from into scenes.

Run as ``python -m geoseg.labelled.collection DATA OUT``. One function per folder of the collection knows
that folder's defects; everything after it sees scenes alone. Imagery of your own needs no such
recipe: ``geoseg dataset`` packs it.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import DatasetError
from geoseg.files.parse import parse_json
from geoseg.labelled import openaerialmap
from geoseg.labelled.burn import rasterise
from geoseg.labelled.pixels import blank, near_border, read_pixels, read_rgb
from geoseg.scenes.scene import Scene, Split, save_scene
from geoseg.types import FILL_GREY

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry as Geometry

_BANEPA = "imagery CC BY 4.0 OpenAerialMap/HOTOSM; labels ODbL OpenStreetMap contributors"
_INRIA = "Inria Aerial Image Labeling, public domain (Maggiori et al. 2017)"
_RIO = "SpaceNet 1, CC BY-SA 4.0"
_SPACENET2 = "SpaceNet 2, CC BY-SA 4.0"
_GEOCARTA = "GEOCARTA-BuildingDetection, public domain as stated by its README"
_DUBAI = "Humans in the Loop, CC0"


def pack(data: Path, out: Path) -> list[str]:
    """Write every scene of the collection under ``data`` into ``out``; return their names."""
    names = []
    for read in _SOURCES:
        for scene in read(data):
            save_scene(scene, out)
            names.append(scene.name)
    if not names:
        raise DatasetError(f"{data} holds none of the folders that this recipe knows")
    return names


# --- Banepa: slippy-map tiles of one town at two zooms, OpenStreetMap polygons ---


def _banepa_z18(data: Path) -> Iterator[Scene]:
    town = _SlippyMosaic(data / "train/banepa_z18", tile_px=256)
    if not town.tiles:
        return
    row = (110123 - town.y_min) * 256
    town.ignore[row : row + 80] = True  # these tiles' upper parts were never labelled
    strip_from, strip_to = (193347 - town.x_min) * 256, (193349 - town.x_min) * 256
    yield town.scene("banepa_z18_west", "banepa_z18", "train", slice(0, strip_from))
    yield town.scene("banepa_z18_strip", "banepa_z18", "val", slice(strip_from, strip_to))
    yield town.scene("banepa_z18_east", "banepa_z18", "train", slice(strip_to, None))


def _banepa_z19(data: Path) -> Iterator[Scene]:
    town = _SlippyMosaic(data / "train/banepa_z19", tile_px=512)
    if not town.tiles:
        return
    # The same strip of ground as the one held out at zoom 18.
    strip_from = (2 * 193347 - town.x_min) * 512
    yield town.scene("banepa_z19_west", "banepa_z19", "train", slice(0, strip_from))
    yield town.scene("banepa_z19_strip", "banepa_z19", "val", slice(strip_from, None))


class _SlippyMosaic:
    """Web-map tiles put together on one canvas, with their labels."""

    def __init__(self, folder: Path, *, tile_px: int) -> None:
        self.tile_px = tile_px
        self.tiles = {_tile_address(path): path for path in (folder / "images").glob("*.tif")}
        if not self.tiles:
            return
        xs, ys, zooms = zip(*self.tiles, strict=True)
        self.x_min, self.y_min, self.zoom = min(xs), min(ys), zooms[0]
        shape = ((max(ys) - self.y_min + 1) * tile_px, (max(xs) - self.x_min + 1) * tile_px)
        self.image = np.full((*shape, 3), FILL_GREY, np.uint8)
        covered = np.zeros(shape, bool)
        for (x, y, _), path in self.tiles.items():
            rows = slice((y - self.y_min) * tile_px, (y - self.y_min + 1) * tile_px)
            cols = slice((x - self.x_min) * tile_px, (x - self.x_min + 1) * tile_px)
            self.image[rows, cols] = read_rgb(path)
            covered[rows, cols] = True
        self.labels = rasterise(self._polygons(folder / "labels.geojson"), shape)
        self.ignore = near_border(covered, 15) | blank(self.image)
        self.image[blank(self.image)] = FILL_GREY

    def _polygons(self, path: Path) -> list[Geometry]:
        """Polygons in pixels of the canvas."""
        import geopandas as gpd
        from shapely.affinity import affine_transform

        world = 2 * math.pi * 6378137.0
        per_px = world / 2**self.zoom / self.tile_px
        left, top = self.x_min * self.tile_px, self.y_min * self.tile_px
        origin = world / 2 / per_px
        to_px = [1 / per_px, 0, 0, -1 / per_px, origin - left, origin - top]
        shapes = gpd.read_file(path).to_crs(3857).geometry
        return [affine_transform(shape, to_px) for shape in shapes]

    @property
    def gsd_m(self) -> float:
        """Ground size of a pixel at the canvas's middle row, metres."""
        middle = (self.y_min + self.image.shape[0] / 2 / self.tile_px) / 2**self.zoom
        latitude = math.atan(math.sinh(math.pi * (1 - 2 * middle)))
        world = 2 * math.pi * 6378137.0
        return float(world / 2**self.zoom / self.tile_px * math.cos(latitude))

    def scene(self, name: str, place: str, split: Split, cols: slice) -> Scene:
        """The scene of some columns of the canvas."""
        cut = np.s_[:, cols]
        return Scene(
            name,
            place,
            split,
            self.gsd_m,
            self.image[cut],
            self.labels[cut],
            self.ignore[cut],
            licence=_BANEPA,
        )


def _tile_address(path: Path) -> tuple[int, int, int]:
    match = re.search(r"-(\d+)-(\d+)-(\d+)$", path.stem)
    if match is None:
        raise DatasetError(f"{path.name}: expected a name that ends in -x-y-zoom")
    x, y, zoom = (int(part) for part in match.groups())
    return x, y, zoom


# --- Java: COCO polygons on JPEG chips ---


def _geocarta(data: Path) -> Iterator[Scene]:
    splits: tuple[Split, Split] = ("train", "val")
    for split in splits:
        folder = data / split / "geocarta"
        if folder.is_dir():
            yield from _coco_scenes(folder, split)


def _coco_scenes(folder: Path, split: Split) -> Iterator[Scene]:
    coco = parse_json((folder / "annotations.json").read_text())
    for entry in coco["images"]:
        image = read_rgb(folder / "images" / entry["file_name"])
        polygons = [
            shape
            for annotation in coco["annotations"]
            if annotation["image_id"] == entry["id"]
            for shape in _coco_polygons(annotation["segmentation"])
        ]
        frame = export_frame(image)
        image[frame] = FILL_GREY
        name = f"geocarta_{Path(entry['file_name']).stem}"
        labels = rasterise(polygons, frame.shape)
        yield Scene(name, "geocarta", split, 0.30, image, labels, frame, licence=_GEOCARTA)


_TRIANGLE = 6  # numbers


def _coco_polygons(rings: list[list[float]]) -> list[Geometry]:
    from shapely import Polygon, make_valid

    return [
        make_valid(Polygon(np.reshape(ring, (-1, 2)))) for ring in rings if len(ring) >= _TRIANGLE
    ]


_FRAME = ((255, 0, 0), (255, 255, 255), (0, 0, 0))
_FRAME_TOLERANCE = 12  # JPEG
_FRAME_PX = 200


def export_frame(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pure red, white or black areas that begin at the chip's border, and 3 px more."""
    from scipy import ndimage

    near = [np.abs(image.astype(int) - colour).max(axis=2) < _FRAME_TOLERANCE for colour in _FRAME]
    numbers, _ = ndimage.label(np.any(near, axis=0))
    rim = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    sizes = np.bincount(numbers.ravel())
    framed = np.isin(numbers, [n for n in np.unique(rim) if n and sizes[n] > _FRAME_PX])
    return ndimage.binary_dilation(framed, iterations=3) if framed.any() else framed


# --- Masks without instances, and Rio's polygons ---


def _inria(data: Path) -> Iterator[Scene]:
    for split, path in _both_splits(data, "inria"):
        place = re.sub(r"[\d-].*", "", path.stem)
        yield _mask_scene(path, f"inria_{place}", split, 0.30, _INRIA)


def _spacenet2(data: Path) -> Iterator[Scene]:
    for split, path in _both_splits(data, "spacenet2"):
        place = path.stem.split("_")[0].lower()
        yield _mask_scene(path, f"spacenet2_{place}", split, 0.30, _SPACENET2)


def _dubai(data: Path) -> Iterator[Scene]:
    for path in sorted((data / "train_weak/dubai/images").glob("*.jpg")):
        tile = path.stem.split("_")[0]
        yield _mask_scene(path, "dubai", "train", _DUBAI_GSD_M[tile], _DUBAI)


_DUBAI_GSD_M = {"tile1": 0.6, "tile2": 0.6, "tile3": 0.6, "tile5": 0.6, "tile6": 0.6}
"""Not stated by the owner; judged by the size of cars and villas."""


def _spacenet_rio(data: Path) -> Iterator[Scene]:
    folder = data / "train/spacenet_rio"
    for path in sorted((folder / "images").glob("*.tif")):
        if (folder / "masks" / path.name).exists():
            yield _mask_scene(path, "spacenet_rio", "train", 0.5, _RIO)
        else:
            yield _rio_polygon_scene(path, folder / "labels" / f"{path.stem}.geojson")


def _rio_polygon_scene(path: Path, labels_path: Path) -> Scene:
    import geopandas as gpd
    import rasterio
    from shapely.affinity import affine_transform

    image = read_rgb(path)
    with rasterio.open(path) as source:
        inverse = ~source.transform
    to_px = [inverse.a, inverse.b, inverse.d, inverse.e, inverse.c, inverse.f]
    polygons = [affine_transform(shape, to_px) for shape in gpd.read_file(labels_path).geometry]
    labels = rasterise(polygons, image.shape[:2])
    name = f"spacenet_rio_{path.stem}"
    missing = blank(image)
    image[missing] = FILL_GREY
    return Scene(name, "spacenet_rio", "train", 0.5, image, labels, missing, licence=_RIO)


def _both_splits(data: Path, source: str) -> Iterator[tuple[Split, Path]]:
    splits: tuple[Split, Split] = ("train", "val")
    for split in splits:
        for path in sorted((data / split / source / "images").glob("*")):
            yield split, path


def _mask_scene(path: Path, place: str, split: Split, gsd_m: float, licence: str) -> Scene:
    """A scene of an image and its mask; every connected blob gets one number."""
    from scipy import ndimage

    image = read_rgb(path)
    masks = path.parent.parent / "masks"
    mask_path = next(p for p in (masks / path.name, masks / f"{path.stem}.png") if p.exists())
    mask = read_pixels(mask_path)[0] > 0
    height, width = (min(a, b) for a, b in zip(mask.shape, image.shape[:2], strict=True))
    image, mask = image[:height, :width].copy(), mask[:height, :width]
    labels = ndimage.label(mask)[0].astype(np.uint16)
    missing = blank(image)
    image[missing] = FILL_GREY
    name = f"{place}_{path.stem}"
    return Scene(name, place, split, gsd_m, image, labels, missing, blobs=True, licence=licence)


_SOURCES: tuple[Callable[[Path], Iterator[Scene]], ...] = (
    _banepa_z18,
    _banepa_z19,
    _geocarta,
    _inria,
    _spacenet2,
    _spacenet_rio,
    _dubai,
    openaerialmap.dhaka,
    openaerialmap.nairobi,
    openaerialmap.zanzibar,
    openaerialmap.atlanta,
)

if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
