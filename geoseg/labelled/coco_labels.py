"""COCO annotations as labels of separate images, or of rasters that have a place."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoseg.coco.read import annotation_shape, from_coco, load_coco
from geoseg.errors import DatasetError, UsageError
from geoseg.labelled.burn import PolygonIndex
from geoseg.labelled.repair import TINY_M2, repair
from geoseg.types import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray


def coco_on_ground(path: Path, rasters: Sequence[Path], category: str | None) -> gpd.GeoDataFrame:
    """The annotations as polygons on the ground, where all images have a place."""
    chosen = _category(load_coco(path), category, path)
    frame = from_coco(path, rasters=rasters)
    return frame if chosen is None else frame[frame["category"] == chosen]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels of one image."""

    numbers: NDArray[np.uint16]
    """(height, width), 0 background."""
    unknown: NDArray[np.bool_]
    """(height, width), True where many buildings were marked as one crowd."""
    twice: NDArray[np.bool_]
    """(height, width), True where two or more labels lie."""


class CocoLabels:
    """Annotations by image."""

    def __init__(self, path: Path, category: str | None) -> None:
        content = load_coco(path)
        self._path = path
        chosen = _category(content, category, path)
        wanted = _numbers(content, chosen)
        self._entries = _by_name(content["images"], path)
        self._annotations: dict[int, list[dict[str, Any]]] = defaultdict(list)
        numbers = {one["id"] for one in content["images"]}
        self._strays = sum(one["image_id"] not in numbers for one in content["annotations"])
        for one in content["annotations"]:
            if wanted is None or one.get("category_id") in wanted:
                self._annotations[one["image_id"]].append(one)

    def choose(self, images: Sequence[Path], found: Counter[str]) -> list[Path]:
        """The images that the file lists; the others are counted."""
        listed = [image for image in images if image.name in self._entries]
        missing = sorted(set(self._entries) - {image.name for image in listed})
        if missing:
            raise DatasetError(
                f"{self._path.name} lists {len(missing)} images that are not there, such as "
                f"{missing[0]}; give their folder, or remove them from the file"
            )
        found["images_unlisted"] += len(images) - len(listed)
        found["strays"] += self._strays
        return listed

    def of(
        self, image: Path, shape: tuple[int, int], gsd_m: float, found: Counter[str]
    ) -> Labelled:
        """The labels of one image; adds to ``found``."""
        entry = self._entries[image.name]
        if (entry["height"], entry["width"]) != shape:
            raise DatasetError(
                f"{image.name} has {shape[0]} x {shape[1]} pixels, {self._path.name} says "
                f"{entry['height']} x {entry['width']}; they belong together no more"
            )
        known: list[object] = []
        crowds: list[object] = []
        for one in self._annotations[entry["id"]]:
            kind = crowds if one.get("iscrowd") and not _is_list(one) else known
            kind.append(annotation_shape(one.get("segmentation"), one["id"], shape))
        return _drawn(_array(known), _array(crowds), shape, gsd_m, found)


def _by_name(images: list[dict[str, Any]], path: Path) -> dict[str, dict[str, Any]]:
    """The entries of the images; files are found by their names, whatever folder they lie in."""
    named = {Path(one["file_name"]).name: one for one in images}
    if len(named) < len(images):
        times = Counter(Path(one["file_name"]).name for one in images)
        raise DatasetError(
            f"{path.name} lists several images of the name {times.most_common(1)[0][0]}; give "
            "every image a name of its own"
        )
    return named


def _array(shapes: list[object]) -> NDArray[np.object_]:
    """One-dimensional, whatever it holds."""
    array: NDArray[np.object_] = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return array


def _is_list(annotation: dict[str, Any]) -> bool:
    """Crowds are masks; some tools set the flag on polygons as well, where it means nothing."""
    return isinstance(annotation.get("segmentation"), list)


def _drawn(
    known: NDArray[np.object_],
    crowds: NDArray[np.object_],
    shape: tuple[int, int],
    gsd_m: float,
    found: Counter[str],
) -> Labelled:
    window = Window(0, 0, *shape)
    repaired = repair(known)
    inside = shapely.intersects(repaired.polygons, shapely.box(0, 0, shape[1], shape[0]))
    polygons = PolygonIndex.of(repaired.polygons[inside])
    numbers = polygons.labels(window)
    drawn = int(np.count_nonzero(np.bincount(numbers.ravel())[1:]))
    found.update(repaired.counts)
    found.update(
        features=len(known),
        outside=int((~inside).sum()),
        tiny=int((shapely.area(polygons.polygons) * gsd_m**2 < TINY_M2).sum()),
        without_pixels=len(polygons.polygons) - drawn,
    )
    unknown = PolygonIndex.of(crowds[~shapely.is_missing(crowds)]).covered(window)
    return Labelled(numbers, unknown, polygons.covered(window, times=2))


def _category(content: dict[str, Any], wanted: str | None, path: Path) -> str | None:
    """The category to keep; None where all of them are buildings."""
    names = {one["id"]: str(one["name"]) for one in content.get("categories", [])}
    used = sorted({names.get(one.get("category_id"), "building") for one in content["annotations"]})
    if wanted is not None and wanted not in used:
        raise UsageError(
            f"{path.name} has no annotation of the category {wanted!r}; it has {', '.join(used)}"
        )
    if wanted is None and len(used) > 1:
        raise UsageError(
            f"{path.name} has annotations of several categories ({', '.join(used)}); "
            "name the one that means buildings with --category"
        )
    return wanted


def _numbers(content: dict[str, Any], chosen: str | None) -> set[int] | None:
    if chosen is None:
        return None
    return {one["id"] for one in content.get("categories", []) if one["name"] == chosen}
