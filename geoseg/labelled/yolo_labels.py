"""YOLO's text files as labels of separate images."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.coco.document import Annotation
from geoseg.coco.segmentation import outlines
from geoseg.errors import DatasetError, UsageError
from geoseg.files.matching import match_files
from geoseg.labelled.drawn import Labelled, draw, require_category, require_clear
from geoseg.labelled.yolo import YoloObject, class_names, label_files, read_objects
from geoseg.languages.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence


class YoloLabels:
    """Text files by image."""

    blobs = False

    def __init__(self, labels: Path, category: str | None) -> None:
        self._labels = labels
        self._wanted = category
        self._names = class_names(labels)
        self._objects: dict[Path, list[YoloObject]] = {}

    def choose(self, images: Sequence[Path], found: Counter[str]) -> list[Path]:
        """The images that have a text file; an empty one says that there is no building."""
        files = self._files(images)
        if self._labels in files and len(images) == 1:
            numbers = {0: 0}
        else:
            matches = match_files([str(path) for path in images], [str(path) for path in files])
            require_clear(matches, images, files, "label file")
            numbers = matches.files
        if not numbers:
            raise DatasetError(
                f"of {counted(len(images), 'image')} none has a text file of the same name in "
                f"{self._labels}; give the folder of the labels that belong to them"
            )
        read = {images[number]: read_objects(files[file]) for number, file in numbers.items()}
        self._objects = self._chosen(read)
        found.update(images_unlisted=len(images) - len(read), labels_unused=len(files) - len(read))
        return [image for image in images if image in read]

    def _files(self, images: Sequence[Path]) -> list[Path]:
        if self._labels.is_dir():
            return label_files(self._labels)
        if self._labels.suffix.lower() == ".txt":
            return [self._labels]
        # A data.yaml: labels lie where Ultralytics looks for them.
        folders = {_beside(image.absolute().parent) for image in images}
        return [
            file for folder in sorted(folders) if folder.is_dir() for file in label_files(folder)
        ]

    def _chosen(self, read: dict[Path, list[YoloObject]]) -> dict[Path, list[YoloObject]]:
        """The objects that mean buildings.

        Raises:
            UsageError: The class is not there, or there are several and none is named.
            DatasetError: All of them are boxes.
        """
        objects = [one for several in read.values() for one in several]
        used = sorted({self._name(one) for one in objects})
        if self._wanted is not None and self._wanted not in used:
            raise UsageError(
                f"{self._labels.name} has no object of the category {self._wanted!r}; it has "
                f"{', '.join(used) or 'none at all'}"
            )
        require_category(used, self._wanted, self._labels.name)
        chosen = {
            image: [one for one in several if self._wanted in {None, self._name(one)}]
            for image, several in read.items()
        }
        kept = [one for several in chosen.values() for one in several]
        if kept and all(one.box for one in kept):
            raise DatasetError(
                f"{self._labels.name}: all {len(kept)} objects are boxes, and a box is no outline of "
                "a building; export outlines (YOLO segmentation), COCO or masks"
            )
        return chosen

    def _name(self, one: YoloObject) -> str:
        return self._names.get(one.number, str(one.number))

    def size_of(self, image: Path) -> None:  # noqa: ARG002 - the protocol's
        """Parts of a side fit any size."""
        return

    def of(
        self, image: Path, shape: tuple[int, int], gsd_m: float, found: Counter[str]
    ) -> Labelled:
        """The labels of one image; adds to ``found``."""
        objects = self._objects[image]
        drawn = outlines(_annotations(objects, shape), shape)
        found.update(drawn.counts)
        found["features"] += len(objects)
        return draw([one for _, one in drawn.buildings], drawn.unknown, shape, gsd_m, found)


def _beside(folder: Path) -> Path:
    """The folder of labels of a folder of images: the last ``images`` becomes ``labels``."""
    parts = list(folder.parts)
    for place in range(len(parts) - 1, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            return Path(*parts)
    return folder


def _annotations(objects: Sequence[YoloObject], shape: tuple[int, int]) -> list[Annotation]:
    """The same as COCO has it, in pixels."""
    side = np.array([shape[1], shape[0]], np.float64)  # x, y
    return [_annotation(number, one, one.corners * side) for number, one in enumerate(objects)]


def _annotation(number: int, one: YoloObject, corners: np.ndarray) -> Annotation:
    left, top, right, bottom = shapely.MultiPoint(corners).bounds
    return Annotation(
        place=number,
        key=number + 1,
        image=None,
        category=str(one.number),
        segmentation=None if one.box else [corners.ravel().tolist()],
        box=(left, top, right - left, bottom - top) if one.box else None,
        crowd=False,
        score=None,
        building_id=None,
    )
