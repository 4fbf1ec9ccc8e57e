"""Labels of separate images, whatever file they come from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import shapely

from geoseg.errors import DatasetError, UsageError
from geoseg.files.matching import Matches
from geoseg.labelled.burn import PolygonIndex
from geoseg.labelled.repair import TINY_M2, repair
from geoseg.types import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels of one image."""

    numbers: NDArray[np.uint16]
    """(height, width), 0 background."""
    unknown: NDArray[np.bool_]
    """(height, width), True where the labels themselves say that nobody knows."""
    twice: NDArray[np.bool_]
    """(height, width), True where two or more labels lie."""


class ImageLabels(Protocol):
    """Labels of separate images, of any kind."""

    @property
    def blobs(self) -> bool:
        """True when touching buildings are one blob; known once images are chosen."""

    def choose(self, images: Sequence[Path], found: Counter[str]) -> list[Path]:
        """The images that have labels; adds to ``found``."""

    def size_of(self, image: Path) -> tuple[int, int] | None:
        """Height and width that the labels take the image to have; None: they do not say."""

    def of(
        self, image: Path, shape: tuple[int, int], gsd_m: float, found: Counter[str]
    ) -> Labelled:
        """The labels of one of the chosen images; adds to ``found``."""


def draw(
    buildings: Sequence[shapely.Geometry],
    unknown: Sequence[shapely.Geometry],
    shape: tuple[int, int],
    gsd_m: float,
    found: Counter[str],
) -> Labelled:
    """Polygons in pixels, valid and within the image, as labels.

    Args:
        buildings: One or more parts each.
        unknown: Ground of which nobody knows.
        shape: Height and width of the image.
        gsd_m: Its pixel size.
        found: Counts of what was found in the labels; added to.
    """
    window = Window(0, 0, *shape)
    repaired = repair(_array(buildings))
    polygons = PolygonIndex.of(repaired.polygons)
    numbers = polygons.labels(window)
    drawn = int(np.count_nonzero(np.bincount(numbers.ravel())[1:]))
    found.update(repaired.counts)
    found.update(
        tiny=int((shapely.area(polygons.polygons) * gsd_m**2 < TINY_M2).sum()),
        without_pixels=len(polygons.polygons) - drawn,
    )
    nowhere = PolygonIndex.of(_array(unknown)).covered(window)
    return Labelled(numbers, nowhere, polygons.covered(window, times=2))


def _array(shapes: Sequence[shapely.Geometry]) -> NDArray[np.object_]:
    """One-dimensional, whatever it holds."""
    array: NDArray[np.object_] = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return array


def require_clear(
    matches: Matches, images: Sequence[Path], labels: Sequence[Path], kind: str
) -> None:
    """Refuse images that several files fit, and files that several images fit.

    Args:
        matches: Images to files of labels.
        images: What was matched.
        labels: To what.
        kind: How messages name the labels: "mask".

    Raises:
        DatasetError: There is one.
    """
    for file, numbers in matches.shared.items():
        named = ", ".join(str(images[one]) for one in numbers[:3])
        raise DatasetError(
            f"{len(numbers)} images have one {kind}, {labels[file].name}: {named}; give every image "
            f"a name and a {kind} of its own, or leave all but one of them out"
        )
    for number, files in matches.ambiguous.items():
        named = " and ".join(str(labels[file]) for file in files[:3])
        raise DatasetError(
            f"{images[number].name} may have the {kind}s {named}; leave one of them out"
        )


def require_category(used: Sequence[str], wanted: str | None, name: str) -> None:
    """Refuse labels of several categories where none is chosen.

    Raises:
        UsageError: There are several.
    """
    if wanted is None and len(used) > 1:
        raise UsageError(
            f"{name} has annotations of several categories ({', '.join(used)}); "
            "name the one that means buildings with --category"
        )
