"""COCO annotations as labels of separate images, or of rasters that have a place."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.addresses.urls import unfolded
from geoseg.coco.document import Annotation, Document, Key, Listed, load_coco
from geoseg.coco.images import find_rasters, read_images
from geoseg.coco.read import OnGround, on_ground
from geoseg.coco.segmentation import outlines
from geoseg.errors import DatasetError
from geoseg.labelled.drawn import Labelled, draw, require_category
from geoseg.languages.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence


def coco_on_ground(path: Path, rasters: Sequence[Path], category: str | None) -> OnGround:
    """The annotations as polygons on the ground, where all images have a place."""
    document = load_coco(path)
    annotations = _of_buildings(document, category)
    return on_ground(document, read_images(list(rasters)), annotations)


class CocoLabels:
    """Annotations by image."""

    blobs = False

    def __init__(self, path: Path, category: str | None) -> None:
        self._document = load_coco(path)
        self._annotations: dict[Key | None, list[Annotation]] = defaultdict(list)
        for one in _of_buildings(self._document, category):
            self._annotations[one.image].append(one)
        self._entries: dict[Path, Listed] = {}

    def choose(self, images: Sequence[Path], found: Counter[str]) -> list[Path]:
        """The images that the file lists; the others are counted."""
        document = self._document
        numbers, renamed = find_rasters(document, [unfolded(image) for image in images])
        missing = [entry.file_name for entry in document.images if entry.key not in numbers]
        if missing:
            raise DatasetError(
                f"{document.path.name} lists {counted(len(missing), 'image')} that cannot be found, such as "
                f"{missing[0]}; give their folder, or remove them from the file"
            )
        self._entries = {images[numbers[entry.key]]: entry for entry in document.images}
        found.update(document.counts)
        found.update(images_unlisted=len(images) - len(self._entries), images_renamed=renamed)
        return [image for image in images if image in self._entries]

    def size_of(self, image: Path) -> tuple[int, int]:
        """What the file says."""
        return self._entries[image].height, self._entries[image].width

    def of(
        self, image: Path, shape: tuple[int, int], gsd_m: float, found: Counter[str]
    ) -> Labelled:
        """The labels of one image; adds to ``found``."""
        if self.size_of(image) != shape:
            height, width = self.size_of(image)
            raise DatasetError(
                f"{image.name} has {shape[0]} x {shape[1]} pixels, {self._document.path.name} says "
                f"{height} x {width}; they belong together no more"
            )
        annotations = self._annotations[self._entries[image].key]
        drawn = outlines(annotations, shape)
        found.update(drawn.counts)
        found["features"] += len(annotations)
        return draw([one for _, one in drawn.buildings], drawn.unknown, shape, gsd_m, found)


def _of_buildings(document: Document, category: str | None) -> tuple[Annotation, ...]:
    """The annotations that mean buildings.

    Raises:
        UsageError: The category is not there, or there are several and none is named.
        DatasetError: None of them has an outline of its own.
    """
    require_category(document.categories, category, document.path.name)
    chosen = document.of_category(category)
    if chosen and all(one.box_alone or one.crowd for one in chosen):
        raise DatasetError(
            f"{document.path.name}: all {len(chosen)} annotations are boxes or crowds (iscrowd), and "
            "neither is the outline of a building; export polygons or masks of single buildings"
        )
    return chosen
